"""The catalogue of data sets, tables and images, and loading a table by name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pushforward.datasets import (
    diamonds,
    digits8,
    fashion_mnist,
    gaia,
    hipparcos,
    keel,
    mnist,
    nycflights,
    posteriors,
    sklearn_tables,
)
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.image_set import ImageSet
from pushforward.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SOURCES = (
    *(gaia, hipparcos, keel, diamonds, nycflights, posteriors, sklearn_tables),
    *(mnist, fashion_mnist, digits8),
)


def catalogue() -> dict[str, Dataset | ImageSet]:
    """All data sets by name, each with its summary, source and licence; nothing is fetched.

    Returns:
        A `Dataset` for each table, and an `ImageSet` for each set of images.

    Example:
        >>> catalogue()["gaia"].licence
        'CC BY-SA 3.0 IGO (ESA/Gaia/DPAC)'
    """
    entries: list[Dataset | ImageSet] = []
    for source in _SOURCES:
        entries.extend(source.ENTRIES)
    return {entry.name: entry for entry in entries}


def find(name: str) -> Dataset | ImageSet:
    """The data set called `name`; nothing is fetched.

    Raises:
        DataError: there is none; the message gives the nearest spelling.

    Example:
        >>> find("iris").rows
        150
        >>> find("magik")
        Traceback (most recent call last):
        pushforward.errors.DataError: no data set is named 'magik'; did you mean 'magic'?
    """
    known = catalogue()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
    raise DataError(f"no data set is named {name!r}; {hint}")


def load(name: str, rows: int | None = None, seed: int = 0) -> pa.Table:
    """The table called `name`, fetched by package name, checked and cached where it must be.

    Args:
        name: a table of `catalogue()`; images are read by `pushforward.images.read_images`.
        rows: how many rows to draw at random, without replacement; None for the whole table in
            its published order. With one seed, a smaller draw is the beginning of a larger one.
        seed: of the draw, and of nothing else.

    Returns:
        A table of float64 columns, text for those in the data set's `categories`. Tables of mixed
        types (`diamonds_graded`, `nycflights`) have whole numbers, ordered categories, timestamps
        and nulls as well. For source and licence see `find(name)`.

    Raises:
        DataError: an unknown name, that of images, more rows than it has (or none), a negative
            seed, or a package that cannot be fetched or is not what it should be.

    Example:
        >>> load("wine", rows=5, seed=1).shape
        (5, 13)
    """
    dataset = find(name)
    if isinstance(dataset, ImageSet):
        raise DataError(
            f"{name} is a set of images, not a table; read it with pushforward.images.read_images, "
            f"or write it to a file with `pushforward data get {name}`."
        )
    if rows is not None and not 1 <= rows <= dataset.rows:
        raise DataError(f"{name} has {dataset.rows:,} rows; {rows:,} were asked for.")
    if seed < 0:
        raise DataError(f"the seed is {seed}; give 0 or a greater whole number.")
    table = dataset.read()
    return table if rows is None else _draw(table, rows, seed)


def _draw(table: pa.Table, rows: int, seed: int) -> pa.Table:
    import numpy as np

    return table.take(np.random.default_rng(seed).permutation(table.num_rows)[:rows])
