"""Every recipe of images through the generic promises, perturbed, with and without a context."""

from __future__ import annotations

import copy
import functools
import itertools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import pushforward as pf
from pushforward import Flow
from pushforward.diagnostics import properties
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.flows import RECIPES, glow, realnvp_image, rebuild
from pushforward.transforms import Compose
from pushforward.transforms.image import Patches, Reshape, Squeeze
from pushforward.transforms.registry import perturb
from specimens import IMAGE_FLOWS, Mutant, seeded

CASES = [(i, c) for i in range(len(IMAGE_FLOWS)) for c in (0, 3)]
ALL = pytest.mark.parametrize(
    "case", CASES, ids=lambda c: f"{IMAGE_FLOWS[c[0]][0]}{c[0]}" + "-context" * bool(c[1])
)
Case = tuple[int, int]


@functools.cache
def _made(case: Case) -> Flow:
    name, arguments = IMAGE_FLOWS[case[0]]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = RECIPES[name](context_features=case[1], **arguments)
    flow.initialize(images(flow, 64), given(case, 64))
    perturb(flow, seeded(0))
    return flow


def made(case: Case, dtype: torch.dtype = torch.float64) -> Flow:
    return copy.deepcopy(_made(case)).to(dtype)


def images(flow: Flow, *batch: int) -> Tensor:
    return 3 * torch.randn(*batch, *flow.event_shape, generator=seeded(1)).to(flow.dtype) + 1


def given(case: Case, *batch: int, dtype: torch.dtype = torch.float32) -> Tensor | None:
    return torch.randn(*batch, case[1], generator=seeded(3)).to(dtype) if case[1] else None


def likely(flow: Flow, context: Tensor | None, n: int) -> Tensor:
    return flow.sample(() if context is not None else (n,), context, seeded(4))


def scaled(flow: Flow, context: Tensor | None) -> Tensor | None:
    return context if flow.embed is None or context is None else flow.embed(context)


@ALL
def test_log_det_is_that_of_automatic_differentiation(case: Case) -> None:
    flow, context = made(case), given(case, 8, dtype=torch.float64)
    z = torch.randn(8, *flow.base.event_shape, generator=seeded(5)).double()
    x = flow.decode(z, context)
    for way, points in ((flow.transform.forward, z), (flow.transform.inverse, x)):
        error = properties.log_det_error(way, points, scaled(flow, context))
        assert error.max() <= properties.LOG_DET_BAR


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
@ALL
def test_round_trips_and_rows(case: Case, dtype: torch.dtype) -> None:
    flow, context = made(case, dtype), given(case, 8, dtype=dtype)
    x = likely(flow, context, 8)
    there, back, scale = flow.transform.inverse, flow.transform.forward, properties.own_scale(flow)
    error = properties.round_trip(there, back, x, scaled(flow, context), scale)
    assert error.max() <= properties.ROUND_TRIP_BAR
    alone = properties.alone_error(flow.log_prob, x, context)
    assert alone.max() <= properties.ALONE_BAR[dtype]


@ALL
def test_gradients_are_those_of_finite_differences(case: Case) -> None:
    flow, context = made(case), given(case, 2, dtype=torch.float64)
    inputs = [likely(flow, context, 2), *([] if context is None else [context])]
    inputs = [value.requires_grad_() for value in inputs]
    with torch.random.fork_rng():
        torch.manual_seed(0)  # the fast mode projects on random directions
        assert torch.autograd.gradcheck(flow.log_prob, inputs, fast_mode=True)


@ALL
def test_shapes(case: Case) -> None:
    flow = made(case, torch.float32)
    d = math.prod(flow.event_shape)
    for batch in ((), (0,), (3,), (2, 3)):
        context = given(case, *batch)
        x = flow.sample(() if context is not None else batch, context)
        assert x.shape == (*batch, *flow.event_shape)
        assert flow.log_prob(x, context).shape == batch
        z = flow.encode(x, context)
        assert z.shape == (*batch, d)
        assert flow.decode(z, context).shape == x.shape


