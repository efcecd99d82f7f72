"""The small models of the corpus by name: every recipe, some with a context, some in float64."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pushforward as pf
import tiny
from pushforward import Flow
from pushforward.flows import RECIPES, vector_recipes

IMAGE = {"shape": (1, 4, 4), "values": 4}
MEMBERS = [
    {"kind": "gaussians", "components": 2, "shared": False},
    {"kind": "triangular", "layers": 1, "bins": 4, "hidden": [8], "tail": 10.0},
]
SIZES = {
    "networks": [{"width": 8, "blocks": 1}],
    "layers": 2,
    "hidden": (8,),
    "bins": 4,
    "members": MEMBERS,
}


def _vector(recipe: str, **more: object) -> Flow:
    taken = inspect.signature(RECIPES[recipe]).parameters
    return tiny.flow(3, recipe, **{k: v for k, v in SIZES.items() if k in taken}, **more)


def kinds() -> dict[str, Callable[[], Flow]]:
    """What makes each of them; nothing is trained."""
    found: dict[str, Callable[[], Flow]] = {
        name: (lambda name=name: _vector(name)) for name in vector_recipes()
    }
    found["nsf-float64"] = lambda: _vector("nsf").double()
    for name in ("maf", "realnvp"):
        found[f"{name}-context"] = lambda name=name: _vector(name, context_features=2)
    found["glow"] = lambda: RECIPES["glow"](levels=1, steps=2, hidden=4, dequantize="none", **IMAGE)
    found["realnvp_image"] = lambda: RECIPES["realnvp_image"](
        levels=1, blocks=1, hidden=4, dequantize="none", **IMAGE
    )
    found["pixels"] = lambda: RECIPES["pixels"](width=8, blocks=1, **IMAGE)
    found["vae"] = lambda: pf.VAE((1, 4, 4), latent=2, hidden=4, values=4)
    return found
