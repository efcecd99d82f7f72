"""Images number by number: exact probabilities, one order throughout, and the same twice."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

import pushforward as pf
from pushforward.distributions import build_base
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.nets.causal import CausalNet
from pushforward.transforms.image import PixelByPixel
from pushforward.transforms.image.registry import CELLS

LAW = pytest.mark.parametrize("law", CELLS)
SMALL = {"width": 8, "blocks": 2, "patch": 2, "heads": 2, "attention": 1}


def made(
    shape: tuple[int, int, int], law: str = "categories", values: int = 4, context: int = 0
) -> PixelByPixel:
    """A layer in float64 whose weights are far from where it starts."""
    torch.manual_seed(0)
    layer = CELLS[law](shape, values, context).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.4 * torch.randn_like(parameter))
    return layer


def every(shape: tuple[int, int, int], values: int) -> Tensor:
    """All images of that shape."""
    numbers = itertools.product(range(values), repeat=math.prod(shape))
    return torch.tensor(list(numbers), dtype=torch.float64).reshape(-1, *shape)


def log_prob(layer: PixelByPixel, x: Tensor, context: Tensor | None = None) -> Tensor:
    base = build_base("normal", layer.features).double()
    return sum(layer.terms(base, x, context))  # type: ignore[return-value]


@LAW
@pytest.mark.parametrize(("shape", "values"), [((1, 3, 4), 2), ((2, 2, 2), 3), ((1, 2, 2), 5)])
def test_masses_of_all_images_add_up_to_one(
    law: str, shape: tuple[int, int, int], values: int
) -> None:
    layer = made(shape, law, values)
    total = log_prob(layer, every(shape, values)).exp().sum()
    torch.testing.assert_close(total, torch.ones((), dtype=torch.float64), rtol=0, atol=1e-10)


def test_all_three_by_three_crops_of_two_levels_add_up_to_one_in_float32() -> None:
    flow = pf.flows.pixels((1, 3, 3), width=16, blocks=2, patch=3, values=2)
    x = every((1, 3, 3), 2).float()
    pf.fit(flow, x[:300], epochs=3, seed=1)
    assert flow.log_prob(x).double().exp().sum().item() == pytest.approx(1, abs=1e-6)


@LAW
def test_both_directions_agree_and_log_dets_cancel(law: str) -> None:
    layer = made((2, 4, 4), law, values=6, context=3)
    x = torch.randint(6, (5, 2, 4, 4)).double()
    context = torch.randn(5, 3, dtype=torch.float64)
    z, inward = layer.inverse(x, context)
    back, outward = layer.forward(z, context)
    assert torch.equal(back, x)
    torch.testing.assert_close(inward, -outward)
    base = build_base("normal", layer.features).double()
    torch.testing.assert_close(base.log_prob(z) + inward, log_prob(layer, x, context))


def test_a_number_pixel_by_pixel_is_what_it_is_at_once() -> None:
    torch.manual_seed(1)
    net = CausalNet((2, 4, 6), 3, 5, context_features=2, **SMALL).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    x = torch.randn(3, 2, 3, 4, 6, dtype=torch.float64)
    context = torch.randn(3, 2, dtype=torch.float64)
    at_once = net(x, context)
    walk = net.walk(3, context)
    for i, j, c in itertools.product(range(4), range(6), range(2)):
        torch.testing.assert_close(walk.next(), at_once[:, c, i, j], rtol=1e-10, atol=1e-10)
        walk.feed(x[:, c, :, i, j])


@LAW
def test_images_are_the_same_without_what_is_kept(law: str) -> None:
    layer = made((2, 4, 4), law, values=6, context=3)
    z, context = torch.randn(3, 32, dtype=torch.float64), torch.randn(3, 3, dtype=torch.float64)
    kept, log_det = layer.forward(z, context)
    layer.cached = False
    anew, again = layer.forward(z, context)
    assert torch.equal(anew, kept)
    torch.testing.assert_close(again, log_det, rtol=1e-10, atol=1e-10)


@LAW
def test_a_weight_of_two_is_an_image_given_twice(law: str) -> None:
    x = torch.randint(4, (6, 2, 4, 4)).double()
    once, twice = made((2, 4, 4), law), made((2, 4, 4), law)
    weight = torch.tensor([1, 2, 1, 1, 2, 1], dtype=torch.float64)
    once.initialize(x, weight=weight)
    twice.initialize(torch.cat([x, x[[1, 4]]]))
    for a, b in zip(once.parameters(), twice.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_no_images_have_no_scores() -> None:
    layer = made((1, 4, 4))
    nothing = torch.zeros(0, 1, 4, 4, dtype=torch.float64)
    assert log_prob(layer, nothing).shape == (0,)
    assert layer.inverse(nothing)[0].shape == (0, 16)


def test_a_number_does_not_see_itself_or_later_ones() -> None:
    """With attention it sees all before, but for one blind spot.

    A row's first pixel does not see the last one of the row above: it is too far to the right for
    the convolutions, and its patch is attended to without it.
    """
    torch.manual_seed(1)
    shape = (2, 4, 6)
    net = CausalNet(shape, 1, 1, width=8, blocks=3, attention=1, patch=2, heads=2).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))

    def answers(flat: Tensor) -> Tensor:
        image = flat.reshape(4, 6, 2).permute(2, 0, 1)
        return net(image[None, :, None])[0, ..., 0].permute(1, 2, 0).flatten()

    jacobian = torch.autograd.functional.jacobian(answers, torch.randn(48, dtype=torch.float64))
    assert not jacobian.triu().any()
    seen = (jacobian != 0).reshape(4, 6, 2, 4, 6, 2).any(5).any(2).flatten(2).flatten(0, 1)
    missed = (~seen).tril(-1).nonzero().tolist()
    assert missed == [[first, first - 1] for first in (6, 12, 18)]


@LAW
def test_the_law_is_learned_where_it_is_known(law: str) -> None:
    """Each row of 0s and 3s repeats its first pixel but for one in ten: -Σ p log p by hand.

    The two estimates are of the same images; 0.05 nats an image is five times the spread of the
    gap over seeds.
    """
    make = torch.Generator().manual_seed(0)
    first = torch.rand(2500, 1, generator=make) < 0.5
    flips = torch.rand(2500, 3, generator=make) < 0.1
    bits = torch.cat([first, first ^ flips], 1)
    x = 3.0 * bits.reshape(-1, 1, 2, 2).float()
    torch.manual_seed(0)
    flow = pf.flows.pixels((1, 2, 2), width=16, blocks=1, values=4, patch=2, law=law)
    pf.fit(flow, x[:1500], epochs=12, seed=0, learning_rate=5e-3, batch_size=100)
    share = flips[1500:].double().mean(0)
    truth = -math.log(2) + (share * math.log(0.1) + (1 - share) * math.log(0.9)).sum().item()
    assert flow.log_prob(x[1500:]).mean().item() == pytest.approx(truth, abs=0.05)


def test_images_outside_have_no_probability_and_nan_stays_visible() -> None:
    flow = pf.flows.pixels((1, 2, 2), width=8, blocks=1, patch=2, values=4)
    x = torch.zeros(5, 1, 2, 2)
    x[1, 0, 0, 0], x[2, 0, 1, 1], x[3, 0, 0, 1], x[4, 0, 0, 0] = 0.5, 4.0, -1.0, math.nan
    found = flow.log_prob(x)
    assert found.isneginf().tolist() == [False, True, True, True, False]
    assert found.isnan().tolist() == [False, False, False, False, True]
    assert flow.encode(x[:4]).isfinite().all()


def test_far_latents_give_the_ends() -> None:
    layer = made((1, 2, 2), "logistics", values=256)
    for far in (40.0, 1e9):
        x, log_det = layer.forward(torch.tensor([[-far] * 4, [far] * 4], dtype=torch.float64))
        assert x[0].eq(0).all()
        assert x[1].eq(255).all()
        assert not log_det.isnan().any()


def test_samples_follow_the_masses() -> None:
    """20,000 samples of 16 images: each share within 5 standard errors (fails once in 10⁵)."""
    layer = made((1, 2, 2), values=2)
    flow = pf.Flow(build_base("normal", 4).double(), [layer])
    n = 20_000
    x = flow.sample((n,), generator=torch.Generator().manual_seed(0))
    place = (x.flatten(1) @ torch.tensor([8.0, 4.0, 2.0, 1.0], dtype=torch.float64)).long()
    share = torch.bincount(place, minlength=16) / n
    p = flow.log_prob(every((1, 2, 2), 2)).exp()
    assert ((share - p).abs() <= 5 * (p * (1 - p) / n).sqrt() + 1e-9).all()


def test_an_image_is_scored_alike_in_any_company() -> None:
    layer = made((1, 4, 4))
    x = torch.randint(4, (7, 1, 4, 4)).double()
    torch.testing.assert_close(log_prob(layer, x)[2:3], log_prob(layer, x[2:3]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"shape": (28, 28)}, r"\(C, H, W\)"),
        ({"shape": (1, 4, 4), "law": "normal"}, "categories, logistics"),
        ({"shape": (1, 4, 4), "attention": 9}, "from 0 to blocks=8"),
        ({"shape": (1, 4, 6), "attention": 1}, "must divide a row of 6"),
        ({"shape": (1, 4, 4), "values": 1}, "at least 2"),
        ({"shape": (1, 4, 4), "width": 0}, "width"),
    ],
)
def test_what_cannot_be_made_is_said(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        pf.flows.pixels(**arguments)  # type: ignore[arg-type]


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(1, 4, 4\).*\(2, 1, 5, 4\)"):
        made((1, 4, 4)).inverse(torch.zeros(2, 1, 5, 4, dtype=torch.float64))