@ALL
def test_infinities_nans_and_far_points(case: Case) -> None:
    flow, context = made(case), given(case, 4, dtype=torch.float64)
    x = likely(flow, context, 4)
    x[0, 0, 0, 0], x[1, -1, -1, -1], x[2, 0, 0, 0] = math.inf, -math.inf, math.nan
    log_prob = flow.log_prob(x, context)
    assert (log_prob[:2] == -math.inf).all()
    assert log_prob[2].isnan()
    assert log_prob[3].isfinite()
    far = 1e4 * torch.stack([torch.ones(flow.event_shape), -torch.ones(flow.event_shape)]).double()
    context = given(case, 2, dtype=torch.float64)
    assert properties.score_gradients(flow.log_prob, far, context, flow.parameters()) == 0


@ALL
def test_sampling_and_scoring_agree(case: Case) -> None:
    flow, context = made(case), given(case, 20, dtype=torch.float64)
    x, log_prob = flow.sample_and_log_prob(() if context is not None else (20,), context)
    torch.testing.assert_close(flow.log_prob(x, context), log_prob, atol=1e-8, rtol=0)


@ALL
def test_the_density_depends_on_the_context(case: Case) -> None:
    flow = made(case)
    if flow.context_features:
        x, context = images(flow, 5), given(case, 5, dtype=torch.float64)
        assert context is not None
        assert (flow.log_prob(x, context) != flow.log_prob(x, context + 1)).all()


@ALL
def test_steps_add_up(case: Case) -> None:
    flow, context = made(case), given(case, 3, dtype=torch.float64)
    x = likely(flow, context, 3)
    steps = flow.steps(x=x, context=context)
    torch.testing.assert_close(steps[-1].log_prob, flow.log_prob(x, context))


@ALL
def test_a_recipe_comes_back_from_its_folder(case: Case, tmp_path: Path) -> None:
    flow, context = made(case, torch.float32), given(case, 5)
    again = rebuild(flow.made_by or {})
    again.load_state_dict(flow.state_dict())
    pf.save(flow, tmp_path / "m")
    x = likely(flow, context, 5)
    for other in (again, pf.load(tmp_path / "m")):
        assert torch.equal(other.log_prob(x, context), flow.log_prob(x, context))


@pytest.mark.parametrize("case", CASES[::2], ids=lambda c: IMAGE_FLOWS[c[0]][0])
def test_a_wrong_log_det_in_any_layer_is_caught(case: Case) -> None:
    """On every scale, where a layer changes volumes at all."""
    flow, z = made(case), torch.randn(4, math.prod(made(case).event_shape), generator=seeded(5))
    jacobian = properties.jacobian(flow.transform.forward, z.double())
    wanted = torch.linalg.slogdet(jacobian).logabsdet
    for composition in [part for part in flow.modules() if isinstance(part, Compose)]:
        for (k, layer), factor in itertools.product(enumerate(composition), (0.0, -1.0, 2.0)):
            composition.layers[k] = Mutant(layer, factor)
            with torch.no_grad():
                error = (flow.transform.forward(z.double())[1] - wanted).abs().max()
            composition.layers[k] = layer
            assert (error > properties.LOG_DET_BAR) != isinstance(
                layer, Reshape | Squeeze | Patches
            )


