"""A numeric table in memory, and whether a density can be fitted to it at all."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pushforward.schema import Schema
from pushforward.tables.words import excerpt, refusal

NARROWEST = 1e-30  # the least spread of a column, as its largest number is 1e30

THINNEST = 1e-12  # a variance, of standardized columns, that is rounding and nothing else


@dataclass(frozen=True)
class NumericTable:
    """Columns of finite numbers.

    Attributes:
        source: where it came from, for messages.
        names: the columns.
        values: float64 (rows, columns), in the units of the file.
        notes: what had to be assumed about the file.
        schema: how its cells became these numbers; None where they are numbers themselves.
    """

    source: str
    names: list[str]
    values: np.ndarray
    notes: list[str] = field(default_factory=list)
    schema: Schema | None = None


def check_trainable(table: NumericTable) -> None:
    """Refuse a table whose likelihood has no maximum: on a line or a plane, density is unbounded.

    Raises:
        DataError: fewer than two rows, a column that is constant or nearly so, or two columns that
            are equal.

    Example:
        >>> check_trainable(NumericTable("t.csv", ["a", "b"], np.array([[1.0, 5.0], [2.0, 5.0]])))
        Traceback (most recent call last):
        pushforward.errors.DataError: t.csv: column 'b' is 5 in every row; leave it out.
    """
    rows = len(table.values)
    if rows < 2:
        raise refusal(
            table.source, f"a flow is fitted to 2 rows or more, and there {_is_are(rows)}."
        )
    seen: dict[int, int] = {}
    for j, name in enumerate(table.names):
        column = table.values[:, j] + 0.0  # contiguous, and minus zero becomes zero
        spread = np.ptp(column)
        if spread == 0:
            raise refusal(
                table.source, f"column {excerpt(name)} is {column[0]:g} in every row; leave it out."
            )
        if spread < NARROWEST:
            raise refusal(
                table.source,
                f"the values of column {excerpt(name)} differ by less than {NARROWEST:g}, which "
                "float32 cannot tell apart; rescale it.",
            )
        twin = seen.setdefault(hash(column.tobytes()), j)
        if twin != j and np.array_equal(column, table.values[:, twin]):
            raise refusal(
                table.source,
                f"columns {excerpt(table.names[twin])} and {excerpt(name)} are equal in every row; "
                "leave one of them out.",
            )


def dependence(table: NumericTable) -> str | None:
    """A sentence where columns follow from each other exactly, else None.

    Their density is then unbounded on the plane that they lie in, so that a fit has no end.

    Example:
        >>> x = np.array([[1.0, 3.0], [2.0, 5.0], [4.0, 9.0]])
        >>> dependence(NumericTable("t.csv", ["a", "b"], x)) is None
        False
    """
    scaled = (table.values - table.values.mean(0)) / table.values.std(0)
    variances = np.linalg.eigvalsh(scaled.T @ scaled / len(scaled))
    if len(scaled) <= scaled.shape[1] or variances[0] > THINNEST:
        return None
    return (
        f"{table.source}: some columns are sums of others, so that their density has no bound and "
        "its NLL only tells how long it was trained; leave one of them out."
    )


def _is_are(rows: int) -> str:
    return "is 1" if rows == 1 else f"are {rows}"
