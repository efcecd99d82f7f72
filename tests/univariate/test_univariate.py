"""Monotone maps of one number, and above all the spline's dark corners."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.kernels.rational_quadratic import sizes
from pushforward.transforms.registry import MAPS
from pushforward.univariate import Affine, RationalQuadraticSpline, Univariate, orient

EVERY = pytest.mark.parametrize("univariate", MAPS.values(), ids=MAPS.keys())
PRECISIONS = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])


def random_params(univariate: Univariate, rows: int, size: float = 0.5) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return size * torch.randn(rows, univariate.n_params, generator=generator)


@EVERY
def test_no_parameters_at_all_is_the_identity(univariate: Univariate) -> None:
    u = torch.linspace(-6, 6, 101, dtype=torch.float64)
    params = torch.zeros(101, univariate.n_params, dtype=torch.float64)
    for function in (univariate.forward, univariate.inverse):
        v, log_det = function(u, params)
        torch.testing.assert_close(v, u, atol=1e-14, rtol=0)
        torch.testing.assert_close(log_det, torch.zeros_like(u), atol=1e-14, rtol=0)


@EVERY
def test_maps_increase(univariate: Univariate) -> None:
    params = random_params(univariate, 1).double().expand(1001, -1)
    v, _ = univariate.forward(torch.linspace(-6, 6, 1001, dtype=torch.float64), params)
    assert (v.diff() > 0).all()


@EVERY
def test_one_set_of_parameters_is_shared_by_broadcasting(univariate: Univariate) -> None:
    u, params = torch.randn(5, 3), random_params(univariate, 3)
    v, log_det = univariate.forward(u, params)
    each = univariate.forward(u, params.expand(5, 3, -1))
    assert torch.equal(v, each[0])
    assert torch.equal(log_det, each[1])
    assert v.shape == log_det.shape == u.shape


def test_orient_puts_the_formula_on_the_fast_side() -> None:
    spline = RationalQuadraticSpline()
    assert orient(spline, "density") == (spline.inverse, spline.forward)
    assert orient(spline, "sampling") == (spline.forward, spline.inverse)
    with pytest.raises(ConfigurationError, match="'quick'"):
        orient(spline, "quick")  # type: ignore[arg-type]


def test_an_affine_scale_is_bounded() -> None:
    params = torch.tensor([[0.0, 1e6], [0.0, -1e6]])
    _, log_det = Affine(bound=5.0).forward(torch.ones(2), params)
    assert log_det.tolist() == [5.0, -5.0]


@pytest.mark.parametrize("arguments", [(0, 5.0), (4, 0.0), (4, -1.0), (4, math.inf)])
def test_a_spline_refuses_what_is_none(arguments: tuple[int, float]) -> None:
    with pytest.raises(ConfigurationError):
        RationalQuadraticSpline(*arguments)


SPLINE = RationalQuadraticSpline(bins=6, bound=3.0)


def left_knots(logits: Tensor) -> Tensor:
    """Where each bin of `SPLINE` begins."""
    widths = sizes(logits, SPLINE.bound)
    return widths.cumsum(-1) - widths - SPLINE.bound


def test_a_spline_is_smooth_where_it_meets_its_tails_and_at_its_knots() -> None:
    params = random_params(SPLINE, 1, size=1.0).double()
    knots = left_knots(params[:, : SPLINE.bins])
    places = torch.cat([knots[0], torch.tensor([3.0], dtype=torch.float64)])
    for side in (SPLINE.forward, SPLINE.inverse):
        at = places
        if side == SPLINE.inverse:
            at = SPLINE.forward(places, params.expand(len(places), -1))[0]
        left, right = at - 1e-10, at + 1e-10
        for a, b in zip(
            side(left, params.expand(len(at), -1)),
            side(right, params.expand(len(at), -1)),
            strict=True,
        ):
            torch.testing.assert_close(a, b, atol=1e-7, rtol=0)


@PRECISIONS
@pytest.mark.parametrize("size", [0.0, 1.0, 30.0, 1e4])
def test_a_spline_of_any_parameters_has_finite_values_and_gradients(
    dtype: torch.dtype, size: float
) -> None:
    """At ±1e30, exactly at the bound and at the knots; also where logits are absurd."""
    params = random_params(SPLINE, 4000, size).to(dtype)
    u = 7.2 * torch.rand(4000, generator=torch.Generator().manual_seed(1)) - 3.6
    u[:6] = torch.tensor([1e30, -1e30, 3.0, -3.0, 0.0, math.nextafter(3.0, 4.0)])
    u = u.to(dtype)
    x_knots = left_knots(params[:, : SPLINE.bins])
    y_knots = left_knots(params[:, SPLINE.bins : 2 * SPLINE.bins])
    for side, knots in ((SPLINE.forward, x_knots), (SPLINE.inverse, y_knots)):
        at = torch.cat([u[:2000], knots[2000:, 2]]).requires_grad_()
        leaf = params.clone().requires_grad_()
        v, log_det = side(at, leaf)
        for output in (v, log_det):
            assert output.isfinite().all()
            for gradient in torch.autograd.grad(output.sum(), [at, leaf], retain_graph=True):
                assert gradient.isfinite().all()


@PRECISIONS
@pytest.mark.parametrize("edge", [1e30, -1e30, 3.0, -3.0])
def test_a_batch_of_tails_alone_has_finite_gradients(dtype: torch.dtype, edge: float) -> None:
    params = random_params(SPLINE, 4).to(dtype).requires_grad_()
    u = torch.full((4,), edge, dtype=dtype).requires_grad_()
    for side in (SPLINE.forward, SPLINE.inverse):
        v, log_det = side(u, params)
        for gradient in torch.autograd.grad(v.sum() + log_det.sum(), [u, params]):
            assert gradient.isfinite().all()


@PRECISIONS
def test_the_discriminant_is_never_negative(dtype: torch.dtype) -> None:
    """The inverse of what the map itself gives, in steep and flat bins, without a NaN."""
    generator = torch.Generator().manual_seed(0)
    params = (10 * torch.randn(20_000, SPLINE.n_params, generator=generator)).to(dtype)
    u = (6 * torch.rand(20_000, generator=generator) - 3).to(dtype)
    v, log_det = SPLINE.forward(u, params)
    back, inverse_log_det = SPLINE.inverse(v, params)
    assert back.isfinite().all()
    assert inverse_log_det.isfinite().all()
    assert (back.abs() <= 3.0).all()
    again, _ = SPLINE.forward(back, params)
    bar = 32 * torch.finfo(dtype).eps * (SPLINE.scale + u.abs() * log_det.exp() + v.abs())
    assert ((again - v).abs() <= bar).all()
