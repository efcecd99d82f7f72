"""What a diagnosis measures, refuses, keeps and leaves alone.

Tests of what is random are seeded; each says how often it would fail with another seed.
"""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
import torch

import pushforward as pf
from pushforward.diagnostics import fault, verdict
from pushforward.diagnostics.distances import energy, judge_pairs
from pushforward.diagnostics.tails import judge_tails
from pushforward.distributions import GaussianMixture, Normal, StudentT, Uniform
from pushforward.errors import ConfigurationError, DataError, ShapeError


def rows(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


FOURTH, NAN = (torch.tensor(3), torch.tensor(1)), torch.tensor(math.nan)


class Conditional:
    """x ~ N((w·c, -w·c), s²): right for w = 2 and s = 1."""

    def __init__(self, weight: float = 2.0, scale: float = 1.0) -> None:
        self.weight, self.scale = weight, scale

    def _mean(self, context):
        return self.weight * torch.cat([context, -context], dim=-1)

    def log_prob(self, x, context):
        z = (x - self._mean(context)) / self.scale
        return -(z.square() / 2 + math.log(self.scale) + math.log(2 * math.pi) / 2).sum(-1)

    def sample(self, shape, context):
        mean = self._mean(context)
        return mean + self.scale * torch.randn(*shape, *mean.shape)

    def encode(self, x, context):
        return (x - self._mean(context)) / self.scale


class Deaf(Conditional):
    """Right over all contexts together, and it ignores each: x ~ N(0, 1 + 4) and correlated."""

    def log_prob(self, x, context):
        law = torch.distributions.MultivariateNormal(torch.zeros(2), self._covariance())
        return law.log_prob(x)

    def sample(self, shape, context):
        law = torch.distributions.MultivariateNormal(torch.zeros(2), self._covariance())
        return law.sample((*shape, *context.shape[:-1]))

    def encode(self, x, context):
        return x

    def _covariance(self):
        w = self.weight**2
        return torch.tensor([[1 + w, -w], [-w, 1 + w]])


@pytest.fixture(scope="module")
def contexts() -> tuple[torch.Tensor, torch.Tensor]:
    """Contexts and rows of the conditional truth."""
    context = rows(1200, 1, seed=3)
    return context, 2 * torch.cat([context, -context], 1) + rows(1200, 2, seed=4)


def test_a_right_conditional_flow_passes(contexts) -> None:
    """Fails for one seed in a hundred at most: the size of all tests together."""
    context, x = contexts
    found = pf.diagnose(Conditional(), x, context=context)
    assert found.passed
    assert [a.answer for a in found.answers] == ["yes", "yes", "yes"]
    assert found.calibration is not None
    assert len(found.calibration.ranks) == 2


@pytest.mark.parametrize(
    ("wrong", "by"),
    [
        (Conditional(scale=1.5), "calibration"),
        (Conditional(scale=0.6), "calibration"),
        (Conditional(weight=1.0), "classifier"),
        (Deaf(), "calibration"),
    ],
    ids=["wide", "narrow", "weak", "deaf"],
)
def test_a_wrong_conditional_flow_does_not(contexts, wrong, by) -> None:
    """Adjusted p-values are far below 1e-4: no seed in practice fails."""
    context, x = contexts
    found = pf.diagnose(wrong, x, context=context)
    assert found.named("underfit"), found
    assert next(e for e in found.evidence if e.name == by).adjusted < 1e-4


@pytest.mark.parametrize(
    "flow",
    [
        pf.Flow(Normal(1)),
        pf.Flow(Normal(2, loc=[3.0, -2.0], scale=[0.1, 50.0])),
        pf.Flow(StudentT(2, df=2.0)),
        pf.Flow(Uniform(3)),
        pf.Flow(Normal(2)).double(),
    ],
    ids=["one column", "scaled", "heavy tails", "bounded", "float64"],
)
def test_bases_of_every_kind_pass(flow) -> None:
    """Each fails for one seed in a hundred at most."""
    torch.manual_seed(11)
    found = pf.diagnose(flow, flow.sample((600,)), train=flow.sample((600,)))
    assert found.passed, found
    assert found.inverse is not None
    assert found.inverse < 1e-5


def test_the_same_seed_gives_the_same_diagnosis_and_nothing_else_moves() -> None:
    flow = pf.flows.realnvp(2, layers=2, hidden=(8,)).train()
    x = rows(300, 2)
    flow.initialize(x)
    torch.manual_seed(5)
    state, kept = torch.get_rng_state(), {k: v.clone() for k, v in flow.state_dict().items()}
    found = [pf.diagnose(flow, x, seed=s).to_json() for s in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    assert torch.equal(torch.get_rng_state(), state)
    assert flow.training
    assert all(torch.equal(v, kept[k]) for k, v in flow.state_dict().items())


def test_rows_drawn_with_the_seed_of_the_diagnosis_are_not_called_copied() -> None:
    """The flow draws with other numbers than `torch.manual_seed(0)` gave its training rows."""
    flow = pf.Flow(Normal(3))
    torch.manual_seed(0)
    train = flow.sample((500,))
    assert pf.diagnose(flow, flow.sample((500,)), train=train, seed=0).passed


def test_json_holds_numbers_and_no_values_of_rows() -> None:
    x = rows(300, 2)
    x[7] = torch.tensor([123.456, -654.321])
    found = pf.diagnose(pf.Flow(Normal(2)), x, columns=["a", "b"])
    text = found.to_json()
    again = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert again == found.to_dict() == json.loads(json.dumps(found.to_dict()))
    assert again["passed"] is found.passed
    assert again["least_likely"][0]["row"] == 7
    assert again["notes"]  # no training rows were given
    for secret in ("123.4", "654.3"):
        assert secret not in text
        assert secret not in str(found)


def test_it_prints_the_three_sentences_and_the_next_step_last() -> None:
    lines = str(pf.diagnose(pf.Flow(Normal(2)), rows(2000, 2))).splitlines()
    assert re.match(r"You can trust the densities: ", lines[-4])
    assert re.match(r"You can trust the samples: ", lines[-3])
    assert re.match(r"You can trust the tails: as far out as one row in 200; ", lines[-2])
    assert lines[-1] == "Next: Nothing needs to be mended: use it."
    assert "NLL" in lines[0]
    assert "loss" not in "".join(lines)


def test_the_nll_is_in_the_units_of_the_data() -> None:
    """log p of N(0, 1) has mean -(1 + log 2π)/2 per column; the error is its deviation, 1/√(2n)."""
    x = rows(4000, 2)
    found = pf.diagnose(pf.Flow(Normal(2, scale=10.0)), 10 * x, train=10 * rows(4000, 2, 1))
    score = found.likelihood
    assert score.flow.error == pytest.approx(1 / math.sqrt(4000), rel=0.1)
    expected = 1 + math.log(2 * math.pi) + 2 * math.log(10)
    assert abs(score.flow.nll - expected) < 4 * score.flow.error
    for baseline in score.baselines:  # in the same units
        assert abs(baseline.nll - score.flow.nll) < 0.02
    assert found.memorisation is not None
    assert abs(found.memorisation.gap) < 4 * found.memorisation.gap_error


def test_the_columns_of_an_unlikely_row_are_blamed_by_what_they_cost() -> None:
    """Two columns are alike; a row where they differ is blamed on them, though each is common."""
    x = rows(1000, 4)
    x[:, 1] = x[:, 0] + 0.05 * x[:, 1]
    x[13, 0], x[13, 1] = 1.0, -1.0
    x[77, 3] = 9.0
    flow = pf.Flow(pf.distributions.MultivariateNormal(4))
    flow.initialize(rows(1000, 4, 1) @ torch.linalg.cholesky(x.T.cov()).T)
    worst = pf.diagnose(flow, x, columns=list("abcd")).least_likely
    assert len(worst) == 10
    assert [row.log_prob for row in worst] == sorted(row.log_prob for row in worst)
    assert {row.row for row in worst[:2]} == {13, 77}
    blamed = {row.row: row.columns for row in worst}
    assert {b.column for b in blamed[13][:2]} == {"a", "b"}
    assert blamed[77][0].column == "d"
    # From 9 deviations (8.7 of the flow's, which met this row) to a common value: about 8.7²/2.
    assert blamed[77][0].nats == pytest.approx(37.5, abs=3)
    assert all(len(row.columns) <= 3 for row in worst)


def test_rows_outside_the_support_are_counted() -> None:
    x = torch.rand(400, 2, generator=torch.Generator().manual_seed(0))
    x[:6] += 1.5
    found = pf.diagnose(pf.Flow(Uniform(2)), x)
    assert found.faults[0].name == "rows without density"
    assert "6 of 400" in found.faults[0].sentence
    assert found.likelihood.flow.nll == math.inf
    assert found.to_dict()["likelihood"]["flow"]["nll"] == "inf"
    assert {row.row for row in found.least_likely} >= set(range(6))
    assert "−" not in found.to_json()
    assert next(a for a in found.answers if a.question == "densities").answer == "no"


def test_constant_and_whole_number_columns_can_be_judged() -> None:
    x = rows(400, 3)
    x[:, 1], x[:, 2] = 5.0, x[:, 2].round()
    found = pf.diagnose(pf.Flow(Normal(3, loc=[0.0, 5.0, 0.0], scale=[1.0, 1e-6, 1.0])), x)
    assert math.isfinite(found.likelihood.flow.nll)


def test_more_rows_than_the_tests_take_are_chosen_and_said() -> None:
    x = rows(5600, 1)
    found = pf.diagnose(pf.Flow(Normal(1)), x, train=rows(20_500, 1, 1))
    assert found.rows == 5600
    assert {e.rows for e in found.evidence} == {5000, 1000}  # the joint distance takes fewer
    assert "5,000 of the 5,600" in found.notes[0]
    assert "20,500 training rows 20,000" in found.notes[1]


@pytest.mark.parametrize(
    ("error", "message", "data"),
    [
        (DataError, "at least 100 held-out rows, but was given 99", rows(99, 2)),
        (ShapeError, r"rows of shape \(3,\), but the flow's have \(2,\)", rows(200, 3)),
        (ShapeError, r"\(rows, columns\).*data\[:, None\]", rows(200, 1)[:, 0]),
        (ShapeError, "array of numbers", [["a", "b"]] * 200),
        (DataError, "not finite in row 3 .* 1 such", rows(200, 2).index_put(FOURTH, NAN)),
    ],
)
def test_rows_that_cannot_be_judged_are_refused(error, message, data) -> None:
    with pytest.raises(error, match=message):
        pf.diagnose(pf.Flow(Normal(2)), data)


def test_what_is_no_flow_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="a dict has no log_prob and no sample"):
        pf.diagnose({}, rows(200, 2))


def test_arguments_that_do_not_fit_each_other_are_refused(contexts) -> None:
    flow, x = pf.Flow(Normal(2)), rows(200, 2)
    with pytest.raises(ConfigurationError, match="1 names were given for 2 columns"):
        pf.diagnose(flow, x, columns=["a"])
    with pytest.raises(ConfigurationError, match="Two columns were given one name"):
        pf.diagnose(flow, x, columns=["a", "a"])
    with pytest.raises(DataError, match="100 training rows, but was given 5"):
        pf.diagnose(flow, x, train=rows(5, 2))
    with pytest.raises(ShapeError, match="200 rows, but its context has 3"):
        pf.diagnose(Conditional(), x, context=rows(3, 1))
    with pytest.raises(ShapeError, match="both a context or none"):
        pf.diagnose(Conditional(), x, context=rows(200, 1), train=x)
    with pytest.raises(ShapeError, match="takes no context"):
        pf.diagnose(flow, x, context=rows(200, 1))
    with pytest.raises(ConfigurationError, match="at most 256 numbers"):
        pf.diagnose(pf.Flow(Normal(300)), rows(200, 300))


def test_samples_that_are_not_finite_are_a_fault() -> None:
    class Leaking(Conditional):
        def log_prob(self, x):
            return Normal(2).log_prob(x)

        def sample(self, shape):
            x = torch.randn(*shape, 2)
            x[::50] = math.inf
            return x

        def encode(self, x):
            return x

    found = pf.diagnose(Leaking(), rows(1000, 2))
    assert [fault.name for fault in found.faults] == ["samples not finite"]
    assert "20 samples" in found.faults[0].sentence


def test_correlations_have_the_errors_they_claim() -> None:
    """p-values under the null are uniform, for dependence of any kind.

    Of 200 runs about 10 should fall below .05; fewer than 2 or more than 22 happens by chance in
    fewer than one of a thousand sets of seeds.
    """
    rng = np.random.default_rng(0)

    def bent(n: int) -> np.ndarray:
        t = rng.normal(size=n)
        return np.stack([t, t**2 + 0.3 * t + 0.2 * rng.normal(size=n)], axis=1)

    ps = [judge_pairs(("a", "b"), bent(400), bent(700))[0][0].p for _ in range(200)]
    assert 2 <= sum(p < 0.05 for p in ps) <= 22


def test_the_energy_distance_is_that_of_its_definition_and_its_p_is_uniform() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 30, 2))

    def mean(x, y):
        return np.linalg.norm(x[:, None] - y[None], axis=2).mean()

    expected = 2 * mean(a, b) - mean(a, a) - mean(b, b)
    assert energy(a, b, rng)[0] == pytest.approx(expected, rel=1e-4)
    # As above: of 100 about 5 below .05; more than 14 in fewer than one of a thousand.
    ps = [energy(*rng.normal(size=(2, 40, 2)), rng)[1] for _ in range(100)]
    assert sum(p < 0.05 for p in ps) <= 14
    assert energy(a, b + 2, rng)[1] == pytest.approx(1 / 2000)


