"""What the generic tests measure: each registry entry and each recipe, perturbed and trained.

A specimen is never at its identity start, where a wrong formula may look right.
"""

from __future__ import annotations

import copy
import functools
import inspect
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pushforward import Flow
from pushforward.constraints import Interval, positive, real, unit
from pushforward.distributions import Normal
from pushforward.flows import RECIPES, vector_recipes
from pushforward.transforms import Compose, Exp, Sigmoid, Transform
from pushforward.transforms.image.registry import IMAGES
from pushforward.transforms.registry import ENTRIES, Entry, perturb

DIMENSIONS = (1, 2, 7)
CONTEXT = 3  # length of the context, where there is one
ONTO = {real: [], positive: [Exp()], unit: [Sigmoid()]}  # from N(0, I) into a transform's domain


@dataclass(frozen=True)
class Case:
    """One entry of the registry in one dimension and one state, in float64."""

    entry: Entry
    features: int
    context_features: int = 0
    trained: bool = False

    def __str__(self) -> str:
        context = "-context" if self.context_features else ""
        return f"{self.entry.name}-{self.features}{context}{'-trained' * self.trained}"

    @property
    def transform(self) -> Compose:
        """The entry's transform, lifted to vectors; a copy, so that a test may do as it likes."""
        return copy.deepcopy(_transform(self)).double()

    def flow(self, transform: Compose | None = None) -> Flow:
        """The transform on a standard normal, which a fixed map first brings into its domain."""
        transform = self.transform if transform is None else transform
        return Flow(Normal(self.features).double(), [*ONTO[transform.domain], transform])

    def z(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        return self.entry.draw_z(*shape, self.features, generator=seeded(1)).to(dtype)

    def x(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        return self.entry.draw_x(*shape, self.features, generator=seeded(2)).to(dtype)

    def context(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor | None:
        return _context(self.context_features, shape, dtype)


@dataclass(frozen=True)
class Recipe:
    """One recipe, small, in one dimension and one state, in float32 as users have it."""

    name: str
    options: tuple[tuple[str, Any], ...]
    features: int
    context_features: int = 0
    trained: bool = False

    def __str__(self) -> str:
        words = [self.name, *(str(value) for _, value in self.options), str(self.features)]
        words += ["context"] * bool(self.context_features) + ["trained"] * self.trained
        return "-".join(words)

    @property
    def flow(self) -> Flow:
        return copy.deepcopy(_flow(self))

    def context(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor | None:
        return _context(self.context_features, shape, dtype)


class Mutant(Transform):
    """A layer whose log-dets are wrong: multiplied by a factor, both ways."""

    def __init__(self, layer: Transform, factor: float) -> None:
        super().__init__()
        self.layer, self.factor = layer, factor
        self.event_ndim_in, self.event_ndim_out = layer.event_ndim_in, layer.event_ndim_out
        self.features, self.context_features = layer.features, layer.context_features
        self.kind = layer.kind

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, log_det = self.layer.forward(z, context)
        return x, self.factor * log_det

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z, log_det = self.layer.inverse(x, context)
        return z, self.factor * log_det


def _context(features: int, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor | None:
    return torch.randn(*shape, features, generator=seeded(3)).to(dtype) if features else None


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def train(flow: Flow, x: Tensor, context: Tensor | None = None, steps: int = 50) -> Flow:
    """A few steps of maximum likelihood: a state that nobody arranged."""
    optimiser = torch.optim.Adam(flow.parameters(), lr=1e-2)
    for _ in range(steps):
        optimiser.zero_grad()
        (-flow.log_prob(x, context).mean()).backward()
        optimiser.step()
    return flow.requires_grad_(True)


def skewed(rows: int, features: int, context: Tensor | None = None) -> Tensor:
    """Data with two modes, a skew, and features that depend on each other and on the context."""
    noise = torch.randn(rows, features, generator=seeded(4))
    mode = torch.rand(rows, 1, generator=seeded(5)) < 0.4
    x = torch.where(mode, 0.3 * noise - 1.5, (0.5 * noise).exp())
    x[:, 1:] += 0.5 * x[:, :-1].square()
    return x if context is None else x + 0.5 * context[:, :1]


def within(x: Tensor, interval: Interval) -> Tensor:
    """Real numbers moved into an interval."""
    return Compose([*ONTO[interval]]).forward(0.5 * x)[0] if ONTO[interval] else x


@functools.cache
def _transform(case: Case) -> Compose:
    if case.trained:
        untrained = Case(case.entry, case.features, case.context_features)
        flow = untrained.flow(copy.deepcopy(_transform(untrained))).float()
        context = case.context(64, dtype=torch.float32)
        x = skewed(64, case.features, context)
        train(flow, within(x, flow.transform.codomain), context)
        return flow.transform[-1]  # type: ignore[return-value]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transform = case.entry.lifted(case.features, case.context_features)
        perturb(transform, seeded(0))
    return transform


@functools.cache
def _flow(recipe: Recipe) -> Flow:
    make = RECIPES[recipe.name]
    small: dict[str, Any] = {"layers": 2, "hidden": (8,), "bins": 4, "tail": 10.0}
    small["members"] = [
        {"kind": "triangular", "layers": 1, "bins": 4, "hidden": [8], "tail": 10.0},
        {"kind": "gaussians", "components": 1, "shared": False},
    ]
    takes = inspect.signature(make).parameters
    arguments = {k: v for k, v in small.items() if k in takes} | dict(recipe.options)
    context = recipe.context(256)
    x = 3 * skewed(256, recipe.features, context) + 1
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = make(recipe.features, context_features=recipe.context_features, **arguments)
        flow.initialize(x, context)
        if recipe.trained:
            return train(flow, x, context)
        perturb(flow, seeded(0))
    return flow


CASES = [
    Case(entry, features, context_features)
    for entry in (*ENTRIES, *IMAGES)
    for features in (DIMENSIONS if entry.z_shape is None else (math.prod(entry.z_shape),))
    for context_features in ((0, CONTEXT) if entry.takes_context else (0,))
]
TRAINED = [
    Case(case.entry, case.features, case.context_features, trained=True)
    for case in CASES
    if any(True for _ in _transform(case).parameters())
]

AUTOENCODERS = {"vae"}  # no flows, but bounds, with tests of their own
WHOLE = {"pixels"}  # recipes of whole numbers, whose latents are intervals; the same
TYPED = {"columns"}  # recipes of rows that are no points of space, with tests of their own
OPTIONS: dict[str, list[dict[str, Any]]] = {  # beside each recipe's defaults
    "nsf": [{"wiring": "coupling"}],
    "planar": [{"fast": "density"}],
}
FLOWS = [
    Recipe(name, tuple(options.items()), features, context_features, trained)
    for name in vector_recipes()
    if name not in TYPED
    for options in ({}, *OPTIONS.get(name, []))
    for features in DIMENSIONS
    for context_features in (0, CONTEXT)
    for trained in (False, True)
]
REAL = {"shape": (1, 4, 4), "levels": 2, "hidden": 4, "dequantize": "none"}
TINY = {"layers": 1, "width": 4, "heads": 2}  # a transformer
IMAGE_FLOWS: list[tuple[str, dict[str, Any]]] = [  # small ones of every recipe of images
    ("glow", REAL | {"steps": 2}),
    ("glow", REAL | {"shape": (2, 2, 4), "levels": 1, "steps": 1, "univariate": "spline"}),
    ("realnvp_image", REAL | {"blocks": 1}),
    ("tarflow", {"shape": (1, 4, 4), "dequantize": "none", "patch": 2, "blocks": 2} | TINY),
]