@pytest.mark.parametrize("memory", ["lean", "recompute"])
@ALL
def test_lean_memory_has_the_plain_gradients(case: Case, memory: Any) -> None:
    flow, context = made(case), given(case, 4, dtype=torch.float64)
    x = likely(flow, context, 4)
    wanted = torch.autograd.grad(flow.log_prob(x, context).sum(), list(flow.parameters()))
    flow.memory = memory
    found = torch.autograd.grad(flow.log_prob(x, context).sum(), list(flow.parameters()))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_many_images_go_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """And come out the same: 16 at a time, whose latents are flat vectors of as many numbers."""
    flow = made(CASES[0])
    x = images(flow, 50)
    with torch.no_grad():
        z, log_prob = flow.encode(x), flow.log_prob(x)
        monkeypatch.setattr("pushforward.numerics.NUMBERS", 16 * 16)
        torch.testing.assert_close(flow.encode(x), z, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(flow.log_prob(x), log_prob, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(flow.decode(z), x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("memory", ["lean", "recompute"])
def test_learned_noise_is_not_drawn_again_in_lean_memory(memory: Any) -> None:
    flow = glow((1, 4, 4), levels=2, steps=2, hidden=4, dequantize="variational", values=17)
    perturb(flow, seeded(0))
    x = torch.randint(17, (4, 1, 4, 4), generator=seeded(1)).double()
    flow.double()
    found = []
    for each in ("plain", memory):
        flow.memory, flow.transform[-1].generator = each, seeded(2)
        found.append(torch.autograd.grad(flow.log_prob(x).sum(), list(flow.parameters())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@ALL
def test_a_fit_makes_images_likelier(case: Case) -> None:
    flow = made(case, torch.float32)
    x, context = images(flow, 64), given(case, 64)
    before = -flow.log_prob(x, context).mean()
    pf.fit(flow, x, context, epochs=2, batch_size=16)
    assert -flow.log_prob(x, context).mean() < before


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
@pytest.mark.parametrize("recipe", [glow, realnvp_image])
def test_images_of_common_sizes(recipe: Any, shape: tuple[int, ...]) -> None:
    flow = recipe(shape, levels=2, hidden=4, dequantize="none")
    x = torch.rand(2, *shape)
    torch.testing.assert_close(flow.decode(flow.encode(x)), x, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shape": (1, 28, 28), "levels": 3}, "28×28 can be halved 2 times; take levels of at m"),
        ({"shape": (1, 7, 8), "levels": 1}, "7×8 can be halved 0 times; pad the images"),
        ({"shape": (28, 28)}, r"\(C, H, W\), such as \(1, 28, 28\), but is \(28, 28\)"),
        ({"shape": 784}, r"shape must be \(C, H, W\)"),
        ({"shape": (1, 8, -8)}, "width must be a whole number"),
        ({"shape": (1, 8, 8), "levels": 0}, "levels must be a whole number of at least 1"),
        ({"shape": (1, 8, 8), "hidden": 0}, "hidden must be"),
        ({"shape": (1, 8, 8), "hidden": (8, 8)}, "hidden must be"),
        ({"shape": (1, 8, 8), "dequantize": "noise"}, "or \"none\", but is 'noise'"),
        ({"shape": (1, 8, 8), "values": 1}, "levels must be a whole number of at least 2"),
    ],
)
@pytest.mark.parametrize("recipe", [glow, realnvp_image])
def test_what_cannot_be_made_is_refused(recipe: Any, arguments: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        recipe(**arguments)


@pytest.mark.parametrize("dequantize", ["uniform", "variational"])
@pytest.mark.parametrize("recipe", [glow, realnvp_image])
def test_images_of_whole_numbers(recipe: Any, dequantize: str, tmp_path: Path) -> None:
    """They come back as they are, learn, and are saved; what is no whole number is refused."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = recipe((1, 4, 4), levels=1, hidden=4, dequantize=dequantize, values=17)
        x = torch.randint(17, (64, 1, 4, 4)).float()
        assert flow.kind == "bound"
        flow.initialize(x)
        before = -flow.log_prob(x).mean()
        assert before > 0  # a probability is at most one
        pf.fit(flow, x, epochs=5, batch_size=16, learning_rate=1e-3)
        assert -flow.log_prob(x).mean() < before
        assert torch.equal(flow.decode(flow.encode(x)), x)
        sample = flow.sample((20,))
        assert torch.equal(sample, sample.round().clamp(0, 16))
        pf.save(flow, tmp_path / "m")
        again = pf.load(tmp_path / "m")
        for each in (flow, again):
            each.transform[-1].generator = seeded(0)
        assert torch.equal(again.log_prob(x), flow.log_prob(x))
    assert flow.log_prob(x[:1] + 0.5) == -math.inf


def test_an_unknown_map_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="affine, logistics, spline, but is 'cubic'"):
        glow((1, 4, 4), univariate="cubic")


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"event shape \(1, 4, 4\).*\(2, 1, 8, 8\)"):
        made(CASES[0], torch.float32).log_prob(torch.zeros(2, 1, 8, 8))
