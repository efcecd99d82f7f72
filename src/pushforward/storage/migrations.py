"""Older layouts of `config.json`, brought to the present one step by step.

A field that is added, with a default that says what models had before, needs no step: so came
`table.typed` and `images` (None: models had neither) and a table's `context` (none), all within
format 1. A step is for a field that is renamed, moved or given another meaning. It takes the record
as JSON has it and gives a new one of the next format; it never changes the record that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Record = dict[str, Any]
Step = Callable[[Record], Record]

STEPS: tuple[Step, ...] = ()  # the first leads from format 1 to format 2, and so on
FORMAT = len(STEPS) + 1  # that is written


def migrated(record: Record, steps: Sequence[Step] = STEPS) -> Record:
    """A record of any format up to the last, in the last.

    Args:
        record: a parsed config; without a format, it is of the first.
        steps: the ways from each format to the next.

    Example:
        >>> renamed = lambda old: {"recipe": old["flow"]}
        >>> migrated({"format": 1, "flow": "maf"}, [renamed])
        {'recipe': 'maf', 'format': 2}
    """
    number = record.get("format", 1)
    if not isinstance(number, int) or not 1 <= number <= len(steps) + 1:
        return record  # of no format that there is: whoever validates it says so
    for step in steps[number - 1 :]:
        number += 1
        record = step(record) | {"format": number}
    return record
