"""`fit_target`: it finds what is known, repeats itself, and says what is wrong."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import pushforward as pf
from pushforward.distributions import Uniform
from pushforward.errors import ConfigurationError, ShapeError, TrainingError
from pushforward.flow import Flow
from pushforward.training.importance import importance, weighed
from pushforward.transforms import Affine, LULinear


def gaussian(x: Tensor) -> Tensor:
    """N((1, -1), diag(1/4, 4)), times e³."""
    return -0.5 * ((x - x.new_tensor([1.0, -1.0])) / x.new_tensor([0.5, 2.0])).square().sum(-1) + 3


def linear() -> Flow:
    return Flow(pf.distributions.Normal(2), LULinear(2))


def test_a_linear_flow_becomes_the_gaussian() -> None:
    result = pf.fit_target(linear(), gaussian, steps=500, learning_rate=3e-2)
    log_z = math.log(2 * math.pi) + 3
    assert result.kl == pytest.approx(0, abs=1e-3)
    assert abs(result.log_evidence - log_z) < 4 * result.log_evidence_error + 1e-4
    assert result.elbo <= log_z + 4 * result.elbo_error
    assert result.ess_fraction > 0.99
    assert result.ess == pytest.approx(result.ess_fraction * result.draws)
    assert result.stopped == "all steps were run"
    assert result.history[0]["negative_elbo"] > result.history[-1]["negative_elbo"]
    torch.testing.assert_close(
        result.flow.transform[0].bias.detach(), torch.tensor([1.0, -1.0]), rtol=0, atol=0.02
    )


def test_the_same_seed_gives_the_same_weights() -> None:
    torch.manual_seed(0)
    first, second = linear(), linear()
    before = torch.random.get_rng_state()
    for flow in (first, second):
        pf.fit_target(flow, gaussian, steps=30, seed=5, anneal=0.5, draws=10)
    assert torch.equal(before, torch.random.get_rng_state())
    for p, q in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(p, q)
        assert p.grad is None


def test_with_lean_memory_it_learns_the_same() -> None:
    found = []
    for memory in ("plain", "lean"):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            flow = pf.flows.realnvp(2, layers=9, hidden=(8,)).double()
        flow.memory = memory  # type: ignore[assignment]
        found.append(pf.fit_target(flow, gaussian, steps=30, draws=100).elbo)
        drift = flow.take_drift()
        assert (drift is None) == (memory == "plain")
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_a_step_that_is_not_finite_is_undone() -> None:
    calls = 0

    def flaky(x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return gaussian(x) + (math.inf if calls == 20 else 0.0)

    result = pf.fit_target(linear(), flaky, steps=200, learning_rate=3e-2)
    events = [entry for entry in result.history if "event" in entry]
    assert [e["layer"] for e in events] == ["the target"]
    assert events[0]["rate_scale"] == 0.5
    assert result.ess_fraction > 0.5


def test_it_ends_where_nothing_is_finite() -> None:
    calls = 0

    def broken(x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return gaussian(x) + (math.inf if 2 < calls < 100 else 0.0)

    result = pf.fit_target(linear(), broken, steps=90)
    assert "not finite" in result.stopped


@pytest.mark.parametrize(
    ("log_density", "error", "words"),
    [
        (lambda x: x, ShapeError, r"shape \(256,\), but it gave \(256, 2\)"),
        (lambda x: x.sum().item(), ShapeError, "float"),
        (lambda x: gaussian(x).log(), ShapeError, "NaN at .* of 256 points"),
        (lambda x: gaussian(x).detach(), ConfigurationError, "no gradient"),
        (
            lambda x: torch.where(x[:, 0] > 0, gaussian(x), -math.inf),
            TrainingError,
            "-inf at 1[0-9]+ of 256 samples",
        ),
    ],
)
def test_a_density_that_does_not_fit_is_named(
    log_density: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        pf.fit_target(linear(), log_density, steps=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": 0}, "steps"),
        ({"draws": 1}, "draws"),
        ({"anneal": 1.0}, "anneal"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": -1.0}, "learning_rate"),
    ],
)
def test_settings_without_a_meaning_are_refused(arguments: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        pf.fit_target(linear(), gaussian, **arguments)


def test_flows_that_cannot_be_fitted_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="context of 3"):
        pf.fit_target(pf.flows.planar(2, context_features=3), gaussian)
    with pytest.raises(ConfigurationError, match="no trainable"):
        pf.fit_target(Flow(Uniform(2), Affine(0.0, 2.0)), gaussian)


def test_weights_that_are_known() -> None:
    found = weighed(torch.tensor([1.0, 1.0, 3.0, 3.0]).double().log())
    assert found.log_evidence == pytest.approx(math.log(2))
    assert found.ess == pytest.approx(64 / 20)
    assert found.kl == pytest.approx(math.log(2) - math.log(3) / 2)
    assert weighed(torch.full((3,), -math.inf).double()).ess == 0


def test_importance_takes_a_density_with_edges() -> None:
    flow = Flow(Uniform(1, 0.0, 2.0))
    found = importance(flow, lambda x: torch.where(x[:, 0] < 1, 0.0, -math.inf))
    assert abs(found.log_evidence - 0.0) < 4 * found.log_evidence_error
    assert found.elbo == -math.inf
    assert found.kl == math.inf
    with pytest.raises(ConfigurationError, match="at least 2"):
        importance(flow, lambda x: x[:, 0], draws=1)
