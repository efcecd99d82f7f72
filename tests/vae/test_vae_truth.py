"""Bounds beside the truth: factor analysis, whose log p(x) is known, and sums over all images."""

import math

import pytest
import torch

from autoencoders import POSTERIORS, all_images, perturbed
from pushforward.vae import (
    Annealing,
    annealed_importance,
    bdmc_gap,
    elbo,
    factor_analysis,
    importance_bound,
)
from specimens import seeded


def noisy(posterior="gaussian"):
    """A linear Gaussian autoencoder whose x says so little of z that q is not far from p(z|x)."""
    vae = perturbed((6,), latent=3, likelihood="normal", posterior=posterior, seed=3)
    vae.layer.likelihood.log_scale.data.add_(1)
    return vae


@pytest.fixture(scope="module")
def linear():
    """A perturbed linear Gaussian autoencoder, 60 draws of it, and their log p(x)."""
    vae = noisy()
    x = vae.sample((60,), generator=seeded(1))
    return vae, x, factor_analysis(vae).log_prob(x)


def test_each_bound_is_sharper_than_the_one_before(linear):
    vae, x, truth = linear
    loose = elbo(vae, x, draws=400, generator=seeded(2))
    middle = importance_bound(vae, x, 50, generator=seeded(3))
    sharp = importance_bound(vae, x, 5000, generator=seeded(4))
    gaps = [(truth - bound).mean().item() for bound in (loose, middle, sharp)]
    assert gaps[0] > 2 * gaps[1] > 0
    assert gaps[1] > 4 * abs(gaps[2])


def test_importance_weights_come_to_the_truth(linear):
    vae, x, truth = linear
    repeats = [importance_bound(vae, x, 1000, generator=seeded(10 + i)).exp() for i in range(12)]
    ratio = torch.stack(repeats) / truth.exp()
    error = ratio.mean(1).std().item() / math.sqrt(len(ratio))
    assert abs(ratio.mean().item() - 1) < 3 * error < 0.1


@pytest.mark.parametrize("start", ["posterior", "prior"])
def test_annealing_comes_to_the_truth_and_knows_its_error(linear, start):
    vae, x, truth = linear
    plan = Annealing(temperatures=40, chains=32, leapfrog=3, start=start)
    found = annealed_importance(vae, x, plan, generator=seeded(5))
    standard = (found.log_prob - truth) / found.error
    assert found.error.max() < 0.25
    assert 0.7 < standard.square().mean().sqrt() < 1.4
    assert abs(standard.mean().item()) < 0.5
    assert 0.5 < found.acceptance < 0.9


@pytest.mark.parametrize("start", ["posterior", "prior"])
def test_the_truth_lies_between_both_annealed_bounds(start):
    vae = noisy()
    gaps = []
    for temperatures in (5, 40):
        plan = Annealing(temperatures=temperatures, chains=4, start=start)
        found = bdmc_gap(vae, 100, plan, generator=seeded(6))
        truth = factor_analysis(vae).log_prob(found.x)
        low, high = truth - found.lower, found.upper - truth
        assert low.mean() > -3 * low.std() / 10
        assert high.mean() > -3 * high.std() / 10
        assert math.isclose(found.gap, (low + high).mean().item(), abs_tol=1e-9)
        gaps.append(found.gap)
    assert gaps[0] > 2 * gaps[1] > 0


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_both_annealed_weights_are_right_on_average_for_every_posterior(posterior):
    vae = noisy(posterior)
    found = bdmc_gap(vae, 60, Annealing(temperatures=10, chains=4), generator=seeded(7))
    truth = factor_analysis(vae).log_prob(found.x)
    for ratio in ((found.lower - truth).exp(), (truth - found.upper).exp()):
        error = ratio.std().item() / math.sqrt(60)
        assert abs(ratio.mean().item() - 1) < 3 * error < 0.4


ALL = [(2, 2, 4, p) for p in POSTERIORS] + [
    pytest.param(3, 3, 2, p, marks=[pytest.mark.slow] * (p != "gaussian")) for p in POSTERIORS
]


@pytest.mark.parametrize(("height", "width", "values", "posterior"), ALL)
def test_probabilities_of_all_images_add_up_to_one(height, width, values, posterior):
    vae = perturbed((1, height, width), latent=2, hidden=4, values=values, posterior=posterior)
    x = all_images(height, width, values)
    assert len(x) == values ** (height * width)
    sums = torch.stack(
        [importance_bound(vae, x, 8, generator=seeded(i)).exp().sum() for i in range(10)]
    )
    error = sums.std().item() / math.sqrt(len(sums))
    assert abs(sums.mean().item() - 1) < 3 * error < 0.06


def test_bounds_of_all_images_add_up_to_less_and_rise_towards_one():
    vae = perturbed((1, 2, 2), latent=2, hidden=4, values=4, posterior_by=0.25)
    x = all_images(2, 2, 4)
    sums = [elbo(vae, x, draws=200, generator=seeded(0)).exp().sum().item()]
    for k, repeats in ((4, 30), (40, 10)):
        repeats = [importance_bound(vae, x, k, generator=seeded(i)) for i in range(repeats)]
        sums.append(torch.stack(repeats).mean(0).exp().sum().item())
    assert sums == sorted(sums)
    assert sums[0] < 0.95
    assert 0.99 < sums[-1] < 1


def test_probabilities_given_a_context_add_up_to_one_as_well():
    vae = perturbed((1, 2, 2), latent=2, hidden=4, values=3, context_features=2)
    x = all_images(2, 2, 3)
    masses = []
    for context in (torch.tensor([0.0, 1.0]), torch.tensor([30.0, -20.0])):
        bound = importance_bound(vae, x, 400, context.double(), generator=seeded(1))
        masses.append(bound.exp())
        assert abs(masses[-1].sum().item() - 1) < 0.03
    assert (masses[0] - masses[1]).abs().sum() > 0.1


def test_a_bound_does_not_depend_on_how_many_are_computed_at_once(linear):
    vae, x, _ = linear
    repeats = [
        importance_bound(vae, x[:7], 40, chunk=chunk, generator=seeded(i)).exp()
        for i in range(12)
        for chunk in (3, 7, None)
    ]
    means = torch.stack(repeats).unflatten(0, (12, 3))
    errors = means.std(0) / math.sqrt(12)
    assert ((means.mean(0) - factor_analysis(vae).log_prob(x[:7]).exp()).abs() < 4 * errors).all()
    single = importance_bound(vae, x[:1], 1, generator=seeded(3))
    assert torch.allclose(single, elbo(vae, x[:1], generator=seeded(3)))
    assert elbo(vae, x[:0]).shape == importance_bound(vae, x[:0], 5).shape == (0,)
