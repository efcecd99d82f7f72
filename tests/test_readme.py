"""The README's Python runs as it stands, and its table of rooms is true."""

import re
from pathlib import Path

import pushforward as pf

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_library_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert names["log_p"].shape == (1000,)
    assert names["new"].shape == (100, 2)
    assert len(names["steps"]) == 7
    assert (tmp_path / "model" / "model.safetensors").exists()
    assert names["density"].score_samples(names["X"]).shape == (1000,)
    assert set(names["labels"]) == {-1, 1}


def test_the_first_example_has_ten_lines():
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block is not None
    assert len([line for line in block[1].splitlines() if line.strip()]) == 10


def test_every_name_in_the_table_exists():
    rows = re.findall(r"^\| `(pf\.\w+)`.*?\| (.*) \|$", README, re.MULTILINE)
    assert rows
    for room, names in rows:
        module = getattr(pf, room.removeprefix("pf."))
        if hasattr(module, "__path__"):
            for name in re.findall(r"`(\w+)`", names):
                assert hasattr(module, name), (room, name)
