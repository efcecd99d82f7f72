"""Base distributions against scipy, in density and in samples.

The Kolmogorov-Smirnov tests use one fixed seed each and ask for p > 1e-4: drawn anew, the nine of
them together would raise a false alarm less than once in a thousand runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from scipy import stats
from scipy.special import logsumexp
from torch import Tensor

from pushforward import distributions
from pushforward.diagnostics import properties
from pushforward.distributions import (
    BASES,
    Distribution,
    GaussianMixture,
    MultivariateNormal,
    Normal,
    StudentT,
    Uniform,
    build_base,
)
from pushforward.errors import ConfigurationError
from pushforward.transforms.registry import perturb

FALSE_ALARM = 1e-4


def frozen(kind: str) -> Distribution:
    """One of each, with parameters that are far from trivial, in float64."""
    torch.manual_seed(0)
    makers: dict[str, Callable[[], Distribution]] = {
        "Normal": lambda: Normal(2, [1.0, -2.0], [0.5, 3.0]),
        "MultivariateNormal": lambda: MultivariateNormal(2, trainable=True),
        "Uniform": lambda: Uniform(2, [-1.0, 2.0], [0.5, 7.0]),
        "StudentT": lambda: StudentT(2, [3.0, 7.5]),
        "GaussianMixture": lambda: GaussianMixture(2, components=3),
    }
    base = makers[kind]()
    perturb(base, torch.Generator().manual_seed(1))
    return base.double()


def scipy_log_prob(base: Distribution, z: Tensor) -> Tensor:
    """The same density by scipy."""
    x = z.numpy()
    match base:
        case Normal():
            value = stats.norm(base.loc.numpy(), base.log_scale.exp().numpy()).logpdf(x).sum(-1)
        case MultivariateNormal():
            tril = base.scale_tril().detach()
            value = stats.multivariate_normal(
                base.loc.detach().numpy(), (tril @ tril.t()).numpy()
            ).logpdf(x)
        case Uniform():
            size = (base.high - base.low).numpy()
            value = stats.uniform(base.low.numpy(), size).logpdf(x).sum(-1)
        case StudentT():
            value = stats.t(base.log_df.exp().numpy()).logpdf(x).sum(-1)
        case GaussianMixture():
            weights, trils = base.logits.softmax(0).detach(), base.scale_tril().detach()
            parts = [
                w.log().item() + stats.multivariate_normal(m.numpy(), (t @ t.t()).numpy()).logpdf(x)
                for w, m, t in zip(weights, base.loc.detach(), trils, strict=True)
            ]
            value = logsumexp(parts, axis=0)
        case _:
            raise AssertionError(f"no reference for {type(base).__name__}")
    return torch.as_tensor(value)


EVERY = pytest.mark.parametrize("kind", BASES)


def test_every_exported_base_is_measured() -> None:
    exported = [getattr(distributions, name) for name in distributions.__all__]
    concrete = {c for c in exported if isinstance(c, type)} - {Distribution}
    assert concrete == set(BASES.values())
    for kind in BASES:
        assert type(frozen(kind)) is BASES[kind]


@EVERY
def test_densities_are_scipys(kind: str) -> None:
    base = frozen(kind)
    inside = base.sample((200,), generator=torch.Generator().manual_seed(2)).detach()
    z = torch.cat([inside, 10 * inside])
    torch.testing.assert_close(
        base.log_prob(z).detach(), scipy_log_prob(base, z), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("kind", ["Normal", "Uniform", "StudentT", "MultivariateNormal"])
def test_samples_follow_the_marginal_distributions(kind: str, column: int) -> None:
    base = frozen(kind)
    x = base.sample((20_000,), generator=torch.Generator().manual_seed(3)).detach()[:, column]
    match base:
        case Normal():
            reference = stats.norm(base.loc[column], base.log_scale[column].exp())
        case MultivariateNormal():
            spread = base.scale_tril()[column].norm().item()
            reference = stats.norm(base.loc[column].item(), spread)
        case Uniform():
            reference = stats.uniform(base.low[column], base.high[column] - base.low[column])
        case _:
            reference = stats.t(base.log_df.exp()[column])
    assert stats.kstest(x.numpy(), reference.cdf).pvalue > FALSE_ALARM


def test_samples_of_a_mixture_follow_its_marginals() -> None:
    base = frozen("GaussianMixture")
    x = base.sample((20_000,), generator=torch.Generator().manual_seed(3)).detach()[:, 0].numpy()
    weights = base.logits.softmax(0).tolist()
    loc = base.loc[:, 0].tolist()
    spread = base.scale_tril()[:, 0, 0].tolist()

    def cdf(x: Tensor) -> Tensor:
        return sum(
            w * stats.norm(m, s).cdf(x) for w, m, s in zip(weights, loc, spread, strict=True)
        )

    assert stats.kstest(x, cdf).pvalue > FALSE_ALARM


def test_samples_of_a_full_normal_have_its_covariance() -> None:
    base = frozen("MultivariateNormal")
    x = base.sample((50_000,), generator=torch.Generator().manual_seed(3)).detach()
    tril = base.scale_tril().detach()
    torch.testing.assert_close(x.t().cov(), tril @ tril.t(), rtol=0.05, atol=0.02)


@EVERY
def test_the_contract_of_shapes_types_and_rows(kind: str) -> None:
    base = frozen(kind)
    for dtype in (torch.float64, torch.float32):
        base = base.to(dtype)
        for batch in ((), (0,), (3,), (2, 3)):
            z = base.sample(batch)
            assert z.shape == (*batch, 2)
            assert base.log_prob(z).shape == batch
            assert z.dtype == base.log_prob(z).dtype == dtype
        assert base.sample((4,), torch.zeros(5, 3)).shape == (4, 5, 2)
        z = base.sample((20,)).detach()
        assert properties.alone_error(base.log_prob, z).max() <= properties.ALONE_BAR[dtype]


@EVERY
def test_a_seed_gives_the_same_samples(kind: str) -> None:
    base = frozen(kind)
    first, second = (base.sample((5,), generator=torch.Generator().manual_seed(9)) for _ in "ab")
    assert torch.equal(first, second)


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
def test_far_out_densities_have_finite_gradients(kind: str, dtype: torch.dtype) -> None:
    base = frozen(kind).to(dtype)
    z = torch.tensor([[1e30, -1e30], [1e4, 0.0], [0.0, math.inf], [-1e-30, 1e30]], dtype=dtype)
    log_prob = base.log_prob(z)
    assert (log_prob < -10).all()  # a NaN would not be
    assert properties.score_gradients(base.log_prob, z, None, base.parameters()) == 0


@EVERY
def test_a_nan_is_seen(kind: str) -> None:
    log_prob = frozen(kind).log_prob(torch.tensor([[math.nan, 0.1], [0.1, 2.5]]).double())
    assert log_prob.isnan().tolist() == [True, False]


def test_a_uniform_is_zero_outside_and_closed() -> None:
    base = Uniform(1, 0.0, 2.0)
    log_prob = base.log_prob(torch.tensor([[-1e-6], [0.0], [2.0], [2.1]]))
    assert (log_prob == -math.inf).tolist() == [True, False, False, True]


@pytest.mark.parametrize("d", [1, 3, 10])
def test_a_standard_normal_has_its_entropy(d: int) -> None:
    """(d/2)·log(2πe), from samples whose mean square is made exactly one."""
    z = torch.randn(1000, d, generator=torch.Generator().manual_seed(0)).double()
    z = z / z.square().mean().sqrt()
    entropy = -Normal(d).double().log_prob(z).mean().item()
    assert entropy == pytest.approx(0.5 * d * math.log(2 * math.pi * math.e), abs=1e-12)


@pytest.mark.parametrize("kind", ["MultivariateNormal", "GaussianMixture"])
def test_initialization_makes_data_likely(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(600, 2, generator=generator) @ torch.tensor([[3.0, 1.0], [0.0, 0.2]]) + 5
    x[:200] -= 10
    base = BASES[kind](2)  # type: ignore[call-arg]
    before = base.log_prob(x).mean()
    base.initialize(x)
    assert base.log_prob(x).mean() > before + 5
    if kind == "MultivariateNormal":
        torch.testing.assert_close(
            base.scale_tril() @ base.scale_tril().t(), x.t().cov(), rtol=0.02, atol=0
        )


def test_a_mixture_refuses_too_few_rows() -> None:
    with pytest.raises(ConfigurationError, match="3 components needs at least 3 rows, not 2"):
        GaussianMixture(2, components=3).initialize(torch.randn(2, 2))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Normal(2, scale=0.0),
        lambda: Normal(2, loc=[1.0, 2.0, 3.0]),
        lambda: Uniform(1, 2.0, 2.0),
        lambda: StudentT(1, df=-1.0),
        lambda: GaussianMixture(2, components=0),
        lambda: build_base("cauchy", 2),
        lambda: build_base(Normal(3), 2),
    ],
)
def test_impossible_arguments_are_refused(make: Callable[[], Distribution]) -> None:
    with pytest.raises(ConfigurationError):
        make()


@EVERY
def test_a_base_is_made_again_from_its_record(kind: str) -> None:
    base = BASES[kind](2)  # type: ignore[call-arg]
    again = build_base(base.made_by, 2)
    assert type(again) is type(base)
    again.load_state_dict(base.state_dict())
    z = torch.rand(3, 2)
    assert torch.equal(again.log_prob(z), base.log_prob(z))
