"""Planar, radial and Sylvester maps: inverses that can be trusted, whatever the parameters."""

from __future__ import annotations

import math

import pytest
import torch

from pushforward.errors import ConfigurationError
from pushforward.transforms import Planar, Radial, Sylvester, Transform
from pushforward.transforms.gain import LEAST, gain, undo

MAKE = {
    "planar": lambda d, c=0: Planar(d, c),
    "radial": lambda d, c=0: Radial(d, c),
    "sylvester": lambda d, c=0: Sylvester(d, None, c),
    "sylvester(2)": lambda d, c=0: Sylvester(d, min(2, d), c),
}
KINDS = pytest.mark.parametrize("kind", MAKE)


def wild(kind: str, d: int, seed: int) -> Transform:
    """Parameters far from the start: deviations of 2, in float64."""
    generator = torch.Generator().manual_seed(seed)
    layer = MAKE[kind](d).double()
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(2 * torch.randn(p.shape, generator=generator))
    return layer


@KINDS
@pytest.mark.parametrize("d", [1, 2, 5])
def test_random_maps_are_inverted_at_ten_thousand_points(kind: str, d: int) -> None:
    for seed in range(5):
        layer = wild(kind, d, seed)
        points = 3 * torch.randn(10_000, d, generator=torch.Generator().manual_seed(9)).double()
        assert layer.residual(points).max() <= 1e-6  # f(f⁻¹(x)) = x
        x, log_det = layer.forward(points)
        z, back = layer.inverse(x)
        assert (z - points).abs().max() <= 1e-6
        assert (log_det + back).abs().max() <= 1e-6


@KINDS
def test_they_start_as_the_identity(kind: str) -> None:
    z, context = torch.randn(5, 3), torch.randn(5, 2)
    x, log_det = MAKE[kind](3, 2).forward(z, context)
    torch.testing.assert_close(x, z)
    torch.testing.assert_close(log_det, torch.zeros(5), rtol=0, atol=2e-6)


@KINDS
def test_no_parameter_can_fold_the_map(kind: str) -> None:
    layer = MAKE[kind](2).double()
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(-50.0 * torch.ones_like(p))
    z = torch.randn(200, 2).double()
    x, log_det = layer.forward(z)
    assert log_det.isfinite().all()
    assert layer.inverse(x)[0].isfinite().all()


def test_the_centre_of_a_radial_map_stays_and_is_no_singularity() -> None:
    layer = wild("radial", 3, 0)
    z = layer.centre.detach().clone().requires_grad_()
    x, log_det = layer.forward(z)
    torch.testing.assert_close(x, z)
    back, _ = layer.inverse(x)
    (log_det + back.sum()).backward()
    assert z.grad is not None
    assert z.grad.isfinite().all()


def test_a_sylvester_map_of_one_column_is_planar() -> None:
    """Of the same w = r̃·q, û = r·q, which is parallel to w."""
    layer = wild("sylvester(2)", 3, 1)
    layer = Sylvester(3, 1).double()
    with torch.no_grad():
        layer.outer.fill_(1.0)
        layer.b.fill_(0.3)
    z = torch.randn(6, 3).double()
    q = layer.rotation.matrix()[:, 0]
    g = gain(torch.tensor(1.0).double())
    x = z + (g - 1) * (z @ q + 0.3).tanh()[:, None] * q
    torch.testing.assert_close(layer.forward(z)[0], x)


@pytest.mark.parametrize("columns", [0, 4])
def test_more_columns_than_features_are_refused(columns: int) -> None:
    with pytest.raises(ConfigurationError, match=f"1 to 3 columns, not {columns}"):
        Sylvester(3, columns)


def test_the_gain_is_one_at_zero_and_never_zero() -> None:
    raw = torch.tensor([-1e6, 0.0, 1e6]).double()
    least, one, most = gain(raw).tolist()
    assert least == LEAST
    assert one == pytest.approx(1.0, abs=1e-15)
    assert most == pytest.approx(1e6, rel=2e-3)


def test_undo_is_differentiated_implicitly() -> None:
    target = torch.linspace(-3, 3, 7).double().requires_grad_()
    g = torch.full((7,), 0.2).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda t, g: undo(t, g, "a"), (target, g))
    a = undo(target, g, "a").detach()
    torch.testing.assert_close(a + (g - 1) * a.tanh(), target, rtol=0, atol=1e-14)
    assert not math.isnan(a.sum().item())


def test_a_steep_step_between_two_flat_parts_is_found() -> None:
    """Where Newton's method alone goes to and fro for ever."""
    target = torch.linspace(-40, 40, 10_001).double()
    for g in (5.0, 20.0, 1e3, 1e6):
        a = undo(target, torch.tensor(g).double(), "a")
        assert (a + (g - 1) * a.tanh() - target).abs().max() < 1e-14 * g * 40
