"""Text that came from a file or a path, as a terminal or a sentence may show it."""

from __future__ import annotations

LONGEST_EXCERPT = 40


def visible(text: object) -> str:
    r"""Write control characters (ESC, newline, NUL, …) as Python would, and the rest as it is.

    Example:
        >>> print(visible("caf\u00e9\x1b[31m\n"))
        café\x1b[31m\n
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def excerpt(value: object) -> str:
    """A value in quotes, escaped and shortened.

    Example:
        >>> print(excerpt("x" * 100))
        'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'
    """
    text = str(value)
    cut = text[:LONGEST_EXCERPT]
    return f"'{visible(cut)}{'…' if len(cut) < len(text) else ''}'"
