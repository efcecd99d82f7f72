"""Small fitted models, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from pushforward.tables import NumericTable
from pushforward.tables.fitting import Request, fit_table
from pushforward.tables.model import TableModel

HOSTILE = [
    "</script><script>alert(1)</script>",
    "[/red]\x1b[31m",
    "$x^{",
    "<img src=x onerror=alert(1)>",
    "n" * 300,
    "星等 光度",
    "عمود \u202egpj.exe",
    "&amp;\"quote' `tick`",
    "\ud800 half a pair",
]


@dataclass
class Fitted:
    """A model with what it was made from."""

    model: TableModel
    history: list[dict[str, Any]]
    table: NumericTable


def fitted(
    values: np.ndarray,
    names: list[str],
    context: tuple[str, ...] = (),
    source: str = "t.csv",
    **arguments: Any,
) -> Fitted:
    """A flow of one small layer, trained for an epoch."""
    table = NumericTable(source, names, values)
    small = {"layers": 1, "hidden": [4], **arguments}
    model, result = fit_table(table, Request("nsf", epochs=1, context=context, arguments=small))
    return Fitted(model, result.history, table)


def normal_rows(n: int, d: int) -> np.ndarray:
    """Rows (n, d) with a bend between the first two columns."""
    values = np.random.default_rng(0).normal(size=(n, d))
    if d > 1:
        values[:, 1] += values[:, 0] ** 2
    return values


@pytest.fixture(scope="session")
def plain() -> Fitted:
    return fitted(normal_rows(800, 2), ["a", "b"])


@pytest.fixture(scope="session")
def conditional() -> Fitted:
    return fitted(normal_rows(600, 3), ["a", "given", "c"], context=("given",))


@pytest.fixture(scope="session")
def hostile() -> Fitted:
    folder = "/home/somebody/private/<b>$y_{.csv"
    return fitted(normal_rows(600, len(HOSTILE)), HOSTILE, source=folder)


@pytest.fixture(scope="session")
def judged() -> Fitted:
    """With 150 rows held out: enough for a verdict."""
    values = normal_rows(1500, 3)
    values[40] = [123.456, -9.0, 0.0]  # held out with this seed, and unlike all others
    return fitted(values, ["a", "b", "<i>c"])
