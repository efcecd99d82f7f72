"""One file a kind of fault: TITLE, LEAD (what is done, in prose), and `run() -> list[Line]`."""
