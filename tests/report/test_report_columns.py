"""The page of typed columns: what they hold, bars of categories, cells as the table has them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pushforward import report
from pushforward.report.examine import examine
from pushforward.tables import NumericTable, read_typed
from pushforward.tables.fitting import Request, fit_table
from pushforward.tables.model import TableModel

from .test_report_build import words


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> tuple[TableModel, NumericTable]:
    """A category, a count and a price, a seventh of the cells missing; 120 rows held out."""
    rng = np.random.default_rng(0)
    lines = ["id,cut,count,price,unit"]
    for i in range(1200):
        k = int(rng.integers(3))
        cells = [
            ("Fair", "Good", "<b>Ideal")[k],
            str(rng.poisson(1 + 3 * k)),
            f"{rng.normal():.6f}",
        ]
        shown = [cell if rng.random() > 1 / 7 else "" for cell in cells]
        lines.append(",".join([f"A{i:05d}", *shown, "cm"]))
    path = Path(tmp_path_factory.mktemp("typed")) / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    table = read_typed(path)
    return fit_table(table, Request(epochs=1))[0], table


def test_the_page_says_what_the_columns_hold(typed: tuple[TableModel, NumericTable]) -> None:
    model, table = typed
    examined = examine(model, table)
    html = report.build(model, [], table, examined=examined, show_rows=True)
    told = words(html)
    for part in (
        "What the columns hold",
        "Columns left out of the model",
        "is 'cm' in every row",
        "counts as",
        "Columns may be taken in any order",
        "Total variation",
        "columns by themselves",
        "of the cells are missing",
    ):
        assert part in told
    assert "Its two terms" not in told  # such a model is scored without latents
    assert "<b>Ideal" in told  # escaped on the page
    assert "<b>Ideal" not in html


def test_cells_are_told_as_the_table_has_them(typed: tuple[TableModel, NumericTable]) -> None:
    found = examine(*typed)
    assert found.diagnosis is not None
    assert found.cells is not None
    assert set(found.cells["cut"]) <= {"Fair", "Good", "<b>Ideal", None}
    assert found.diagnosis.inverse is not None
    assert found.diagnosis.inverse < 1e-2
    assert "<b>Ideal" not in json.dumps(found.to_dict()["least_likely"])
