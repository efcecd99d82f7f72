"""What single layers promise beyond the generic contract."""

from __future__ import annotations

import math
import warnings

import pytest
import torch

from pushforward.errors import ConfigurationError
from pushforward.numerics import increasing_root
from pushforward.transforms import (
    ActNorm,
    Affine,
    Autoregressive,
    Coupling,
    Elementwise,
    Exp,
    LULinear,
    Orthogonal,
    Permutation,
    Planar,
    RationalQuadraticSpline,
    Softplus,
    Standardize,
    Tanh,
    Transform,
    Whiten,
)
from pushforward.transforms.gain import LEAST
from pushforward.transforms.registry import MAPS, perturb
from pushforward.univariate import Fast

CONDITIONED = [
    Coupling(3, hidden=(4,), context_features=2),
    Autoregressive(3, hidden=(4,), context_features=2),
    Autoregressive(3, hidden=(), context_features=2),
    Planar(3, context_features=2),
]


@pytest.mark.parametrize("layer", CONDITIONED, ids=lambda t: type(t).__name__)
def test_conditioned_layers_start_at_the_identity(layer: Transform) -> None:
    z, context = torch.randn(5, 3), torch.randn(5, 2)
    x, log_det = layer.forward(z, context)
    torch.testing.assert_close(x, z)
    torch.testing.assert_close(log_det, torch.zeros(5))


@pytest.mark.parametrize("fast", ["density", "sampling"])
def test_the_cheap_direction_is_the_one_asked_for(fast: Fast) -> None:
    way = {"density": "inverse", "sampling": "forward"}[fast]
    assert Autoregressive(2, hidden=(4,), fast=fast).cheap == {way}
    assert Coupling(2, hidden=(4,), fast=fast).cheap == {"forward", "inverse"}


@pytest.mark.parametrize("make", [Elementwise, lambda m, f: Coupling(2, m, fast=f)])
def test_an_unknown_direction_is_refused(make: type) -> None:
    with pytest.raises(ConfigurationError, match="'quick'"):
        make(MAPS["Affine"], "quick") if make is not Elementwise else make(
            MAPS["Affine"], (), "quick"
        )


def test_a_coupling_leaves_the_others_as_they_are() -> None:
    layer = Coupling(4, transformed=[0, 2], hidden=(4,))
    perturb(layer, torch.Generator().manual_seed(0))
    z = torch.randn(5, 4)
    x, _ = layer.forward(z)
    assert torch.equal(x[:, [1, 3]], z[:, [1, 3]])
    assert not torch.isclose(x[:, [0, 2]], z[:, [0, 2]]).any()


@pytest.mark.parametrize("transformed", [[], [0, 0], [3], [-1]])
def test_a_coupling_refuses_impossible_features(transformed: list[int]) -> None:
    with pytest.raises(ConfigurationError, match="0 … 2"):
        Coupling(3, transformed=transformed)


@pytest.mark.parametrize("permutation", [[0, 0], [1, 2], [0, 2, 1, 4]])
def test_a_permutation_refuses_what_is_none(permutation: list[int]) -> None:
    with pytest.raises(ConfigurationError, match="each of 0"):
        Permutation(permutation)


@pytest.mark.parametrize(("loc", "scale"), [(0.0, 0.0), (math.nan, 1.0), (0.0, math.inf)])
def test_an_affine_map_refuses_what_cannot_be_undone(loc: float, scale: float) -> None:
    with pytest.raises(ConfigurationError, match="finite"):
        Affine(loc, scale)


@pytest.mark.parametrize("count", [0, 4])
def test_orthogonal_refuses_an_impossible_count(count: int) -> None:
    with pytest.raises(ConfigurationError, match=f"1 to 3 reflections, not {count}"):
        Orthogonal(3, count)


@pytest.mark.parametrize("reflections", [1, 2, 5])
def test_orthogonal_is_orthogonal(reflections: int) -> None:
    layer = Orthogonal(5, reflections).double()
    perturb(layer, torch.Generator().manual_seed(0))
    q = layer.matrix()
    torch.testing.assert_close(q @ q.t(), torch.eye(5).double(), atol=1e-14, rtol=0)
    assert not torch.allclose(q, torch.eye(5).double(), atol=0.1)


def test_lu_is_the_product_of_its_factors() -> None:
    layer = LULinear(4).double()
    perturb(layer, torch.Generator().manual_seed(0))
    lower, upper = layer.factors()
    z = torch.randn(3, 4).double()
    torch.testing.assert_close(layer.forward(z)[0], z @ (lower @ upper).t() + layer.bias)


@pytest.mark.parametrize(
    "layer", [ActNorm(2), Standardize(2), Whiten(2)], ids=lambda t: type(t).__name__
)
def test_scalers_are_set_from_data(layer: Transform) -> None:
    torch.manual_seed(0)
    x = torch.tensor([10.0, -5.0]) + torch.tensor([0.1, 100.0]) * torch.randn(500, 2)
    layer.initialize(x)
    z, _ = layer.inverse(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.std(0, correction=0), torch.ones(2), atol=1e-4, rtol=0)


