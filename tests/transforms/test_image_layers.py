"""What single layers of images promise beyond the generic contract."""

from __future__ import annotations

import pytest
import torch

from pushforward import Flow
from pushforward.distributions import Normal
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.nets import CONVOLUTIONS, ConvNet
from pushforward.transforms import Exp, LULinear, Transform
from pushforward.transforms.image import (
    Conv1x1,
    Haar,
    ImageCoupling,
    Pixelwise,
    Reshape,
    Split,
    Squeeze,
    image_actnorm,
)
from pushforward.transforms.registry import MAPS, perturb

IMAGE = torch.arange(16.0).reshape(1, 4, 4)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("net", CONVOLUTIONS)
@pytest.mark.parametrize("transformed", [None, [0], "black", "white"])
def test_a_coupling_starts_at_the_identity(net: str, transformed: str | None) -> None:
    layer = ImageCoupling(3, None, transformed, 2, (4, 4), net=net)
    z, context = torch.randn(5, 3, 5, 4), torch.randn(5, 2)
    x, log_det = layer.forward(z, context)
    torch.testing.assert_close(x, z)
    torch.testing.assert_close(log_det, torch.zeros(5))


def test_a_coupling_leaves_the_other_channels_as_they_are() -> None:
    layer = ImageCoupling(3, MAPS["Affine"], [0, 2], hidden=(4, 4))
    perturb(layer, seeded())
    z = torch.randn(5, 3, 4, 4, generator=seeded())
    x, _ = layer.forward(z)
    assert torch.equal(x[:, 1], z[:, 1])
    assert (x[:, [0, 2]] != z[:, [0, 2]]).all()


@pytest.mark.parametrize(("colour", "parity"), [("black", 0), ("white", 1)])
def test_a_checkerboard_moves_one_colour(colour: str, parity: int) -> None:
    layer = ImageCoupling(1, MAPS["Affine"], colour, hidden=(4, 4))
    perturb(layer, seeded())
    z = torch.randn(5, 1, 7, 7, generator=seeded())  # of odd sides too
    moved = layer.forward(z)[0] != z
    places = torch.arange(7)[:, None] + torch.arange(7)
    assert torch.equal(moved, (places % 2 == parity).expand_as(moved))


@pytest.mark.parametrize("transformed", [[], [0, 0], [3], "red"])
def test_a_coupling_refuses_what_is_not_there(transformed: object) -> None:
    with pytest.raises(ConfigurationError, match=r"0 … 2|black or white, not 'red'"):
        ImageCoupling(3, None, transformed)


def test_an_unknown_net_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="plain, residual, but is 'dense'"):
        ImageCoupling(3, net="dense")


def test_a_squeeze_keeps_blocks_of_pixels_together() -> None:
    z, _ = Squeeze().inverse(IMAGE)
    assert z[:, 0, 0].tolist() == [0.0, 1.0, 4.0, 5.0]
    assert Squeeze().event_shape(z.shape) == IMAGE.shape


def test_the_first_wavelet_is_twice_the_mean_of_a_block() -> None:
    z, _ = Haar().inverse(torch.stack([IMAGE[0], 10 * IMAGE[0]]))
    assert z[:2, 0, 0].tolist() == [5.0, 50.0]
    assert z[2:4, 0, 0].tolist() == [-1.0, -10.0]  # along the width


def test_wavelets_keep_lengths() -> None:
    x = torch.randn(3, 2, 6, 4, dtype=torch.float64)
    z, _ = Haar().inverse(x)
    torch.testing.assert_close(z.flatten(1).norm(dim=1), x.flatten(1).norm(dim=1))


@pytest.mark.parametrize("layer", [Squeeze(), Haar()], ids=lambda t: type(t).__name__)
def test_odd_sides_are_refused(layer: Transform) -> None:
    with pytest.raises(ShapeError, match=r"even height and width.*\(1, 7, 4\)"):
        layer.inverse(torch.zeros(1, 7, 4))
    with pytest.raises(ShapeError, match="of four, but the event shape"):
        layer.event_shape(torch.Size((6, 2, 2)))


@pytest.mark.parametrize(
    "layer", [Conv1x1(3), image_actnorm(3), ImageCoupling(3)], ids=lambda t: type(t).__name__
)
def test_other_channels_are_refused(layer: Transform) -> None:
    with pytest.raises(ShapeError, match=r"\(\*batch, 3, H, W\).*\(2, 4, 4\)"):
        layer.forward(torch.zeros(2, 4, 4))
    with pytest.raises(ShapeError, match="floating-point"):
        layer.inverse(torch.zeros(3, 4, 4, dtype=torch.uint8))
    with pytest.raises(ShapeError, match=r"\(3, H, W\)"):
        layer.event_shape(torch.Size((3, 16)))


