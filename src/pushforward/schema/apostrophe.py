"""The apostrophe before text that a spreadsheet would calculate: written, and left out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_FORMULA = r"[=+\-@\t\r]"  # how a cell begins that a spreadsheet calculates
_NUMBER = r"^[+-](\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$"


def guarded(cells: Any) -> Any:
    """Text (n) with an apostrophe before what a spreadsheet would calculate; numbers as they are.

    Example:
        >>> guarded(pa.array(["=1+1", "-1.5", "a"])).to_pylist()
        ["'=1+1", '-1.5', 'a']
    """
    risky = pc.match_substring_regex(cells, f"^{_FORMULA}")
    if not pc.any(risky).as_py():
        return cells
    risky = pc.and_(risky, pc.invert(pc.match_substring_regex(cells, _NUMBER)))
    return pc.if_else(risky, pc.binary_join_element_wise("'", cells, ""), cells)


def unguarded(cells: pa.Array, known: Sequence[str] | None = None) -> pa.Array:
    """Text (n) without such an apostrophe.

    Args:
        cells: text.
        known: leave it out only where what follows is one of these, and the whole is not; None for
            everywhere.

    Example:
        >>> unguarded(pa.array(["'=1+1", "'tis"])).to_pylist()
        ['=1+1', "'tis"]
        >>> unguarded(pa.array(["'-a", "'-b"]), known=["-a"]).to_pylist()
        ['-a', "'-b"]
    """
    risky = pc.match_substring_regex(cells, f"^'{_FORMULA}")
    if not pc.any(risky).as_py():
        return cells
    bare = pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(cells, 1))
    if known is not None:
        names = pa.array(known, pa.string())
        whole = pc.is_in(cells, value_set=names)
        risky = pc.and_(risky, pc.and_(pc.is_in(bare, value_set=names), pc.invert(whole)))
    return pc.if_else(risky, bare, cells)
