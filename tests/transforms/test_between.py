"""From one distribution into another: values, tails, densities, gradients, samples, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from torch import distributions as td

from pushforward import Flow, distributions
from pushforward.constraints import Interval, unit
from pushforward.errors import ConfigurationError, DataError
from pushforward.laws import Empirical, Mixture, as_law
from pushforward.transforms import Between, between

WEIGHTS, LOC, SCALE = (0.3, 0.5, 0.2), (-3.0, 1.0, 6.0), (0.5, 1.0, 2.0)
NORMAL = td.Normal(0.0, 1.0)


def mixture() -> td.Distribution:
    weights, loc, scale = torch.tensor([WEIGHTS, LOC, SCALE], dtype=torch.float64)
    return td.MixtureSameFamily(td.Categorical(weights), td.Normal(loc, scale))


# A target, and SciPy's own distribution to judge it by (None for a mixture).
TARGETS: dict[str, tuple[Any, Any]] = {
    "beta": (td.Beta(2.0, 3.0), stats.beta(2, 3)),
    "beta(½, ½)": (td.Beta(0.5, 0.5), stats.beta(0.5, 0.5)),
    "gamma": (td.Gamma(2.0, 4.0), stats.gamma(2, scale=0.25)),
    "gamma(½)": (td.Gamma(0.5, 1.0), stats.gamma(0.5)),
    "student_t": (td.StudentT(3.0, 1.0, 2.0), stats.t(3, 1, 2)),
    "gumbel": (td.Gumbel(1.0, 2.0), stats.gumbel_r(1, 2)),
    "exponential": (td.Exponential(2.0), stats.expon(scale=0.5)),
    "laplace": (td.Laplace(0.0, 1.0), stats.laplace()),
    "cauchy": (td.Cauchy(0.0, 1.0), stats.cauchy()),
    "lognormal": (td.LogNormal(0.0, 0.5), stats.lognorm(0.5)),
    "weibull": (td.Weibull(1.0, 2.0), stats.weibull_min(2)),
    "uniform": (td.Uniform(0.0, 2.0), stats.uniform(0, 2)),
    "scipy gamma": (stats.gamma(2.5), stats.gamma(2.5)),
    "scipy logistic": (stats.logistic(), stats.logistic()),
    "mixture": (mixture(), None),
}
EVERY = pytest.mark.parametrize("name", TARGETS)


def weighted(tail: str, x: np.ndarray) -> np.ndarray:
    """A tail of the mixture, as a sum of its components'."""
    each = zip(WEIGHTS, LOC, SCALE, strict=True)
    return sum(w * getattr(stats.norm(m, s), tail)(x) for w, m, s in each)


def moderate() -> Tensor:
    return torch.linspace(
        -3, 3, 60, dtype=torch.float64
    )  # not 0, where Laplace's density has a tip


@EVERY
def test_x_is_the_true_quantile(name: str) -> None:
    target, truth = TARGETS[name]
    z = moderate()
    x = between(NORMAL, target).forward(z)[0].numpy()
    p, q = stats.norm.cdf(z), stats.norm.sf(z)
    if truth is None:
        np.testing.assert_allclose(weighted("cdf", x), p, rtol=1e-12)
        np.testing.assert_allclose(weighted("sf", x), q, rtol=1e-12)
    else:
        np.testing.assert_allclose(x, np.where(z < 0, truth.ppf(p), truth.isf(q)), rtol=1e-11)


@EVERY
def test_both_tails_keep_their_digits(name: str) -> None:
    target, truth = TARGETS[name]
    share = np.array([1e-12, 1e-9, 1e-6])
    low, high = stats.norm.ppf(share), stats.norm.isf(share)
    layer = between(NORMAL, target)
    x = [layer.forward(torch.from_numpy(z))[0].numpy() for z in (low, high)]
    if truth is None:
        np.testing.assert_allclose(weighted("cdf", x[0]), share, rtol=1e-12)
        np.testing.assert_allclose(weighted("sf", x[1]), share, rtol=1e-12)
        return
    np.testing.assert_allclose(x[0], truth.ppf(share), rtol=1e-9)
    np.testing.assert_allclose(x[1], truth.isf(share), rtol=1e-9)


