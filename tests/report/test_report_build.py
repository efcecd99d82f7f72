"""A report builds for every kind of model, says what it shows, and stays one quiet file."""

from __future__ import annotations

import ast
import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

from pushforward import report
from pushforward.errors import DataError
from pushforward.report.rows import gather
from pushforward.tables import NumericTable

from .conftest import HOSTILE, Fitted, fitted, normal_rows

VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Collects tags, attributes and text; every tag that is opened must be closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> Reader:
    """Parse a page and check what holds for every page."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(reader.tags)
    for name, value in reader.attributes:
        assert not name.startswith("on"), name
        assert name not in {"style", "href", "srcset"}, name
        assert name != "src" or value.startswith(("data:image/svg+xml;base64,", "data:image/png;"))
    alternatives = [value for name, value in reader.attributes if name == "alt"]
    assert len(alternatives) == reader.tags.count("img")
    assert all(alternatives)
    assert len(html.encode("utf-8")) < 3_000_000
    assert "\x1b" not in html
    for picture in re.findall(r"svg\+xml;base64,([A-Za-z0-9+/=]+)", html):
        assert b"<script" not in base64.b64decode(picture)
    return reader


def words(html: str) -> str:
    """The text of a page, without its style sheet."""
    return re.sub(
        r"\s+", " ", "".join(read(re.sub(r"<style>.*?</style>", "", html, flags=re.S)).text)
    )


def test_with_its_own_table_it_shows_the_held_out_rows(plain: Fitted) -> None:
    html = report.build(plain.model, plain.history, plain.table)
    told = words(html)
    assert "Real rows are the 80 rows of t.csv that were held out" in told
    assert "2 columns (a, b), fitted by maximum likelihood to 720 rows; 80 more rows" in told
    assert "exact: closed form" in told
    assert "KS distance" in told
    assert "http:" not in html
    assert "https:" not in html


def test_the_own_table_is_known_again_among_further_columns(conditional: Fitted) -> None:
    table = conditional.table
    more = NumericTable("v.csv", ["z", *table.names], np.c_[table.values[:, 0], table.values])
    known = gather(conditional.model, more)
    assert "held out: the fit never saw" in known.origin
    assert not known.new
    changed = NumericTable("v.csv", table.names, table.values + 1e-9)
    assert gather(conditional.model, changed).new


def test_another_table_is_called_new(plain: Fitted) -> None:
    other = NumericTable("new.csv", ["b", "x", "a"], normal_rows(100, 3) - 5)
    told = words(report.build(plain.model, plain.history, other))
    assert "100 rows of new.csv, which is not the table that was fitted" in told
    assert "are rarer than 1%" in told


def test_a_missing_column_is_refused(plain: Fitted) -> None:
    with pytest.raises(DataError, match=r"new.csv.*'b'"):
        report.build(plain.model, [], NumericTable("new.csv", ["a"], normal_rows(9, 1)))


def test_without_a_table_it_shows_samples_only(plain: Fitted) -> None:
    told = words(report.build(plain.model, plain.history))
    assert "10,000 samples of the flow" in told
    assert "Latents are those of real rows: give the table" in told
    assert "Log density and rarity" in told


def test_a_conditional_flow_needs_the_table_for_samples(conditional: Fitted) -> None:
    told = words(report.build(conditional.model, conditional.history))
    assert "given given" in told
    assert "its samples need a context" in told
    told = words(report.build(conditional.model, conditional.history, conditional.table))
    assert "each given the context of a real row" in told


def test_one_column_has_no_pairs() -> None:
    one = fitted(normal_rows(200, 1), ["a"])
    told = words(report.build(one.model, one.history, one.table))
    assert "Pairs of columns" not in told
    assert "‖z‖² (up) against χ² with 1 degree of freedom" in told


@pytest.mark.parametrize("rows", [2, 5])
def test_a_tiny_table_says_that_the_fit_saw_its_rows(rows: int) -> None:
    tiny = fitted(normal_rows(rows, 2), ["a", "b"])
    told = words(report.build(tiny.model, tiny.history, tiny.table))
    assert f"all {rows} rows of t.csv: too few to hold any out" in told
    assert "only single rows" in told
    assert f"{rows} training rows" in told


@pytest.mark.parametrize("base", ["student_t", "mixture"])
def test_another_base_is_compared_with_its_own_latents(base: str) -> None:
    other = fitted(normal_rows(200, 2), ["a", "b"], base=base)
    told = words(report.build(other.model, other.history, other.table))
    assert "from the base" in told
    assert "χ²" not in told


def test_of_many_columns_the_worst_are_shown() -> None:
    many = fitted(normal_rows(600, 13), [f"c{j}" for j in range(13)])
    told = words(report.build(many.model, many.history, many.table))
    assert "12 that differ most; 1 more is not shown" in told
    assert "8 more are not shown" in told


def test_columns_far_from_zero_of_any_size_and_whole_numbers_can_be_drawn() -> None:
    values = normal_rows(200, 4)
    values[:, 0] = 1e9 + values[:, 0]
    values[:, 1] *= 1e30
    values[:, 2] = np.round(values[:, 2])
    values[:, 3] *= 1e-12
    odd = fitted(values, list("abcd"))
    read(report.build(odd.model, odd.history, odd.table))
    constant = NumericTable("k.csv", list("abcd"), np.ones((60, 4)))
    read(report.build(odd.model, odd.history, constant))


def test_figures_are_told_with_units_and_the_gain(conditional: Fitted) -> None:
    rows = [
        {"name": "<i>flow</i>", "nll": -1.5, "error": 0.01, "standardized": -1.0},
        {"name": "Gaussian", "nll": 0.25, "error": 0.01, "standardized": 0.75},
        {"name": "broken", "nll": float("nan"), "error": None, "standardized": float("inf")},
    ]
    html = report.build(replace(conditional.model, figures={"rows": 80, "models": rows}), [])
    told = words(html)
    assert "in nats per row; smaller is better. It may be negative, and that is no error" in told
    assert "1.75 nats per row below that of the best other: Gaussian" in told
    assert "&lt;i&gt;flow" in html
    assert "No held-out figures" in words(report.build(conditional.model, []))


def test_undone_steps_are_told(conditional: Fitted) -> None:
    event = {"event": "non-finite step undone", "epoch": 1, "step": 3, "layer": "layer 2 (<b>)"}
    told = words(report.build(conditional.model, [event, *conditional.history]))
    assert (
        "1 step turned out non-finite and was undone (crosses below), the last at layer 2 (<b>)"
        in told
    )
    assert "No history was kept" in words(report.build(conditional.model, []))


def test_hostile_names_do_nothing(hostile: Fitted) -> None:
    title = "<h1>$x^{</title><script>alert(1)</script>\x1b]0;\u202e" + "T" * 400
    html = report.build(hostile.model, hostile.history, hostile.table, title)
    told = words(html)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "\u202e" not in html
    assert "private" not in html  # the folder of the table is nobody's business
    assert "n" * 41 not in told
    assert "T" * 121 not in told
    for seen in ("$x^{", "[/red]\\x1b[31m", "星等 光度", "\\u202e", "\\ud800", "<img src=x"):
        assert seen in told
    assert len(HOSTILE) == len(hostile.model.columns)


def test_the_policy_allows_its_own_style_sheet_and_nothing_else(conditional: Fitted) -> None:
    html = report.build(conditional.model, [])
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert f"style-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'; img-src data:;")
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_the_same_model_gives_the_same_page(plain: Fitted) -> None:
    pages = {report.build(plain.model, plain.history, plain.table) for _ in range(2)}
    assert len(pages) == 1


def test_rows_without_a_density_are_counted(conditional: Fitted) -> None:
    some = torch.cat([torch.full((3,), -torch.inf), conditional.model.heldout])
    told = words(report.build(replace(conditional.model, heldout=some), []))
    assert "3 rows had no density at all" in told
    none = words(report.build(replace(conditional.model, heldout=torch.empty(0)), []))
    assert "no held-out log densities" in none


def test_write_refuses_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    report.write(path, "<p>one</p>", force=False)
    with pytest.raises(DataError, match="exists already"):
        report.write(path, "<p>two</p>", force=False)
    assert path.read_text() == "<p>one</p>"


def test_matplotlib_is_imported_late() -> None:
    for path in Path(report.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "matplotlib" not in ast.unparse(node), path.name
