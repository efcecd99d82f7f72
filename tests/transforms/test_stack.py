"""A stack is the mixture of its members: density, samples, latents, context."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from pushforward import Flow
from pushforward.distributions import Normal
from pushforward.errors import ConfigurationError
from pushforward.transforms import Autoregressive, Permutation, Stack
from pushforward.transforms.stack import Chain, Gaussians
from pushforward.transforms.stack.conditionals import Conditionals, latent, of_normal

W = torch.tensor([0.3, 0.7], dtype=torch.float64)


def two_gaussians(shared: bool = False, context_features: int = 0) -> Gaussians:
    n = 2 + context_features
    member = Gaussians(2, 2, shared, context_features).double()
    generator = torch.Generator().manual_seed(0)
    tril = torch.randn(1 if shared else 2, n, n, generator=generator).double().tril(-1)
    loc = 2 * torch.randn(2, n, generator=generator).double()
    member.place(W.log(), loc, tril + 0.5 * torch.eye(n).double())
    return member


def by_scipy(member: Gaussians, x: Tensor) -> Tensor:
    tril = torch.linalg.inv(member.whiten)
    covariance = (tril @ tril.mT).expand(len(member.loc), -1, -1)
    each = [
        stats.multivariate_normal(m.numpy(), c.numpy()).logpdf(x.numpy())
        for m, c in zip(member.loc, covariance, strict=True)
    ]
    return torch.logsumexp(W.log()[:, None] + torch.as_tensor(np.stack(each)), 0)


def points(n: int, d: int = 2, seed: int = 1) -> Tensor:
    return 2 * torch.randn(n, d, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("shared", [False, True])
def test_a_sum_of_gaussians_has_scipys_density(shared: bool) -> None:
    member, x = two_gaussians(shared), points(50)
    expected = by_scipy(member, x)
    assert torch.allclose(member.log_prob(x), expected, atol=1e-10)
    assert torch.allclose(member.conditionals(x).log_prob.sum(-1), expected, atol=1e-10)


@pytest.mark.parametrize("shared", [False, True])
def test_given_a_context_it_is_the_joint_over_the_marginal(shared: bool) -> None:
    member, joint = two_gaussians(shared, 1), points(50, 3)
    marginal = Gaussians(1, 2, shared).double()
    tril = torch.linalg.inv(member.whiten)[:, :1, :1]
    marginal.place(W.log(), member.loc[:, :1], tril)
    expected = by_scipy(member, joint) - marginal.log_prob(joint[:, :1])
    found = member.log_prob(joint[:, 1:], joint[:, :1])
    assert torch.allclose(found, expected, atol=1e-10)
    apart = member.conditionals(joint[:, 1:], joint[:, :1]).log_prob.sum(-1)
    assert torch.allclose(apart, expected, atol=1e-10)


def small_stack() -> Stack:
    torch.manual_seed(0)
    layer = Autoregressive(2, hidden=(8,)).double()
    with torch.no_grad():
        for p in layer.parameters():
            p.add_(0.5 * torch.randn_like(p))
    stack = Stack([two_gaussians(), Chain(2, [layer]), two_gaussians(True)]).double()
    stack.weigh(torch.tensor([0.2, 0.5, 0.3]))
    return stack.requires_grad_(False)


def test_its_density_is_the_weighted_sum() -> None:
    stack, x = small_stack(), points(100)
    flow = Flow(Normal(2).double(), stack)
    each = torch.stack([m.log_prob(x) for m in stack.members])
    expected = torch.logsumexp(torch.tensor([[0.2], [0.5], [0.3]]).double().log() + each, 0)
    assert torch.allclose(flow.log_prob(x), expected, atol=1e-7)  # weights came in float32
    z, log_det = stack.inverse(x)
    assert torch.allclose(flow.base.log_prob(z) + log_det, expected, atol=1e-7)


def test_samples_are_of_its_law_and_latents_of_the_base() -> None:
    """Kolmogorov-Smirnov at 1e-4 on four marginals: a false alarm in 2,500 runs; seeded."""
    flow = Flow(Normal(2).double(), small_stack())
    x = flow.sample((4000,), generator=torch.Generator().manual_seed(0))
    z = flow.encode(x)
    decoded = flow.decode(points(4000, seed=5) / 2)
    for j in range(2):
        assert stats.kstest(z[:, j].numpy(), "norm").pvalue > 1e-4
        assert stats.ks_2samp(x[:, j].numpy(), decoded[:, j].numpy()).pvalue > 1e-4
    assert abs(torch.corrcoef(z.T)[0, 1]) < 4 / math.sqrt(4000)


def test_conditional_samples_are_of_the_conditional_law() -> None:
    """The same test at 1e-4 for two features given one context: a false alarm in 5,000 runs."""
    flow = Flow(Normal(2).double(), Stack([two_gaussians(context_features=1)]).double())
    c = torch.full((4000, 1), 0.7).double()
    x = flow.sample((), c, torch.Generator().manual_seed(0))
    for j in range(2):
        assert stats.kstest(flow.encode(x, c)[:, j].numpy(), "norm").pvalue > 1e-4


def test_far_tails_keep_their_digits() -> None:
    z = torch.tensor([-1e3, -40.0, -9.0, 0.0, 9.0, 40.0, 1e3], dtype=torch.float64)
    found, log_slope = latent(of_normal(z, torch.zeros_like(z)))
    assert torch.allclose(found, z, rtol=1e-13)
    assert log_slope.abs().max() < 1e-9
    halves = torch.full((1,), -math.log(2), dtype=torch.float64)
    assert latent(Conditionals(halves, halves, halves))[0].abs() < 1e-15


def test_what_takes_another_order_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Permutation"):
        Chain(2, [Permutation([1, 0])])
    with pytest.raises(ConfigurationError, match="Autoregressive"):
        Chain(2, [Autoregressive(2, order=[1, 0])])
    with pytest.raises(ConfigurationError, match="none"):
        Stack([])
    with pytest.raises(ConfigurationError, match="same features"):
        Stack([Gaussians(2, 1), Gaussians(3, 1)])
