"""Patches, and the autoregressive map over them, beyond the generic contract."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pushforward.errors import ConfigurationError, ShapeError
from pushforward.transforms.image import PatchAutoregressive, Patches
from pushforward.transforms.registry import MAPS, perturb

ORDERS = pytest.mark.parametrize("reverse", [False, True])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made(reverse: bool = False, name: str = "Affine", context: int = 0) -> PatchAutoregressive:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = PatchAutoregressive(6, 4, MAPS[name], reverse, context, width=8, heads=2)
    perturb(layer, seeded())
    return layer.double()


def latents(rows: int = 5) -> Tensor:
    return torch.randn(rows, 6, 4, generator=seeded(1)).double()


def test_patches_are_those_that_one_cuts_out() -> None:
    """Row by row, and channel by channel within."""
    x = torch.randn(5, 3, 4, 6, generator=seeded())
    z, log_det = Patches((3, 4, 6), 2).inverse(x)
    for t in range(6):
        i, j = 2 * (t // 3), 2 * (t % 3)
        assert torch.equal(z[:, t], x[:, :, i : i + 2, j : j + 2].flatten(1))
    assert torch.equal(log_det, torch.zeros(5))


@pytest.mark.parametrize("patch", [0, 3, 8])
def test_patches_that_do_not_tile_are_refused(patch: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{patch}×{patch} pixels do not tile .* 4×6"):
        Patches((3, 4, 6), patch)


def test_patches_of_another_shape_are_refused() -> None:
    cut = Patches((3, 4, 6), 2)
    with pytest.raises(ShapeError, match=r"\(3, 4, 6\).*\(5, 3, 6, 4\)"):
        cut.inverse(torch.zeros(5, 3, 6, 4))
    with pytest.raises(ShapeError, match=r"\(6, 12\).*\(5, 12, 6\)"):
        cut.forward(torch.zeros(5, 12, 6))
    with pytest.raises(ShapeError, match=r"\(6, 12\).*\(12, 6\)"):
        cut.event_shape(torch.Size((12, 6)))


@ORDERS
@pytest.mark.parametrize("name", ["Affine", "RationalQuadraticSpline"])
@pytest.mark.parametrize("context_features", [0, 2])
def test_what_is_kept_changes_no_number(reverse: bool, name: str, context_features: int) -> None:
    layer, z = made(reverse, name, context_features), latents()
    context = torch.randn(5, 2, generator=seeded(2)).double() if context_features else None
    with torch.no_grad():
        kept = layer.forward(z, context)
        layer.cached = False
        anew = layer.forward(z, context)
    torch.testing.assert_close(kept, anew, rtol=0, atol=1e-10)


def test_what_is_kept_saves_passes() -> None:
    layer, passes = made(), []
    layer.conditioner.register_forward_hook(lambda *_: passes.append(1))
    layer.forward(latents())
    assert passes == []
    layer.cached = False
    layer.forward(latents())
    assert len(passes) == 6


@ORDERS
def test_a_patch_depends_on_itself_number_by_number_and_on_those_before(reverse: bool) -> None:
    layer = made(reverse)
    jacobian = torch.autograd.functional.jacobian(lambda x: layer.inverse(x)[0][0], latents(1))
    blocks = jacobian[:, :, 0]  # patch, number, patch, number
    for t in range(6):
        for s in range(6):
            before = s > t if reverse else s < t
            if s == t:
                assert torch.equal(blocks[t, :, s] != 0, torch.eye(4).bool())
            else:
                assert (blocks[t, :, s] != 0).all() == before
                assert (blocks[t, :, s] != 0).any() == before


def test_its_formula_is_that_of_the_paper() -> None:
    """z_t = (x_t - μ(x_<t))·exp(-α(x_<t)): here x·exp(s) + t with s = -α within ±5."""
    layer, x = made(), latents()
    shift, bent = layer.conditioner(x).unflatten(-1, (2, 4)).unbind(2)
    log_scale = 5 * torch.tanh(bent / 5)
    z, log_det = layer.inverse(x)
    torch.testing.assert_close(z, x * log_scale.exp() + shift)
    torch.testing.assert_close(log_det, log_scale.sum((1, 2)))


def test_it_starts_at_the_identity() -> None:
    layer, x = PatchAutoregressive(6, 4, width=8, heads=2).double(), latents()
    for z, log_det in (layer.inverse(x), layer.forward(x)):
        assert torch.equal(z, x)
        assert torch.equal(log_det, torch.zeros(5).double())


def test_sequences_of_another_shape_are_refused() -> None:
    layer = made()
    with pytest.raises(ShapeError, match=r"\(\*batch, 6, 4\).*\(2, 5, 4\)"):
        layer.inverse(torch.zeros(2, 5, 4))
    with pytest.raises(ShapeError, match="4 features in the last dimension"):
        layer.forward(torch.zeros(2, 6, 5))
    with pytest.raises(ShapeError, match=r"6 patches of 4 numbers.*\(4, 6\)"):
        layer.event_shape(torch.Size((4, 6)))
