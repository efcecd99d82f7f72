"""Quadrature and bridge against integrals that are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pushforward.diagnostics.bridge import bridge
from pushforward.diagnostics.quadrature import by_factors, equal_cells, integrate
from pushforward.diagnostics.sampling import cell_pvalue, step_pvalue
from pushforward.distributions import Distribution, GaussianMixture, Normal, StudentT, Uniform


def samples(base: Distribution, count: int = 2**15) -> Tensor:
    return base.sample((count,), generator=torch.Generator().manual_seed(0)).detach()


def spikes(d: int) -> GaussianMixture:
    """Two modes a ten-thousandth as wide as they are apart."""
    base = GaussianMixture(d, components=2)
    with torch.no_grad():
        base.loc.copy_(torch.tensor([[-5.0], [5.0]]).expand(2, d))
        base.log_diagonal.fill_(math.log(1e-3))
    return base.double()


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize(
    "make",
    [
        lambda d: Normal(d, 100.0, 1e-3).double(),
        lambda d: Uniform(d, -1.0, 3.0).double(),
        lambda d: StudentT(d, 4.0).double(),
        spikes,
    ],
    ids=["narrow", "box", "tails", "spikes"],
)
def test_densities_integrate_to_one(make: type, d: int) -> None:
    base = make(d)
    found = integrate(base.log_prob, samples(base))
    assert abs(found.value - 1) < 1e-3
    assert found.error < 1e-3


@pytest.mark.parametrize("d", [1, 2])
def test_a_factor_on_the_density_is_found(d: int) -> None:
    base = Normal(d).double()
    found = integrate(lambda x: base.log_prob(x) + math.log(1.002), samples(base))
    assert found.value == pytest.approx(1.002, abs=3e-4)


def test_the_support_cuts_the_box() -> None:
    base = Normal(1).double()
    found = integrate(base.log_prob, samples(base), low=0.0)
    assert found.value == pytest.approx(0.5, abs=1e-6)


def test_it_stops_and_says_what_is_missing() -> None:
    base = Uniform(2).double()
    disc = samples(base)
    disc = disc[disc.square().sum(1) < 1]

    def quarter(x: Tensor) -> Tensor:
        return torch.where(x.square().sum(1) < 1, math.log(4 / math.pi), -math.inf)

    found = integrate(quarter, disc, low=0.0, max_evaluations=100_000)
    assert found.evaluations < 400_000
    assert abs(found.value - 1) < found.error < 0.1


@pytest.mark.parametrize("d", [1, 2, 3])
def test_cells_tile_the_box_and_share_the_samples(d: int) -> None:
    x = samples(StudentT(d, 3.0).double(), 2**12)
    cells = equal_cells(x, -math.inf, math.inf, cells=64)
    volume = (cells.high - cells.low).prod(1)
    assert (volume >= 0).all()
    low, high = x.amin(0), x.amax(0)
    torch.testing.assert_close(volume.sum(), (1.5 * (high - low)).prod())
    inside = ((x[:, None] >= cells.low) & (x[:, None] < cells.high)).all(-1)
    assert (inside.sum(1) == 1).all()
    assert (inside.sum(0) == 64).all()


@pytest.mark.parametrize("factor", [1.0, 1.2])
def test_the_bridge_finds_a_total_that_a_gaussian_hardly_reaches(factor: float) -> None:
    """Heavy tails in five dimensions: the plain mean of p/q is useless there."""
    base = StudentT(5, 2.0).double()
    found = bridge(lambda x: base.log_prob(x) + math.log(factor), samples(base, 20_000))
    assert abs(found.value - factor) < 4 * found.standard_error
    assert found.standard_error < 0.03
    assert found.ess > 1000


def test_the_bridge_does_not_mind_columns_of_unlike_sizes() -> None:
    base = Normal(3, [1e6, 0.0, 0.0], [1e3, 1e-6, 1.0]).double()
    found = bridge(base.log_prob, samples(base, 4000), components=2)
    assert abs(found.value - 1) < 4 * found.standard_error < 0.1


def test_the_bridge_says_nothing_of_a_density_that_is_nowhere() -> None:
    found = bridge(lambda x: torch.full((len(x),), -math.inf), samples(Normal(3), 4000))
    assert math.isnan(found.value)


def test_the_bridge_admits_when_it_cannot_reach() -> None:
    """A thin shell in twenty dimensions is not a mixture of a few ellipsoids."""
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(6000, 20, generator=generator).double()
    shell = direction / direction.norm(dim=1, keepdim=True)
    shell = shell * (1 + 1e-4 * torch.randn(6000, 1, generator=generator).double())

    def thin(x: Tensor) -> Tensor:
        r = x.norm(dim=1)
        area = math.log(2) + 10 * math.log(math.pi) - math.lgamma(10) + 19 * r.log()
        return -0.5 * ((r - 1) / 1e-4).square() - math.log(1e-4 * math.sqrt(2 * math.pi)) - area

    found = bridge(thin, shell, components=1)
    assert found.standard_error > 0.02


BASES = pytest.mark.parametrize("make", [Normal, Uniform, StudentT], ids=lambda make: make.__name__)


@BASES
@pytest.mark.parametrize("d", [1, 2, 70])
def test_steps_leave_right_samples_alone(make: type, d: int) -> None:
    base = make(d).double()
    x = samples(base, 20_000)
    assert step_pvalue(base.log_prob, x) > 1e-4
    assert step_pvalue(base.log_prob, x + 0.1 * x.std(0)) < 1e-4


@BASES
def test_cells_count_right_samples(make: type) -> None:
    base = make(2).double()
    found = integrate(base.log_prob, samples(base))
    x = base.sample((20_000,), generator=torch.Generator().manual_seed(1))
    assert cell_pvalue(found, x) > 1e-4
    assert cell_pvalue(found, 0.9 * x) < 1e-4


@BASES
def test_factors_multiply_to_one(make: type) -> None:
    base = make(20).double()
    found = by_factors(base.log_prob, samples(base, 20_000))
    assert found is not None
    assert abs(found.value - 1) < 1e-3 + found.error < 5e-3


def test_a_density_without_factors_has_no_product() -> None:
    base = spikes(3)
    assert by_factors(base.log_prob, samples(base, 2000)) is None