def test_quantiles_that_scipy_gets_wrong_are_mended() -> None:
    share = torch.tensor([1e-12, 1e-200], dtype=torch.float64)
    for distribution in (stats.f(3, 5), stats.t(3)):
        law = as_law(distribution)
        assert ((law.sf(law.isf(share)) / share - 1).abs() <= 1e-10).all()
        assert ((law.cdf(law.icdf(share)) / share - 1).abs() <= 1e-10).all()


@EVERY
def test_log_det_is_that_of_automatic_differentiation_and_of_a_difference(name: str) -> None:
    layer, z = between(NORMAL, TARGETS[name][0]), moderate().requires_grad_()
    x, log_det = layer.forward(z)
    (slope,) = torch.autograd.grad(x.sum(), z)
    assert (slope.log() - log_det).abs().max() <= 1e-8
    h = 2e-4
    at = [layer.forward(z.detach() + k * h)[0] for k in (-2, -1, 1, 2)]
    difference = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h)
    assert (difference.log() - log_det).abs().max() <= 1e-8
    back, inverse_log_det = layer.inverse(x.detach())
    assert (log_det + inverse_log_det).abs().max() <= 1e-8
    assert (back - z).abs().max() <= 1e-8


@EVERY
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    layer = between(NORMAL, TARGETS[name][0])
    z = moderate()[6:60:12].clone().requires_grad_()
    assert torch.autograd.gradcheck(layer.forward, z)
    x = layer.forward(z)[0].detach()
    assert torch.autograd.gradcheck(layer.inverse, x.requires_grad_())


@EVERY
def test_the_density_is_the_target_s(name: str) -> None:
    target, truth = TARGETS[name]
    flow = Flow(distributions.Normal(1).double(), between(NORMAL, target))
    x = between(NORMAL, target).forward(moderate())[0]
    known = truth.logpdf(x) if truth is not None else np.log(weighted("pdf", x.numpy()))
    np.testing.assert_allclose(flow.log_prob(x[:, None]), known, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("seed", "name"),
    list(enumerate(["beta", "gamma", "student_t", "gumbel", "mixture", "scipy gamma"])),
)
def test_samples_follow_the_target(seed: int, name: str) -> None:
    """Kolmogorov & Smirnov at 10⁵ samples; six seeds at 1e-4 each: a false alarm in 1,667.

    The statistic of x is that of z, whatever the map, unless the map is wrong: one seed for all
    would be one test only.
    """
    target, truth = TARGETS[name]
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(100_000, generator=generator, dtype=torch.float64)
    x = between(NORMAL, target).forward(z)[0].numpy()
    cdf = truth.cdf if truth is not None else lambda value: weighted("cdf", value)
    assert stats.kstest(x, cdf).pvalue > 1e-4


@EVERY
def test_single_precision(name: str) -> None:
    layer, z = between(NORMAL, TARGETS[name][0]), moderate()[6:55]
    x, log_det = layer.forward(z.float())
    precise_x, precise_log_det = layer.forward(z.float().double())
    assert x.dtype == log_det.dtype == torch.float32
    assert ((x - precise_x).abs() <= 1.2e-7 * precise_x.abs()).all()
    assert ((log_det - precise_log_det).abs() <= 1.2e-7 * (1 + precise_log_det.abs())).all()


@EVERY
def test_far_out_and_outside_nothing_is_nan(name: str) -> None:
    layer = between(NORMAL, TARGETS[name][0])
    sizes = [0.0, 1e-300, 1e-30, 0.5, 1.0, 2.0, 37.0, 1e4, 1e30]
    for dtype in (torch.float64, torch.float32):
        value = torch.tensor([*sizes, *(-s for s in sizes)], dtype=dtype, requires_grad=True)
        for way, interval in ((layer.forward, layer.domain), (layer.inverse, layer.codomain)):
            result, log_det = way(value)
            assert result.isfinite().all()
            assert not log_det.isnan().any()
            assert (log_det < math.inf).all()
            assert (log_det[~interval.contains(value)] == -math.inf).all()
            some = value.detach().clamp(-1e4, 1e4).requires_grad_()
            result, log_det = way(some)
            for output in (result, log_det):
                (gradient,) = torch.autograd.grad(output.sum(), some, retain_graph=True)
                assert gradient.isfinite().all()
    assert layer.forward(torch.tensor([math.nan, 0.0]))[0].isnan().tolist() == [True, False]


