"""What kind of number a column holds: counted, rounded, real, positive, an angle, a code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pushforward.schema.column import Column
from pushforward.schema.doubts import ask_of_values, names_a_row
from pushforward.schema.facts import LARGEST, NumberFacts, floats
from pushforward.schema.grid import FINER, MOST_CELLS, STEPS, coarsest, converted
from pushforward.schema.numbers import read_numbers
from pushforward.schema.remarks import Remarks
from pushforward.schema.tally import Tally
from pushforward.schema.turns import ask_of_turns, turn
from pushforward.text import excerpt, refusal

EXACT = 2.0**53  # up to here every integer is a float64
NEAR = 0.05  # a least value so near to 0, in ranges, says that 0 is a bound
UNIQUE, ENOUGH, COUNTED = 0.95, 50, 10
FEW = 100  # rows in which ties cannot be told from chance
TIED = 4  # rows to a value, on average, of a column whose rounding matters


def choose_number(tally: Tally, plain: bool, shared: dict[str, Any], remarks: Remarks) -> Column:
    """The column of a tally whose cells are all numbers; arguments as of `choose`.

    A lower bound is set at 0 alone, where no value is negative and the least is near it: a bound
    that is too tight would make new rows impossible.

    Raises:
        DataError: a number beyond ±1e30.

    Example:
        >>> tally = Tally("n", pa.float64(), na=[], decimal=".")
        >>> tally.add(pa.array([0.1, 0.25, 7.0, -3.05]))
        >>> column = choose_number(tally, False, {"name": "n"}, Remarks())
        >>> column.kind, column.step
        ('rounded', 0.01)
    """
    facts, values, counts = _facts(tally), *_values(tally)
    if max(abs(facts.low), abs(facts.high)) > LARGEST:
        raise refusal(
            f"column {excerpt(tally.name)}",
            "it holds a number beyond ±1e30; rescale it, or leave out the row.",
        )
    step = _step(facts, values, counts)
    _write(tally, plain, step, shared, remarks)
    why = _identifies(tally, facts, step)
    if why is not None:
        return Column(kind="identifier", why=why, **shared)
    if len(values) == 1 and not tally.missing:
        return Column(kind="constant", value=str(tally.cells[0].as_py()), **shared)
    if len(values) == 2 and set(pc.cast(tally.cells, pa.string()).to_pylist()) == {"0", "1"}:
        remarks.note(tally.name, "holds 0 and 1 alone: it is taken as no and yes.")
        return Column(kind="boolean", levels=["0", "1"], **shared)
    ask_of_values(tally, values, counts, step, remarks)
    counted = step is not None and (facts.high - facts.low) / step < MOST_CELLS
    rows = int(tally.counts.sum())
    tied = rows < FEW or TIED * len(values) <= rows
    if counted and (step == 1 or tied):  # else ties are chance: a density
        ask_of_turns(tally.name, facts.low, facts.high, remarks)
        assert step is not None
        if step not in (*STEPS, *FINER):
            remarks.note(tally.name, f"holds whole multiples of {step:g} alone: a converted unit.")
        return _grid(facts, step, shared)
    if step is not None and not counted:
        remarks.note(
            tally.name, f"has too many steps of {step:g} to count them: it is taken as real."
        )
    return _real(tally, facts, values, counts, shared | {"step": step}, remarks)


def _facts(tally: Tally) -> NumberFacts:
    assert tally.numbers is not None
    return tally.numbers


def _values(tally: Tally) -> tuple[np.ndarray, np.ndarray]:
    """The different numbers, sorted, and how often each came."""
    if tally.text:
        values, _ = read_numbers(tally.cells, tally.patterns[0])
    else:
        values = floats(tally.cells)
    different, which = np.unique(values + 0.0, return_inverse=True)
    return different, np.bincount(which, tally.counts, len(different))


def _step(facts: NumberFacts, values: np.ndarray, counts: np.ndarray) -> float | None:
    step = coarsest(facts.steps, len(values))
    if step is None and facts.narrow:
        step = coarsest(facts.narrow_steps, len(values))
    if step is None and facts.whole and max(abs(facts.low), abs(facts.high)) < EXACT:
        return 1.0  # too large for a grid to be told from rounding, but all whole
    if step is None or step in FINER:
        return converted(values, counts) or step
    return step


def _write(
    tally: Tally, plain: bool, step: float | None, shared: dict[str, Any], remarks: Remarks
) -> None:
    """How the numbers go back where they came as text."""
    if not tally.text:
        return
    pattern = tally.patterns[0]
    marked = pattern.prefix or pattern.suffix or pattern.thousands or pattern.brackets
    bare = pattern.decimal == "." and not marked
    if bare and plain:
        shared["dtype"] = _plain_type(tally, step)
    else:
        shared["format"] = str(pattern)
    if not bare:
        remarks.note(tally.name, f"holds numbers written as {pattern}.")
    if pattern.brackets and pc.all(pc.starts_with(tally.cells, "(")).as_py():
        remarks.ask(
            tally.name,
            f"holds {excerpt(tally.cells[0].as_py())}, which is taken as below 0, as every cell "
            "is; if the brackets are no sign, make it a category and list its levels.",
        )
    if len(tally.patterns) > 1:
        cell = next(c for c in tally.cells.to_pylist() if "," in c or "." in c)
        value = read_numbers(pa.array([cell]), pattern)[0][0]
        remarks.ask(
            tally.name,
            f"holds {excerpt(cell)}, which is taken as {value:.15g}; if it is not, write "
            f"{tally.patterns[1]} as its format and dtype string.",
        )


def _plain_type(tally: Tally, step: float | None) -> str:
    """The dtype of a CSV's plain numbers: all of their digits find room in it."""
    if tally.patterns[0].most:
        return "float64"
    low, high = _facts(tally).low, _facts(tally).high
    if max(abs(low), abs(high)) < EXACT:
        return "int64" if step == 1 else "float64"
    return "int64" if max(abs(low), abs(high)) < 2.0**63 else "string"


