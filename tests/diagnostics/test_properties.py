"""The measures themselves, on maps whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pushforward.diagnostics import properties
from pushforward.transforms import Affine, Coupling, Exp, Inverse, RationalQuadraticSpline
from pushforward.univariate import RationalQuadraticSpline as SplineMap


def test_the_jacobian_of_a_linear_map_is_its_matrix() -> None:
    matrix = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double()
    found = properties.jacobian(lambda z, _: (z @ matrix.t(), z[:, 0]), torch.randn(5, 3).double())
    torch.testing.assert_close(found, matrix.expand(5, 3, 3))


class Doubled(torch.autograd.Function):
    """2x, with a backward pass of its own that cannot be vectorised."""

    @staticmethod
    def forward(_: object, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(_: object, gradient: Tensor) -> Tensor:
        return torch.from_numpy(2 * gradient.numpy())


def test_a_backward_pass_of_its_own_is_taken_one_by_one() -> None:
    found = properties.jacobian(lambda z, _: (Doubled.apply(z), z[:, 0]), torch.randn(4, 3))
    assert torch.equal(found, 2 * torch.eye(3).expand(4, 3, 3))


def test_a_log_det_that_is_off_is_measured_in_nats() -> None:
    def wrong(z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return 2 * z, torch.full(z.shape[:1], 2 * math.log(2) + 0.25, dtype=z.dtype)

    error = properties.log_det_error(wrong, torch.zeros(4, 2).double())
    torch.testing.assert_close(error, torch.full((4,), 0.25, dtype=torch.float64))


def test_a_round_trip_that_misses_is_measured_in_roundings() -> None:
    eps = torch.finfo(torch.float64).eps

    def there(z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return z, z[:, 0]

    def back(x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return x + 300 * eps, x[:, 0]

    z = torch.ones(1, 1).double()
    error = properties.round_trip(there, back, z, scale=1.0)  # the scale is 1 + |z| + |x|·1 = 3
    assert error.item() == pytest.approx(100)


def test_gradients_that_are_not_finite_are_counted() -> None:
    x = torch.tensor([0.0, 1.0, 0.0], requires_grad=True)
    y = torch.tensor([1.0], requires_grad=True)
    assert properties.unhealthy_gradients([x.sqrt(), x * y], [x, y]) == 2
    assert properties.unhealthy_gradients([torch.zeros(3)], [x]) == 0


def test_a_where_that_hides_a_nan_is_found() -> None:
    """The classic: the value is right, the gradient is NaN."""

    def score(x: Tensor, context: Tensor | None) -> Tensor:
        return torch.where(x > 0, x.log(), 0.0).sum(-1)

    assert properties.score_gradients(score, torch.tensor([[0.0], [1.0]])) == 1


def test_rows_that_depend_on_each_other_are_found() -> None:
    def mixing(x: Tensor, context: Tensor | None) -> Tensor:
        return (x - x.mean(0)).square().sum(1)

    assert properties.alone_error(mixing, torch.randn(8, 2)).max() > 1e-2


def test_the_scale_of_a_map_is_its_largest_bound() -> None:
    assert properties.own_scale(Affine(0.0, 2.0)) == 1.0
    assert properties.own_scale(Inverse(Exp())) == 1.0
    assert properties.own_scale(RationalQuadraticSpline(2, bound=4.0)) == 4.0
    assert properties.own_scale(Coupling(2, SplineMap(bound=7.0), hidden=(4,))) == 7.0


def test_a_score_in_float32_is_held_against_float64() -> None:
    def score(x: Tensor, context: Tensor | None) -> Tensor:
        return -x.square().sum(1) + (0.5 if x.dtype == torch.float32 else 0.0)

    error = properties.precision_error(score, score, torch.ones(4, 3))
    torch.testing.assert_close(error, torch.full((4,), 0.5 / (1 + 3 + 6 / 32)).double())
    assert properties.precision_error(score, score, torch.ones(4, 3).double()).max() == 0