def test_row_5_both_ways_and_in_a_chain() -> None:
    beta, gamma = td.Beta(2.0, 5.0), td.Gamma(3.0, 1.0)
    z = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
    direct = between(beta, gamma).forward(z)[0]
    chain = between(NORMAL, gamma).forward(between(beta, NORMAL).forward(z)[0])[0]
    torch.testing.assert_close(direct, chain, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(between(gamma, beta).forward(direct)[0], z, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(between(beta, beta).forward(z)[0], z, rtol=1e-12, atol=0.0)


def test_kinds_say_where_roots_are_taken() -> None:
    exact, forward, backward = (
        between(NORMAL, td.Gamma(2.0, 1.0)),
        between(NORMAL, mixture()),
        between(mixture(), NORMAL),
    )
    assert (exact.kind, exact.cheap) == ("exact", {"forward", "inverse"})
    assert (forward.kind, forward.cheap) == ("numerical", {"inverse"})
    assert (backward.kind, backward.cheap) == ("numerical", {"forward"})


def test_the_bases_of_this_package_are_laws_too() -> None:
    x = torch.tensor([0.7], dtype=torch.float64)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        bases = [
            distributions.Normal(1, 0.5, 2.0),
            distributions.Uniform(1, 0.0, 2.0),
            distributions.StudentT(1, 3.0),
            distributions.MultivariateNormal(1),
            distributions.GaussianMixture(1, 3),
        ]
    for base in bases:
        known = base.double().log_prob(x)
        assert as_law(base).log_prob(x).item() == pytest.approx(known.item(), rel=1e-6)


def test_a_falling_transform_and_a_batch_of_one() -> None:
    falling = td.TransformedDistribution(td.Gamma(2.0, 1.0), [td.AffineTransform(1.0, -2.0)])
    law = as_law(falling)
    assert law.support == Interval(-math.inf, 1.0)
    p = torch.tensor([1e-12, 0.3], dtype=torch.float64)
    np.testing.assert_allclose(law.icdf(p), 1 - 2 * stats.gamma(2).isf(p), rtol=1e-12)
    np.testing.assert_allclose(law.isf(p), 1 - 2 * stats.gamma(2).ppf(p), rtol=1e-12)
    one = as_law(td.Independent(td.Normal(torch.zeros(1), torch.ones(1)), 1))
    assert one.cdf(torch.zeros(1).double()).item() == 0.5
    inverted = td.TransformedDistribution(td.Uniform(1.0, 2.0), [td.ExpTransform().inv])
    assert as_law(inverted).support == Interval(0.0, math.log(2.0), closed=True)


def test_torch_s_logistic_keeps_its_upper_tail() -> None:
    parts = [td.SigmoidTransform().inv, td.AffineTransform(1.0, 2.0)]
    law = as_law(td.TransformedDistribution(td.Uniform(0.0, 1.0), parts))
    q = torch.tensor([1e-12, 1e-300, 0.3], dtype=torch.float64)
    np.testing.assert_allclose(law.isf(q), stats.logistic(1, 2).isf(q), rtol=1e-12)
    assert law.support == Interval()


def test_an_upper_tail_that_is_noise_is_no_worse_than_scipy_s() -> None:
    law, truth = as_law(stats.triang(0.3)), stats.triang(0.3)
    q = torch.logspace(-16, -1, 50, dtype=torch.float64)
    np.testing.assert_allclose(law.isf(q), truth.isf(q), rtol=1e-7)


def test_a_gap_without_density_is_stepped_over() -> None:
    law = Mixture([0.5, 0.5], [as_law(td.Uniform(0.0, 1.0)), as_law(td.Uniform(3.0, 4.0))])
    layer = Between(as_law(NORMAL), law)
    x = torch.tensor([0.5, 2.0, 3.5], dtype=torch.float64, requires_grad=True)
    z, log_det = layer.inverse(x)
    assert z.isfinite().all()
    assert (log_det == -math.inf).tolist() == [False, True, False]
    (gradient,) = torch.autograd.grad(log_det.sum() + z.sum(), x)
    assert gradient.isfinite().all()


def test_learned_from_samples() -> None:
    """10⁵ fresh points pushed through maps learned from 20,000; bars of about 1.6 times 1/√n."""
    for truth, support in ((stats.gumbel_r(), None), (stats.beta(2, 3), unit)):
        samples = truth.rvs(20_000, random_state=1)
        law = Empirical(samples, support) if support else as_law(torch.from_numpy(samples))
        layer = Between(as_law(NORMAL), law)
        generator = torch.Generator().manual_seed(3)
        z = torch.randn(100_000, generator=generator, dtype=torch.float64)
        x, log_det = layer.forward(z)
        assert stats.kstest(x.numpy(), truth.cdf).statistic < 1.6 / math.sqrt(20_000)
        back, _ = layer.inverse(x)
        assert (back - z).abs().max() <= 1e-10
        assert log_det.isfinite().all()


def test_a_learned_law_is_a_distribution_with_the_support_it_was_given() -> None:
    samples = stats.beta(2, 3).rvs(500, random_state=2)
    for support in (Interval(), Interval(0.0, math.inf), Interval(0.0, 1.0, closed=True)):
        law = Empirical(samples, support, knots=20)
        low, high = max(support.low, -3.0), min(support.high, 4.0)
        x = torch.linspace(low, high, 200_001, dtype=torch.float64)
        density = law.log_prob(x).exp()
        assert (density > 0).all()
        assert torch.trapezoid(density, x).item() == pytest.approx(1.0, abs=1e-5)
        middle = x[1000:-1000:97].clone().requires_grad_()
        slope = (law.cdf(middle + 1e-6) - law.cdf(middle - 1e-6)) / 2e-6
        assert (slope - law.log_prob(middle).exp()).abs().max() <= 1e-3
        share = torch.tensor([1e-12, 1e-6, 0.01, 0.3, 0.5], dtype=torch.float64)
        assert ((law.cdf(law.icdf(share)) / share - 1).abs() <= 1e-9).all()
        if math.isinf(support.high):
            assert ((law.sf(law.isf(share)) / share - 1).abs() <= 1e-9).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (td.Poisson(2.0), "Poisson is discrete"),
        (stats.poisson(2.0), "poisson is discrete"),
        (td.VonMises(0.0, 1.0), "VonMises has no cdf"),
        (td.Normal(torch.zeros(3), 1.0), r"batch shape \(3,\)"),
        (td.MultivariateNormal(torch.zeros(2), torch.eye(2)), r"event shape \(2,\)"),
        (stats.multivariate_normal([0, 0]), "no distribution of one number"),
        (stats.vonmises(1.0), "lives on a circle"),
        (stats.norm([0.0, 1.0]), r"parameters of shape \(2,\)"),
        (distributions.Normal(2), r"events of shape \(2,\)"),
        ("normal", "str is no distribution of one number"),
    ],
)
def test_what_is_no_law_is_refused(given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        between(NORMAL, given)


def test_samples_that_cannot_be_learned_from_are_refused() -> None:
    with pytest.raises(DataError, match="Sample 3 is nan"):
        Empirical([1.0, 2.0, 3.0, math.nan] * 4)
    with pytest.raises(DataError, match=r"which is not in \(0, 1\)"):
        Empirical(torch.linspace(0, 2, 50), unit)
    with pytest.raises(DataError, match="discrete or constant"):
        Empirical([1.0, 2.0] * 50)
    with pytest.raises(DataError, match="eight samples"):
        Empirical([1.0, 2.0])
