"""What the columns of a judged flow are: numbers, or codes of categories, and with gaps or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pushforward.errors import ConfigurationError
from pushforward.transforms.columns import AnyOrder
from pushforward.transforms.columns.category import Category


@dataclass(frozen=True)
class Kinds:
    """The kinds of d columns.

    Attributes:
        typed: are the columns typed ones, of which some cells may be missing (NaN)?
        levels: of each column the names of its categories, in the order of their codes; empty for
            a column of numbers.
        records: what each column is, as `pushforward.flows.columns` takes it; empty if unknown.
    """

    typed: bool
    levels: tuple[tuple[str, ...], ...]
    records: tuple[dict[str, Any], ...] = ()

    @property
    def category(self) -> np.ndarray:
        """Which columns hold codes of categories, (d) bool."""
        return np.array([bool(names) for names in self.levels], dtype=bool)

    def specs(self, x: np.ndarray) -> list[dict[str, Any]]:
        """`records`, or what rows x (n, d) look like: whole numbers have cells.

        Example:
            >>> Kinds(True, (("a", "b"), ())).specs(np.array([[0.0, 0.5], [1.0, np.nan]]))
            [{'kind': 'category', 'size': 2}, {'kind': 'real'}]
        """
        if self.records:
            return [dict(record) for record in self.records]
        told: list[dict[str, Any]] = []
        for column, levels in zip(x.T, self.levels, strict=True):
            known = column[~np.isnan(column)]
            whole = bool((known == np.round(known)).all())
            told.append(
                {"kind": "category", "size": len(levels)}
                if levels
                else {"kind": "cells" if whole else "real"}
            )
        return told


def any_order(flow: Any) -> AnyOrder | None:
    """The layer of typed columns that a flow consists of; None for any other flow."""
    layers = list(getattr(flow, "transform", None) or ())
    found = layers[0] if len(layers) == 1 else None
    return found if isinstance(found, AnyOrder) else None


def kinds(
    flow: Any, names: Sequence[str], levels: Mapping[str, Sequence[str]] | None = None
) -> Kinds:
    """What the columns of a flow are.

    Args:
        flow: typed columns say themselves which of them are categories.
        names: of the columns (d).
        levels: names of the categories by column, in the order of their codes; of columns that are
            not named, the codes themselves.

    Raises:
        ConfigurationError: levels of a column that there is not, or fewer than it has codes.

    Example:
        >>> from pushforward.flows import columns
        >>> flow = columns(2, [{"kind": "category", "size": 2}, {"kind": "real"}])
        >>> kinds(flow, ["cut", "price"], {"cut": ["Fair", "Good"]}).levels
        (('Fair', 'Good'), ())
    """
    given = {name: tuple(map(str, told)) for name, told in (levels or {}).items()}
    strange = [name for name in given if name not in names]
    if strange:
        raise ConfigurationError(f"levels names {strange[0]!r}, which is no column of the rows.")
    layer = any_order(flow)
    if layer is None:
        typed = bool(getattr(flow, "takes_missing", False)) or bool(given)
        return Kinds(typed, tuple(given.get(name, ()) for name in names))
    found: list[tuple[str, ...]] = []
    for name, column in zip(names, layer.columns, strict=True):
        if not isinstance(column, Category):
            found.append(())
            continue
        told = given.get(name, ())
        if name in given and len(told) != column.levels:
            raise ConfigurationError(
                f"levels has {len(told)} names for {name!r}, which has {column.levels} categories."
            )
        found.append(told or tuple(str(k) for k in range(column.levels)))
    made = (getattr(flow, "made_by", None) or {}).get("arguments", {})
    records = made.get("records") or ()
    return Kinds(True, tuple(found), tuple(records))
