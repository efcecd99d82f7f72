"""The head of a report: what was fitted, and how well it does beside plainer models."""

from __future__ import annotations

import math
from typing import Any

from pushforward.pages.page import table
from pushforward.pages.words import Html, joined, name, names, number, paragraph, plural, text
from pushforward.report.shown import is_typed
from pushforward.storage.words import SHOWN_APART, arguments_in_words, tried_rows
from pushforward.tables.model import TableModel

KINDS = {
    "exact": "Its log densities are exact: closed form, up to rounding.",
    "numerical": "Its log densities are numerical: a root or an integral, found to a tolerance.",
    "estimate": "Its log densities are estimates: each carries the noise of sampling.",
    "bound": "Its log densities are lower bounds: the true ones are as large or larger.",
}


def summary(model: TableModel) -> Html:
    """What was fitted to what, in a few plain sentences."""
    training, flow = model.training, model.flow
    recipe = (flow.made_by or {}).get("recipe", type(flow).__name__)
    given = f", given {names(model.context)}" if model.context else ""
    modelled = f"{plural(len(model.columns), 'column')} ({names(model.columns)}){given}"
    rows = training.get("rows")
    fitted = f"fitted by maximum likelihood to {plural(rows, 'row')}" if rows else "fitted"
    aside = training.get("heldout_rows")
    judged = f"; {plural(aside, 'more row')} were held out to judge it" if aside else ""
    return paragraph(
        f"A normalizing flow (<b>{name(recipe)}</b>) of {modelled}, {fitted}{judged}.",
        KINDS[flow.kind],
    )


def figures(model: TableModel) -> Html:
    """The held-out figures of the flow and of plainer models, and what they come to in words."""
    rows = model.figures.get("models") or []
    if not rows:
        return paragraph("No held-out figures were computed for this model.", kind="soft")
    told = paragraph(
        f"Held-out negative log likelihood (NLL) on {plural(int(model.figures['rows']), 'row')}, "
        "in nats per row; smaller is better. It may be negative, and that is no error: a density "
        "may exceed one.",
        "Of typed columns it is part the log of a density, part that of a probability; the last "
        "column takes the unit of those with a density as one deviation."
        if is_typed(model)
        else None,
    )
    head = ["model", "NLL", "standard error", "NLL, columns standardized"]
    body = joined(_row(row, first=k == 0) for k, row in enumerate(rows))
    return joined([told, table(head, body), _verdict(rows)])


def _row(row: dict[str, Any], first: bool) -> Html:
    cells = "".join(f"<td>{number(row.get(k), 3)}</td>" for k in ("nll", "error", "standardized"))
    opening = '<tr class="first">' if first else "<tr>"
    return Html(f"{opening}<td>{name(row.get('name', ''))}</td>{cells}</tr>")


def _verdict(rows: list[dict[str, Any]]) -> Html:
    """The flow (the first row) against the best of the others, in a sentence."""
    known = [r for r in rows if math.isfinite(r.get("nll") or math.nan)]
    if len(known) < 2 or known[0] is not rows[0]:
        return Html("")
    best = min(known[1:], key=lambda r: r["nll"])
    gain = best["nll"] - rows[0]["nll"]
    side = "below" if gain > 0 else "above"
    return paragraph(
        f"The flow's NLL is <b>{number(abs(gain), 2)} nats per row {side}</b> that of the best "
        f"other: {name(best['name'])}.",
        None if gain > 0 else "So far the plainer model is the better one: train the flow longer.",
    )


def making(model: TableModel) -> Html:
    """How it was made, for whoever wants to make it again."""
    facts = {k: v for k, v in model.training.items() if k not in SHOWN_APART}
    tried = {f"{n}": f"NLL {v:.4f}, weight {w:.3f}" for n, v, w, *_ in tried_rows(model.training)}
    made_by = model.flow.made_by or {"arguments": {}}
    members = made_by["arguments"].get("members")
    told = ("members", "records")  # said in other words, or in the table of columns
    groups = {
        "Fit": facts,
        "Tried": tried,
        "Settings": dict(model.training.get("settings") or {}),
        "Flow": {
            **{k: v for k, v in made_by["arguments"].items() if k not in told},
            **({"members": arguments_in_words({"": members})[1:]} if members else {}),
            "parameters": f"{sum(p.numel() for p in model.flow.parameters()):,}",
        },
    }
    lists = "".join(f"<h3>{title}</h3>{_facts(group)}" for title, group in groups.items() if group)
    return Html(f"<details><summary>How it was made</summary>{lists}</details>")


def _facts(group: dict[str, Any]) -> Html:
    said = {k.replace("_", " "): "none" if v is None else v for k, v in group.items()}
    rows = "".join(f"<dt>{name(key)}</dt><dd>{text(value)}</dd>" for key, value in said.items())
    return Html(f"<dl>{rows}</dl>")