def _identifies(tally: Tally, facts: NumberFacts, step: float | None) -> str | None:
    """Why whole numbers name a row rather than measure it, or None."""
    digits = pa.types.is_integer(tally.value) or (tally.text and tally.patterns[0].most == 0)
    if digits and max(abs(facts.low), abs(facts.high)) >= EXACT:
        return "holds integers beyond 2^53, which float64 would round"
    if step != 1:
        return None
    if facts.counting and tally.rows >= COUNTED and not tally.missing:
        return "counts the rows"
    rows = tally.rows - tally.missing
    unique = tally.many or len(tally.cells) > UNIQUE * rows
    if unique and rows > ENOUGH and names_a_row(tally.name):
        return "is different in nearly every row, and is called an identifier"
    return None


def _near_zero(facts: NumberFacts, least: float) -> bool:
    return 0 <= facts.low <= max(least, NEAR * (facts.high - facts.low))


def _grid(facts: NumberFacts, step: float, shared: dict[str, Any]) -> Column:
    """A column of steps, counted from 0, or from the least value where 0 is far off."""
    far = max(abs(facts.low), abs(facts.high)) / step >= MOST_CELLS
    counting: dict[str, Any] = {
        "origin": round(facts.low / step) * step if far else 0.0,
        "lower": 0.0 if _near_zero(facts, step) else None,
    }
    if step == 1:
        return Column(kind="integer", **counting, **shared)
    return Column(kind="rounded", step=step, **counting, **shared)


def _real(
    tally: Tally,
    facts: NumberFacts,
    values: np.ndarray,
    counts: np.ndarray,
    shared: dict[str, Any],
    remarks: Remarks,
) -> Column:
    around = turn(tally.name, facts.low, facts.high)
    if around is not None:
        low, period = around
        remarks.note(
            tally.name,
            f"is taken as periodic, from {low:g} to {low + period:g}, by its name and range.",
        )
        return Column(kind="periodic", lower=low, period=period, **shared)
    if facts.low > 0 and _skewed(values, counts):
        return Column(kind="positive", **shared)
    if _near_zero(facts, 0.0):
        return Column(kind="bounded", lower=0.0, **shared)
    return Column(kind="real", **shared)


def _skewed(values: np.ndarray, counts: np.ndarray) -> bool:
    """Do positive values spread over orders of magnitude, most of them near 0?"""
    ranks = (np.cumsum(counts) - 0.5 * counts) / counts.sum()
    low, middle, high = np.interp([0.01, 0.5, 0.99], ranks, values)
    return bool(high > 50 * low and high - middle > 3 * (middle - low))
