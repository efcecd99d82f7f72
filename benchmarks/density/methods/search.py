"""Choosing one setting by the validation rows, with as few fits as an ordered list allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

FALLS = 2  # in a row: then what follows is not tried


def best(
    values: Sequence[float], score: Callable[[float], float]
) -> tuple[float, dict[str, float]]:
    """The value with the highest score, and the scores of all that were tried.

    Ends where the score has fallen twice in a row, or where a value cannot be fitted.

    Example:
        >>> best([1, 2, 3, 4, 5, 6], lambda v: -((v - 2) ** 2))
        (2, {'1': -1, '2': 0, '3': -1, '4': -4})
    """
    tried: dict[str, float] = {}
    found, top, last, falls = values[0], float("-inf"), float("-inf"), 0
    for value in values:
        try:
            here = score(value)
        except ValueError:  # more components than the rows can tell apart
            break
        tried[f"{value:g}"] = here
        falls = falls + 1 if here < last else 0
        last = here
        if here > top:
            found, top = value, here
        if falls == FALLS:
            break
    return found, tried
