"""TarFlow, beyond what every recipe of images promises."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import pushforward as pf
from pushforward.errors import ConfigurationError
from pushforward.flows import tarflow
from pushforward.transforms.image import PatchAutoregressive
from pushforward.transforms.registry import perturb

TINY = {"blocks": 2, "layers": 1, "width": 8, "heads": 2}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_images_of_common_sizes(shape: tuple[int, ...]) -> None:
    """Of these weights; one of twelve draws makes rounding grow from patch to patch, to 1e-4."""
    torch.manual_seed(1)
    flow = tarflow(shape, dequantize="none", **TINY)
    perturb(flow, seeded(1))
    flow.double()
    x = torch.rand(2, *shape, generator=seeded(1)).double()
    with torch.no_grad():
        torch.testing.assert_close(flow.decode(flow.encode(x)), x, atol=1e-9, rtol=0)


def test_directions_alternate() -> None:
    flow = tarflow((1, 8, 8), blocks=3, layers=1, width=8, heads=2)
    maps = [layer for layer in flow.transform if isinstance(layer, PatchAutoregressive)]
    assert [layer.reverse for layer in maps] == [False, True, False]


@pytest.mark.parametrize("memory", ["plain", "lean"])
def test_bf16_is_for_the_transformers_alone(memory: Any) -> None:
    """Maps, log-dets and the base stay in float32, and what bfloat16 rounds is little."""
    flow = tarflow((1, 8, 8), dequantize="none", **TINY)
    perturb(flow, seeded())
    flow.memory = memory
    x = torch.randn(5, 1, 8, 8, generator=seeded(1))
    wanted = flow.terms(x)
    with torch.autocast("cpu", torch.bfloat16):
        terms, z = flow.terms(x), flow.encode(x)
        sample = flow.sample((5,))
    assert z.dtype == sample.dtype == terms[0].dtype == terms[1].dtype == torch.float32
    assert not torch.equal(terms[1], wanted[1])
    torch.testing.assert_close(terms, wanted, rtol=0.02, atol=0.2)


def test_whole_numbers_are_learned_given_a_class() -> None:
    """Two images, each of its class: once learned, a class makes its own one."""
    pair = torch.randint(4, (2, 1, 4, 4), generator=seeded()).float()
    label = torch.arange(200) % 2
    x, context = pair[label], torch.nn.functional.one_hot(label).float()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = tarflow((1, 4, 4), patch=2, context_features=2, values=4, **TINY)
        settings = {"learning_rate": 1e-2, "batch_size": 50, "ema": 0.9, "validation": 0.0}
        pf.fit(flow, x, context, epochs=60, **settings)
        own, other = flow.log_prob(x, context), flow.log_prob(x, context.flip(1))
        drawn = flow.sample((), context)
    assert own.mean() > other.mean() + 10
    assert ((drawn - x).abs().mean() < 0.1).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shape": (1, 28, 28), "patch": 3}, "3×3 pixels do not tile an image of 28×28"),
        ({"shape": (28, 28)}, r"\(C, H, W\), such as \(1, 28, 28\), but is \(28, 28\)"),
        ({"shape": (1, 8, -8)}, "width must be a whole number"),
        ({"shape": (1, 8, 8), "patch": 0}, "patch must be a whole number of at least 1"),
        ({"shape": (1, 8, 8), "blocks": 0}, "blocks must be"),
        ({"shape": (1, 8, 8), "layers": 0}, "layers must be"),
        ({"shape": (1, 8, 8), "heads": 3}, "are 3 of them and a width of 64"),
        ({"shape": (1, 8, 8), "activation": "swish"}, "'swish'"),
        ({"shape": (1, 8, 8), "dequantize": "noise"}, "or \"none\", but is 'noise'"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        tarflow(**arguments)
