"""`pf.check`: what it finds, what it says, and what it leaves alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import pushforward as pf
from pushforward.diagnostics import CheckReport
from pushforward.distributions import BASES, GaussianMixture, Normal
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flow import Flow
from pushforward.transforms import Affine, Exp, LULinear, Transform
from pushforward.transforms.registry import perturb
from specimens import Mutant, seeded, skewed


def flow_of(features: int, context_features: int = 0) -> Flow:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = pf.flows.maf(features, layers=2, hidden=(8,), context_features=context_features)
    context = torch.randn(200, context_features, generator=seeded(0)) if context_features else None
    flow.initialize(skewed(200, features), context)
    perturb(flow, seeded(1))
    return flow


def failed(report: CheckReport) -> set[str]:
    return {row.name for row in report.rows if row.passed is False}


def test_it_is_public() -> None:
    assert pf.check is pf.diagnostics.check


def test_it_measures_rows_of_data_in_the_flows_own_precision() -> None:
    x = skewed(300, 2)
    for flow in (flow_of(2), flow_of(2).double()):
        for data in (x, x.double(), x.numpy()):
            report = pf.check(flow, data)
            assert report.passed, str(report)
            assert (report.dtype, report.points) == (str(flow.base.loc.dtype)[6:], 128)


def test_it_leaves_the_flow_and_the_random_state_alone() -> None:
    flow = flow_of(2).train()
    flow.transform[0].requires_grad_(False)
    before = {k: v.clone() for k, v in flow.state_dict().items()}
    torch.manual_seed(5)
    np.random.seed(5)
    wanted = torch.rand(3), np.random.rand()
    torch.manual_seed(5)
    np.random.seed(5)
    pf.check(flow)
    assert torch.equal(torch.rand(3), wanted[0])
    assert np.random.rand() == wanted[1]
    assert all(torch.equal(v, before[k]) for k, v in flow.state_dict().items())
    assert all(module.training for module in flow.modules())
    assert all(p.grad is None for p in flow.parameters())
    assert [p.requires_grad for p in flow.transform[0].parameters()].count(True) == 0


def test_a_seed_gives_the_same_report() -> None:
    flow = flow_of(3)
    assert pf.check(flow, seed=3) == pf.check(flow, seed=3)
    assert pf.check(flow, seed=3) != pf.check(flow, seed=4)


@pytest.mark.parametrize("data", [None, skewed(40, 2)], ids=["samples", "data"])
def test_contexts_go_with_the_rows(data: Tensor | None) -> None:
    flow = flow_of(2, context_features=3)
    report = pf.check(flow, data, torch.randn(40, 3, generator=seeded(2)))
    assert report.passed, str(report)
    assert pf.check(flow, data, torch.zeros(3)).passed


def test_what_does_not_fit_is_refused_by_both_numbers() -> None:
    with pytest.raises(ShapeError, match=r"\(2,\).*\(1, 3\)"):
        pf.check(flow_of(2), torch.zeros(5, 3))
    with pytest.raises(ShapeError, match="context of 3 features, but none"):
        pf.check(flow_of(2, 3))
    with pytest.raises(ShapeError, match="5 rows of data and 4 contexts"):
        pf.check(flow_of(2, 3), torch.zeros(5, 2), torch.zeros(4, 3))
    with pytest.raises(ConfigurationError, match="at least one row"):
        pf.check(flow_of(2), torch.zeros(0, 2))
    with pytest.raises(ConfigurationError, match="bfloat16"):
        pf.check(flow_of(2).bfloat16())


def test_rows_without_a_density_are_counted() -> None:
    flow = Flow(Normal(1), Exp())
    report = pf.check(flow, torch.tensor([[1.0], [-1.0], [2.0], [math.nan]]))
    assert failed(report) == {"rows without a finite score"}
    assert report.rows[0].value == 2


def test_columns_of_every_size_weigh_the_same() -> None:
    """A fault in the smallest column is not hidden by the largest."""
    size = torch.tensor([1e-5, 1e6])

    class Sloppy(Transform):
        event_ndim_in = event_ndim_out = 1

        def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
            return z * (1 + torch.tensor([1e-4, 0.0]).to(z)), z.new_zeros(len(z))

        def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
            return x, x.new_zeros(len(x))

    assert pf.check(Flow(Normal(2), [LULinear(2), Affine(torch.zeros(2), size)])).passed
    report = pf.check(Flow(Normal(2), [Sloppy(), Affine(torch.zeros(2), size)]))
    assert "round trip from data" in failed(report)


def test_large_events_get_no_estimate_and_say_so() -> None:
    report = pf.check(Flow(Normal(65), Affine(0.0, 2.0)))
    assert report.passed
    assert report.verdict.startswith("No fault was found, but this could not be decided: total")
    json.dumps(report.to_dict(), allow_nan=False)


class Unnormalised(Normal):
    """A base whose density is 5 % too large."""

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        return super().log_prob(z) + math.log(1.05)


del BASES["Unnormalised"]  # no base for anybody else


class Mixing(Transform):
    """A batch normalization: each row's place depends on the others."""

    event_ndim_in = event_ndim_out = 1

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return z + 0.01 * z.detach().mean(0), z.new_zeros(len(z))

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return x - 0.01 * x.detach().mean(0), x.new_zeros(len(x))