def test_a_convolution_starts_at_a_rotation() -> None:
    layer = Conv1x1(6)
    lower, upper = layer.factors()
    matrix = (lower @ upper)[layer.index]
    torch.testing.assert_close(matrix @ matrix.t(), torch.eye(6), atol=1e-5, rtol=0)
    assert (layer.sign.abs() == 1).all()


def test_actnorm_is_set_from_all_pixels() -> None:
    x = torch.tensor([5.0, -3.0])[:, None, None] + torch.randn(50, 2, 4, 4, generator=seeded())
    layer = image_actnorm(2)
    layer.initialize(x)
    z, _ = layer.inverse(x)
    torch.testing.assert_close(z.mean((0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.std((0, 2, 3), correction=0), torch.ones(2), atol=1e-5, rtol=0)


def test_an_image_of_weight_two_counts_as_two() -> None:
    x = torch.randn(3, 2, 4, 4, generator=seeded())
    weighed, repeated = image_actnorm(2), image_actnorm(2)
    weighed.initialize(x, weight=torch.tensor([1.0, 2.0, 1.0]))
    repeated.initialize(x[[0, 1, 1, 2]])
    for one, other in zip(weighed.parameters(), repeated.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_pixelwise_is_the_map_of_each_pixel() -> None:
    inner = LULinear(3)
    perturb(inner, seeded())
    z = torch.randn(2, 3, 4, 5)
    x, log_det = Pixelwise(inner).forward(z)
    torch.testing.assert_close(x[1, :, 2, 3], inner.forward(z[1, :, 2, 3])[0])
    torch.testing.assert_close(log_det, 20 * inner.log_diagonal.sum().expand(2))


def test_pixelwise_refuses_what_is_no_map_of_vectors() -> None:
    with pytest.raises(ConfigurationError, match="transform of vectors, but Exp"):
        Pixelwise(Exp())


def test_reshape_refuses_other_shapes() -> None:
    with pytest.raises(ConfigurationError, match="12 numbers, which do not make"):
        Reshape((12,), (3, 2, 1))
    with pytest.raises(ShapeError, match=r"\(12,\), but was given shape \(2, 11\)"):
        Reshape((12,), (3, 2, 2)).forward(torch.zeros(2, 11))
    with pytest.raises(ShapeError, match=r"\(12,\), but the event shape is \(4,\)"):
        Reshape((12,), (3, 2, 2)).event_shape(torch.Size((4,)))


def test_a_split_has_a_normal_prior_given_what_goes_deeper() -> None:
    """log p(h, y) = log N(h) + log N(y·exp(s) + t) + Σ s, with s and t the network's of h."""
    layer = Split((2, 4, 4), Reshape((16,), (1, 4, 4))).double()
    perturb(layer, seeded())
    x = torch.randn(3, 2, 4, 4, generator=seeded()).double()
    h, y = x[:, 0], x[:, 1]
    shift, bent = layer.prior.conditioner(x[:, :1]).unbind(1)
    log_scale = 5 * torch.tanh(bent / 5)  # the affine map bounds it
    latent = torch.cat([h, y * log_scale.exp() + shift], 1).flatten(1)
    torch.testing.assert_close(layer.inverse(x)[0], latent)
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(latent).sum(1)
    flow = Flow(Normal(32).double(), layer)
    torch.testing.assert_close(flow.log_prob(x), normal + log_scale.sum((1, 2)))


@pytest.mark.parametrize(
    ("shape", "deeper", "words"),
    [
        ((1, 4, 4), Reshape((16,), (1, 4, 4)), "at least two channels"),
        ((2, 4, 4), Reshape((16,), (4, 2, 2)), r"make images \(1, 4, 4\).*\(4, 2, 2\)"),
        ((2, 4, 4), Reshape((8,), (2, 2, 2)), "do not fit this Split: Reshape takes"),
    ],
)
def test_a_split_refuses_layers_that_do_not_fit(
    shape: tuple[int, ...], deeper: Transform, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Split(shape, deeper)


def test_images_of_a_batch_do_not_see_each_other() -> None:
    net = ConvNet(2, 3, (4, 4))
    perturb(net, seeded())
    x = torch.randn(4, 2, 5, 5)
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]))


def test_a_base_of_vectors_is_refused_where_images_are_wanted() -> None:
    with pytest.raises(ConfigurationError, match="events of 3 dimensions"):
        Flow(Normal(32), [Squeeze()])