def test_a_constant_column_does_not_break_a_scaler() -> None:
    layer = Standardize(2)
    layer.initialize(torch.tensor([[1.0, 7.0], [3.0, 7.0]]))
    z, log_det = layer.inverse(torch.tensor([[1.0, 7.0]]))
    assert z.tolist() == [[-1.0, 0.0]]
    assert log_det.isfinite().all()


def test_whitening_is_the_same_map_in_both_precisions() -> None:
    """Its factors are stored in float32: in float64 they must still be exactly one matrix."""
    torch.manual_seed(0)
    x = torch.randn(500, 3)
    x[:, 2] = x[:, 0] + 0.01 * x[:, 1]
    layer = Whiten(3)
    layer.initialize(x)
    wide = layer.double()
    z, log_det = wide.inverse(x.double())
    torch.testing.assert_close(wide.forward(z)[0], x.double(), atol=1e-12, rtol=1e-12)
    matrix = torch.func.jacrev(lambda row: wide.inverse(row)[0])(x[0].double())
    torch.testing.assert_close(
        log_det[0], torch.linalg.slogdet(matrix).logabsdet, atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_exp_saturates_at_the_largest_number(dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    x, _ = Exp().forward(torch.tensor([1e4, math.log(largest)], dtype=dtype))
    assert x.isfinite().all()
    assert (x > 0.99 * largest).all()


def test_softplus_keeps_its_digits_far_out() -> None:
    z = torch.tensor([-40.0, 25.0], dtype=torch.float64)
    x, _ = Softplus().forward(z)
    torch.testing.assert_close(x, torch.log1p(z.exp()), rtol=1e-15, atol=0)
    torch.testing.assert_close(Softplus().inverse(x)[0], z, rtol=1e-14, atol=0)


def test_tanh_keeps_its_log_slope_where_it_is_flat() -> None:
    _, log_det = Tanh().forward(torch.tensor([300.0], dtype=torch.float64))
    torch.testing.assert_close(log_det.item(), math.log(4) - 600.0)


def test_planar_is_invertible_whatever_its_parameters() -> None:
    layer = Planar(2).double()
    with torch.no_grad():
        layer.w.copy_(torch.tensor([3.0, -1.0]))
        layer.u.copy_(torch.tensor([-9.0, 9.0]))  # w·u = -36, far below -1
    z = torch.randn(200, 2, generator=torch.Generator().manual_seed(0)).double()
    x, log_det = layer.forward(z)
    assert log_det.isfinite().all()
    assert layer.residual(x).max() < 1e-13


@pytest.mark.parametrize("size", [0.0, 1e-200, 1e-9, 1e-4])
def test_planar_stays_in_order_as_its_direction_vanishes(size: float) -> None:
    """û = u + (m(w·u) - w·u)·w/|w|² is 0/0 in the limit; it must not amplify rounding."""
    layer = Planar(2).double()
    with torch.no_grad():
        layer.w.copy_(size * torch.tensor([0.6, -0.8]))
        layer.u.copy_(torch.tensor([1.0, 0.5]))
        layer.b.fill_(0.3)
    z = torch.randn(4, 2).double().requires_grad_()
    x, log_det = layer.forward(z)
    # Along w, the surplus is (1 - LEAST)(1 - 1/e)·a to first order; across it u is kept.
    w = torch.tensor([0.6, -0.8]).double()
    lost = 1 - (1 - LEAST) * (1 - 1 / math.e)
    u = layer.u - (w @ layer.u) * w * lost * (size > 1e-150)
    torch.testing.assert_close(x, z + u * math.tanh(0.3), atol=10 * size + 1e-14, rtol=0)
    gradients = torch.autograd.grad((x.sum() + log_det.sum()), [z, *layer.parameters()])
    assert all(g.isfinite().all() for g in gradients)


def test_a_root_that_is_not_bracketed_is_found_all_the_same() -> None:
    target = torch.tensor([-1e6, 0.0, 1e6], dtype=torch.float64)
    root = increasing_root(lambda a: (a - target, torch.ones_like(a)), target * 0, target * 0 + 1)
    torch.testing.assert_close(root, target)


def test_a_root_that_does_not_settle_says_so() -> None:
    from pushforward.errors import NumericalInverseWarning

    low, high = torch.tensor([0.0]), torch.tensor([2.0])
    with pytest.warns(NumericalInverseWarning, match="did not settle in 1 steps"):
        increasing_root(lambda a: (a**3 - 5, 3 * a**2), low, high, iterations=1)


def test_a_nan_does_not_hold_up_a_root() -> None:
    target = torch.tensor([math.nan, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        root = increasing_root(
            lambda a: (a - target, torch.ones_like(a)), target * 0, target * 0 + 2
        )
    assert root[1].item() == 1.0


def test_the_unconditional_spline_has_its_own_knots_per_feature() -> None:
    layer = RationalQuadraticSpline(3, bins=4, bound=2.0)
    assert layer.params.shape == (3, 11)
    perturb(layer, torch.Generator().manual_seed(0))
    x, _ = layer.forward(torch.full((1, 3), 0.5))
    assert len(set(x[0].tolist())) == 3