def test_equal_values_are_no_tail() -> None:
    """A column of zeros and ones: its outermost per cent is half of all rows."""
    x = (np.random.default_rng(0).random((2, 500, 1)) < 0.5).astype(float)
    ends, evidence = judge_tails(("a",), x[0], x[1], -x[0, :, 0], -x[1, :, 0])
    assert evidence.p > 0.001
    assert all(np.isfinite(end.ratio) for end in ends)


def test_every_fault_has_a_next_step_and_weighs_on_an_answer() -> None:
    weighed = {n for table in (fault.NO, fault.DOUBT) for names in table.values() for n in names}
    assert weighed == set(verdict.NEXT)
    named = set(re.findall(r'"([a-z ]+)"', pf.diagnose.__doc__ or "")) & weighed
    assert named == weighed


def test_a_mixture_base_is_judged_by_the_samples_latents() -> None:
    base = GaussianMixture(2, components=2)
    flow = pf.Flow(base).requires_grad_(False)
    torch.manual_seed(2)
    found = pf.diagnose(flow, flow.sample((500,)))
    assert found.latents.against == "the samples' latents"
    assert len(found.latents.histograms) == 3
    assert all(sum(counts) == 500 for counts in found.latents.histograms)


def test_a_wrong_density_beside_right_samples_spoils_only_the_densities() -> None:
    """The sampler is right, the density too wide by a third; p-values are below 1e-20."""

    class TwoFaced:
        def log_prob(self, x):
            return Normal(2, scale=1.33).log_prob(x)

        def sample(self, shape):
            return torch.randn(*shape, 2)

        def encode(self, x):
            return x

    found = pf.diagnose(TwoFaced(), rows(3000, 2), train=rows(3000, 2, 1))
    assert [fault.name for fault in found.faults] == ["underfit"]
    assert found.faults[0].spoils == ("densities",)
    assert "baseline" in found.faults[0].sentence
    assert [answer.answer for answer in found.answers] == ["no", "mostly", "mostly"]
