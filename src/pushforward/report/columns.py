"""What each column is: its kind, its values, and whether it has a density or a probability."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from pushforward.diagnostics.kinds import any_order
from pushforward.pages.page import section, table
from pushforward.pages.words import Html, joined, name, number, paragraph, plural, share, text
from pushforward.report.rows import SEED, Compared
from pushforward.report.shown import is_typed
from pushforward.schema import Column, Schema
from pushforward.schema.kinds import CATEGORIES
from pushforward.tables.model import TableModel

ORDERS = 8  # other orders of the columns
MOST_ROWS = 500  # whose log densities are compared
MOST_LEVELS = 6  # named in the table
KINDS = {
    "real": "real number",
    "positive": "positive number",
    "bounded": "number within bounds",
    "integer": "whole number",
    "rounded": "rounded number",
    "periodic": "number that goes round",
    "boolean": "yes or no",
    "category": "category",
    "ordered": "ordered category",
    "datetime": "date",
    "time": "time of the day",
}


def columns_section(model: TableModel, rows: Compared) -> Html | None:
    """A table of the columns, and those that were left out; None where there is nothing to say."""
    schema = model.schema
    if schema is None or not (is_typed(model) or schema.left_out):
        return None
    parts = []
    if is_typed(model):
        parts = [_units(model), _table(model, schema, rows)]
        told = _orders(model, rows)
        if told is not None:
            parts.append(told)
    if schema.left_out:
        listed = "".join(
            f"<li><b>{name(column)}</b> {text(why)}.</li>" for column, why in schema.left_out
        )
        parts += [Html("<h3>Columns left out of the model</h3>"), Html(f"<ul>{listed}</ul>")]
    return section("What the columns hold", *parts)


def _units(model: TableModel) -> Html:
    dense = [c for c in _columns(model) if not c.mass]
    if not dense:
        told = "Every column has a probability: a row's log density is the log of its probability."
    elif len(dense) == len(model.columns):
        told = "Every column has a density: a row's log density is per unit of each."
    else:
        told = (
            "A row's log density is the sum over its columns, in nats: of some the log of a "
            "density, per unit of the column, of the others the log of a probability, which has no "
            "unit."
        )
    return paragraph(f"{told} A missing cell adds nothing: the row has the density of the rest.")


def _columns(model: TableModel) -> list[Any]:
    layer = any_order(model.flow)
    return [] if layer is None else layer.columns


def _table(model: TableModel, schema: Schema, rows: Compared) -> Html:
    laws = _columns(model) or [None] * len(schema.modelled)
    lines = []
    for j, (column, law) in enumerate(zip(schema.modelled, laws, strict=True)):
        gaps = "" if rows.real is None else share(float(np.isnan(rows.real[:, j]).mean()))
        lines.append(
            Html(
                f"<tr><td>{name(column.name)}</td><td>{text(KINDS[column.kind])}</td>"
                f"<td>{_values(column)}</td><td>{_law(column, law)}</td><td>{gaps}</td></tr>"
            )
        )
    head = ["column", "holds", "values", "counts as", "missing"]
    body = table(head, joined(lines))
    return Html(body.replace('class="scroll"', 'class="scroll told"', 1))


def _values(column: Column) -> Html:
    if column.kind in CATEGORIES:
        levels = column.levels or []
        listed = ", ".join(name(level) for level in levels[:MOST_LEVELS])
        more = len(levels) - MOST_LEVELS
        kept = f"; {share(column.reserve)} kept for others" if column.reserve else ""
        return Html(listed + (f" and {more:,} more" if more > 0 else "") + kept)
    told = []
    if column.kind == "periodic":
        told.append(f"from {column.lower or 0:g}, round after {column.period:g}")
    elif column.floor is not None and column.upper is not None:
        told.append(f"{_number(column.floor)} to {_number(column.upper)}")
    elif column.floor is not None:
        at_least = "above" if column.kind == "positive" and column.lower is None else "at least"
        told.append(f"{at_least} {_number(column.floor)}")
    elif column.upper is not None:
        told.append(f"at most {_number(column.upper)}")
    if column.kind == "datetime":
        told.append(f"counted from {column.origin}, by {_seconds(column.unit)}")
    elif column.kind == "time":
        told.append(f"by {_seconds(column.unit)}")
    elif column.step is not None and column.step != 1:
        told.append(f"steps of {column.step:g}")
    return text(", ".join(told) or "any")


def _number(value: float) -> str:
    return f"{value:,.6g}"


def _seconds(unit: float) -> str:
    """A step of time in words.

    Example:
        >>> _seconds(86400.0), _seconds(7200.0)
        ('1 day', '2 hours')
    """
    for length, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if unit % length == 0:
            return plural(int(unit // length), noun)
    return "1 second" if unit == 1 else f"{unit:g} seconds"


def _law(column: Column, law: Any) -> Html:
    if law is None or not law.mass:
        per = "density"
        if column.kind == "datetime":
            per = f"density, per {_seconds(column.unit)}"
        ends = "" if law is None else " and ".join(_number(end) for end in law.ends)
        return text(f"{per}; at {ends} a probability" if ends else per)
    return text("probability")


@torch.no_grad()
def _orders(model: TableModel, rows: Compared) -> Html | None:
    """How much a row's log density depends on the order in which its columns are taken."""
    layer, real = any_order(model.flow), rows.real
    if layer is None or real is None or layer.features < 2:
        return None
    rng = np.random.default_rng(SEED)
    some = real[rng.permutation(len(real))[:MOST_ROWS]]
    x = model.tensors(some, None)[0]
    own = layer.log_prob(x).double().numpy()
    good = np.isfinite(own)
    if not good.any():
        return None
    orders = [rng.permutation(layer.features).tolist() for _ in range(ORDERS)]
    others = [layer.log_prob(x, order=order).double().numpy()[good] for order in orders]
    scores = np.stack([own[good], *others])
    nll = -scores.mean(1)
    rows_judged = plural(int(good.sum()), "row")
    return paragraph(
        f"Columns may be taken in any order, and the density should not depend on it. In the "
        f"model's own order the NLL of {rows_judged} is {number(float(nll[0]), 3)} "
        f"nats per row, in {ORDERS} others from {number(float(nll[1:].min()), 3)} to "
        f"{number(float(nll[1:].max()), 3)}; from order to order the log density of a row spreads "
        f"by {number(float(np.median(scores.std(0))), 3)} nats (standard deviation, of the median "
        "row)."
    )