class NanGradient(Transform):
    """The identity, whose gradient is NaN where a `where` hides a root's infinite slope."""

    event_ndim_in = event_ndim_out = 1

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return z, z.new_zeros(len(z))

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return torch.where(x.abs() < 1e3, x, (x.abs() - x.abs()).sqrt() + x), x.new_zeros(len(x))


FAULTS: dict[str, tuple[Callable[[int], Flow], str]] = {
    "log-det": (lambda d: Flow(Normal(d), Mutant(LULinear(d), 2.0)), "log-det against autodiff"),
    "normalization": (lambda d: Flow(Unnormalised(d), LULinear(d)), "total probability"),
    "rows": (lambda d: Flow(Normal(d), Mixing()), "a row alone and in a batch"),
    "gradients": (lambda d: Flow(Normal(d), NanGradient()), "gradients not finite far outside"),
}


@pytest.mark.parametrize("features", [1, 2, 5])
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault: str, features: int) -> None:
    make, name = FAULTS[fault]
    flow = make(features)
    perturb(flow, seeded(0))
    report = pf.check(flow)
    assert not report.passed
    assert any(row.startswith(name) for row in failed(report)), str(report)
    assert report.verdict.startswith("This flow is faulty: ")


def test_the_total_probability_alone_finds_a_doubled_log_det() -> None:
    """Independent of automatic differentiation: in 1-D and 2-D and by the estimate above."""
    for features in (1, 2, 5):
        flow = flow_of(features)
        flow.transform.layers[-1] = Mutant(flow.transform[-1], 2.0)
        (total,) = [r for r in pf.check(flow).rows if r.name.startswith("total")]
        assert total.passed is False


def test_the_report_as_a_table_and_as_json() -> None:
    report = pf.check(flow_of(2))
    lines = str(report).splitlines()
    assert lines[0].split()[:3] == ["property", "value", "bar"]
    assert len(lines) == len(report.rows) + 3
    assert lines[-1] == report.verdict == "This flow is right: each of its 12 properties holds."
    found = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert found["passed"] is True
    assert {"name", "value", "bar", "passed", "kind", "unit", "note", "result"} == set(
        found["rows"][0]
    )


def moved(change: Callable[[Tensor], Tensor]) -> type[Normal]:
    """A standard normal whose sampler contradicts its density."""

    class Moved(Normal):
        def sample(self, *args: Any, **kwargs: Any) -> Tensor:
            return change(super().sample(*args, **kwargs))

    del BASES["Moved"]
    return Moved


SAMPLERS = {"shift": lambda z: z + 0.3, "half": lambda z: 0.5 * z, "wide": lambda z: 1.05 * z}


@pytest.mark.parametrize("features", [1, 2, 5, 70])
@pytest.mark.parametrize("fault", SAMPLERS)
def test_a_sampler_that_contradicts_the_density_is_found(fault: str, features: int) -> None:
    report = pf.check(Flow(moved(SAMPLERS[fault])(features), Affine(0.0, 2.0)))
    names = {"samples against density", "samples of the base against its density"}
    assert failed(report) & names, str(report)
    assert "right" not in report.verdict


class Raised(Normal):
    """A base whose log-density is half a nat too large."""

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        return super().log_prob(z) + 0.5


del BASES["Raised"]


def test_a_base_that_is_off_is_found_beyond_every_estimate() -> None:
    report = pf.check(Flow(Raised(70), Affine(0.0, 2.0)))
    assert failed(report) == {"total probability of the base"}


def test_a_base_of_many_features_without_factors_is_not_called_right() -> None:
    report = pf.check(Flow(GaussianMixture(65, components=2), Affine(0.0, 2.0)))
    assert report.passed
    assert "right" not in report.verdict
    assert "total probability of the base" in report.verdict


class Half32(Affine):
    """A scale whose log-det is off by half a nat, but not in float64."""

    def _off(self, log_det: Tensor) -> Tensor:
        return log_det + 0.5 if log_det.dtype == torch.float32 else log_det

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, log_det = super().forward(z, context)
        return x, self._off(log_det)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z, log_det = super().inverse(x, context)
        return z, -self._off(-log_det)


@pytest.mark.parametrize("features", [1, 70])
def test_a_fault_in_float32_alone_is_found(features: int) -> None:
    flow = Flow(Normal(features), Half32(0.0, 2.0))
    assert "score in float32 and in float64" in failed(pf.check(flow))
    assert pf.check(flow.double()).passed
