"""Text that came from a file or a path, as a terminal or a sentence may show it."""

from __future__ import annotations


def visible(text: object) -> str:
    r"""Write control characters (ESC, newline, NUL, …) as Python would, and the rest as it is.

    Example:
        >>> print(visible("caf\u00e9\x1b[31m\n"))
        café\x1b[31m\n
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))
