"""`build`: the whole report as one HTML page, and `write`: that page to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pushforward import files
from pushforward.pages.page import page
from pushforward.pages.words import Html
from pushforward.report.columns import columns_section
from pushforward.report.curves import training_section
from pushforward.report.density import density_section
from pushforward.report.examine import Examined, examine
from pushforward.report.heading import figures, making, summary
from pushforward.report.latents import latents_section
from pushforward.report.marginals import marginals_section
from pushforward.report.pairs import pairs_section
from pushforward.report.rows import gather
from pushforward.report.shown import shown
from pushforward.report.trust import trust_section
from pushforward.tables.model import TableModel
from pushforward.tables.table import NumericTable

KEY = Html(
    '<ul class="key"><li><i class="real"></i>real rows, x</li>'
    '<li><i class="sampled"></i>samples of the flow, x</li>'
    '<li><i class="latent"></i>latents, z</li>'
    '<li><i class="density"></i>log density</li></ul>'
)


def build(
    model: TableModel,
    history: list[dict[str, Any]],
    table: NumericTable | None = None,
    title: str = "A normalizing flow of a table",
    *,
    examined: Examined | None = None,
    show_rows: bool = False,
) -> str:
    """A report on a fitted table model: one HTML page that needs nothing else.

    Pictures are embedded; there is no script and nothing is fetched. Rows of the table appear in
    histograms and densities, and by number; as values only with `show_rows`. With the table that
    was fitted, its held-out rows are found again and shown; any other table is shown whole and
    called new.

    Args:
        model: a fitted table model.
        history: of its fit (`FitResult.history`); may be empty.
        table: real rows to compare with; without one, only samples and held-out scores are shown.
        title: plain text.
        examined: what `examine` found of this model and table, where that is known already.
        show_rows: print the values to blame in the least likely rows.

    Returns:
        The page, as text to be written in UTF-8.

    Raises:
        DataError: the table lacks a column of the model.

    Example:
        >>> import numpy as np
        >>> from pushforward.tables import NumericTable
        >>> from pushforward.tables.fitting import Request, fit_table
        >>> values = np.random.default_rng(0).normal(size=(60, 1))
        >>> table = NumericTable("t.csv", ["a"], values)
        >>> arguments = {"layers": 1, "hidden": [4]}
        >>> model, result = fit_table(table, Request("nsf", epochs=1, arguments=arguments))
        >>> html = build(model, result.history, table)
        >>> html.startswith("<!DOCTYPE html>"), "<script" in html
        (True, False)
    """
    rows = gather(model, table)
    examined = examined or examine(model, table)
    private = "" if show_rows else " No row of the table is shown by its values."
    columns = shown(model)
    sections: list[Html | None] = [
        summary(model),
        figures(model),
        trust_section(examined, show_rows),
        columns_section(model, rows),
        KEY,
        training_section(history),
        marginals_section(columns, rows),
        pairs_section(columns, rows),
        latents_section(model, rows),
        density_section(model, rows),
        making(model),
        Html(f"<footer>Made by pushforward.{private}</footer>"),
    ]
    return page(title, [part for part in sections if part is not None])


def write(path: str | Path, html: str, force: bool = True) -> None:
    """Write a page whole or not at all.

    Raises:
        DataError: the file exists and `force` is False, or it cannot be written.
    """
    files.write_text(path, html, force)
