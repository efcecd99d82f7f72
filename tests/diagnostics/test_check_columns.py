"""`pf.check` of typed columns: right models pass, and each way to break one is found."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import pushforward as pf
from pushforward.diagnostics import CheckReport
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flow import Flow
from pushforward.flows import columns
from pushforward.transforms.columns import AnyOrder
from pushforward.transforms.columns.category import Category
from pushforward.transforms.registry import perturb
from specimens import seeded

CATEGORY = {"kind": "category", "size": 3}
CELLS = {"kind": "cells", "lower": 0, "upper": 4, "atoms": 2, "components": 3}
OPEN = {"kind": "cells", "lower": 0, "components": 3}
REAL = {"kind": "real", "components": 3}
CLOSED = {"kind": "real", "lower": 0.0, "closed": ["lower"], "components": 3}
ANGLE = {"kind": "real", "lower": 0.0, "upper": 360.0, "period": True, "components": 3}
FINITE = [CATEGORY, CELLS]
MIXED = [CATEGORY, OPEN, REAL, CLOSED, ANGLE]


def rows(records: list[dict], n: int) -> Tensor:
    """Rows whose columns depend on each other, each within its support."""
    g = seeded(0)
    common = torch.randn(n, generator=g)
    cols = []
    for record in records:
        y = 0.8 * common + 0.6 * torch.randn(n, generator=g)
        if record["kind"] == "category":
            cols.append((y + 1).round().clamp(0, record["size"] - 1))
        elif record["kind"] == "cells":
            cols.append((3 * y.exp()).round().clamp(max=record.get("upper", 1e9)))
        elif "period" in record:
            cols.append((360 * y.sigmoid()).clamp(1, 359))
        elif "closed" in record:
            cols.append(torch.where(y < -1, 0.0, y.exp()))
        else:
            cols.append(100 * y)
    return torch.stack(cols, -1)


def typed(records: list[dict], networks: int = 1, context: int = 0) -> Flow:
    """A flow that has seen rows, with every weight moved."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        sizes = [{"width": 8, "blocks": 1}] * networks
        flow = columns(len(records), records, context, sizes)
    x = rows(records, 400)
    flow.initialize(x, torch.zeros(len(x), context) if context else None)
    with torch.no_grad():
        perturb(flow, seeded(1))
    return flow.eval()


def failed(report: CheckReport) -> set[str]:
    return {row.name for row in report.rows if row.passed is False}


@pytest.mark.parametrize("networks", [1, 2])
@pytest.mark.parametrize("records", [FINITE, MIXED, [CATEGORY], [REAL]], ids=str)
def test_a_right_model_passes(records: list[dict], networks: int) -> None:
    """Each of its two tests of draws would fail by chance for one other seed in ten thousand."""
    report = pf.check(typed(records, networks))
    assert report.passed, str(report)
    assert report.verdict.startswith("This flow is right")


def test_float64_data_with_gaps_and_context() -> None:
    flow, x = typed(MIXED).double(), rows(MIXED, 60).double()
    x[::2, 1], x[::3, 3] = math.nan, math.nan
    assert pf.check(flow, x).passed
    given = typed(MIXED, context=2)
    report = pf.check(given, rows(MIXED, 40), torch.randn(40, 2, generator=seeded(2)))
    assert report.passed, str(report)
    with pytest.raises(ShapeError, match="context"):
        pf.check(given)
    with pytest.raises(ConfigurationError, match="at least one row"):
        pf.check(flow, x[:0])


def test_cells_of_a_wide_range_are_summed_by_samples() -> None:
    """Four standard errors: the sum alone fails by chance for one other seed in 16,000."""
    wide = {"kind": "cells", "components": 3, "atoms": 2}
    flow = columns(1, [wide], 0, [{"width": 8, "blocks": 1}])
    x = (1e6 * torch.randn(500, 1, generator=seeded(0))).round()
    x[:200] = 5.0
    flow.initialize(x)
    report = pf.check(flow.eval())
    (total,) = (row for row in report.rows if row.name == "total probability")
    assert report.passed, str(report)
    assert total.passed is not False
    assert total.bar > 2e-3  # sampled, not summed


