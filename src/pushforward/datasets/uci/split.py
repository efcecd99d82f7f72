"""Rows to learn from, to stop by and to be judged by; and how they are cut and scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Split:
    """One problem's rows, float32 and standardized as published.

    Attributes:
        train, validation, test: (n, d), in the published order.
        notes: in what they are not the published rows, in sentences.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> np.ndarray:
        """Training and validation rows together, (n, d)."""
        import numpy as np

        return np.concatenate([self.train, self.validation])


def cut_tail(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All but the last tenth of the rows, and that tenth, rounded down.

    Example:
        >>> import numpy as np
        >>> [len(part) for part in cut_tail(np.zeros((29, 1)))]
        [27, 2]
    """
    tenth = int(0.1 * len(rows))
    return rows[: len(rows) - tenth], rows[len(rows) - tenth :]


def made(known: np.ndarray, test: np.ndarray, notes: tuple[str, ...] = ()) -> Split:
    """The last tenth of `known` becomes the validation rows; everything float32."""
    train, validation = cut_tail(known)
    train, validation, test = (part.astype("float32") for part in (train, validation, test))
    return Split(train, validation, test, notes)


def standardized(known: np.ndarray, test: np.ndarray, ddof: int = 0) -> Split:
    """Both scaled by the means and deviations of `known`."""
    centre, scale = known.mean(0), known.std(0, ddof=ddof)
    return made((known - centre) / scale, (test - centre) / scale)


def smallest_recurs(column: np.ndarray, often: int = 5) -> bool:
    """Does the smallest value of a column stand there more than so many times?

    The rule by which the release drops columns that are partly discrete. (It was meant for the
    most frequent value; the published figures are of what it does.)

    Example:
        >>> import numpy as np
        >>> low, high = [0.0] * 6 + [1.0], [0.0] + [1.0] * 6
        >>> smallest_recurs(np.array(low)), smallest_recurs(np.array(high))
        (True, False)
    """
    return int((column == column.min()).sum()) > often
