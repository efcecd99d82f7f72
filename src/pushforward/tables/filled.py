"""Missing cells of a column in place of drawn ones, in the column's own type."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def plain(cells: pa.Array) -> pa.Array:
    """Cells (n) by themselves, not as indices of a dictionary."""
    return cells.dictionary_decode() if pa.types.is_dictionary(cells.type) else cells


def filled(cells: pa.Array, missing: pa.Array, drawn: pa.Array, exact: bool = False) -> pa.Array:
    """Cells (n) in their own type, those that are `missing` (n, booleans) replaced by drawn ones.

    Args:
        exact: refuse a drawn cell that the type cannot hold as it is, where else it is rounded.

    Raises:
        pyarrow.ArrowException: a drawn cell cannot be of that type.

    Example:
        >>> cells, missing = pa.array([7, None]), pa.array([False, True])
        >>> filled(cells, missing, pa.array([1.0, 2.7])).to_pylist()
        [7, 3]
    """
    own, fresh = plain(cells), plain(drawn)
    if not exact and pa.types.is_floating(fresh.type) and pa.types.is_integer(own.type):
        fresh = pc.round(fresh)
    return pc.if_else(missing, pc.cast(fresh, own.type, safe=exact), own)