def test_it_leaves_the_flow_and_the_random_state_alone() -> None:
    flow = typed(MIXED).train()
    before = {k: v.clone() for k, v in flow.state_dict().items()}
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    first = pf.check(flow)
    assert torch.equal(torch.rand(3), wanted)
    assert all(torch.equal(v, before[k]) for k, v in flow.state_dict().items())
    assert flow.training
    assert pf.check(flow) == first


def test_the_order_is_a_figure_that_is_not_judged() -> None:
    report = pf.check(typed(MIXED))
    figure = report.rows[-1]
    assert figure.result == "figure"
    assert figure.value > 0
    judged = sum(row.result == "passed" for row in report.rows)
    assert report.verdict == f"This flow is right: each of its {judged} properties holds."
    assert figure.name not in {row.name for row in pf.check(typed([REAL])).rows}


class HeavyScore(AnyOrder):
    """Scores are 5 % too large."""

    def log_prob(self, x, context=None, order=None):
        return super().log_prob(x, context, order) + math.log(1.05) * (~x.isnan()).any(1)


class OtherDraws(AnyOrder):
    """Samples take no notice of other columns."""

    def complete(self, x, context=None, limits=None, generator=None):
        x, weight = super().complete(x, context, limits, generator)
        return torch.stack([column[torch.randperm(len(x))] for column in x.T], -1), weight


class Shifted(AnyOrder):
    """Samples of real numbers lie too high by a tenth of their spread."""

    def complete(self, x, context=None, limits=None, generator=None):
        known = ~x.isnan()
        filled, weight = super().complete(x, context, limits, generator)
        return torch.where(known, x, filled + torch.tensor([0.0, 0.0, 20.0, 0.0, 0.0])), weight


class Outside(AnyOrder):
    """One category that there is not."""

    def generate(self, z, context=None, generator=None):
        x = super().generate(z, context, generator)
        x[7, 0] = 3.0
        return x


class Forgetful(AnyOrder):
    """Missing cells are scored as if they were zero."""

    def log_prob(self, x, context=None, order=None):
        return super().log_prob(x.nan_to_num(1.0), context, order)


class Lost(AnyOrder):
    """decode gives other cells and numbers than encode took."""

    def forward(self, z, context=None):
        return super().forward(0.9 * z, context)


class Undrawn(AnyOrder):
    """encode gives the middle of an interval, and a log-det that does not make up for it."""

    def inverse(self, x, context=None):
        z, log_det = super().inverse(x, context)
        return 0.5 * z, log_det


FAULTS: dict[str, tuple[type[AnyOrder], str]] = {
    "heavy score": (HeavyScore, "total probability"),
    "other draws": (OtherDraws, "latents of samples"),
    "shifted": (Shifted, "latents of samples"),
    "outside": (Outside, "samples outside"),
    "forgetful": (Forgetful, "missing cells"),
    "lost": (Lost, "cells changed by a round trip"),
    "undrawn": (Undrawn, "log-det of encode"),
}


def broken(kind: type[AnyOrder]) -> Flow:
    flow = typed(MIXED)
    flow.transform[0].__class__ = kind
    return flow


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault: str) -> None:
    kind, name = FAULTS[fault]
    report = pf.check(broken(kind))
    assert any(row.startswith(name) for row in failed(report)), str(report)
    assert report.verdict.startswith("This flow is faulty: ")


def test_a_score_that_tails_and_draws_contradict_is_found(monkeypatch) -> None:
    """Two categories exchanged in the score alone: it still adds up to one."""
    own = Category.log_prob
    exchange = torch.tensor([1.0, 0.0, 2.0])
    monkeypatch.setattr(
        Category, "log_prob", lambda column, raw, x: own(column, raw, exchange.to(x)[x.long()])
    )
    report = pf.check(typed(FINITE))
    assert "draws of a column against its density" in failed(report), str(report)
    assert "total probability" not in failed(report)
