"""What the command lines of the benchmarks share: lists of names, and lines of progress."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """A line of progress, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def names(text: str, known: tuple[str, ...], what: str) -> list[str]:
    """A list with commas, in the order of `known`; a method's name may have a comma in it."""
    rest, found = text, []
    for name in sorted(known, key=len, reverse=True):
        if f",{name}," in f",{rest},":
            found.append(name)
            rest = f",{rest},".replace(f",{name},", ",").strip(",")
    if rest:
        raise SystemExit(f"{rest}: no such {what}; there are {', '.join(known)}")
    return [name for name in known if name in found]
