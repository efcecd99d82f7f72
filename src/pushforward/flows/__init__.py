"""Recipes: functions that return a `Flow`, one small file per architecture."""

from pushforward.flows.autoregressive import iaf, maf
from pushforward.flows.columns import columns
from pushforward.flows.coupling import nice, realnvp
from pushforward.flows.image import glow, realnvp_image
from pushforward.flows.pixels import pixels
from pushforward.flows.recipe import (
    RECIPES,
    assemble,
    image_recipes,
    rebuild,
    recipe,
    vector_recipes,
)
from pushforward.flows.residual import planar, radial, sylvester
from pushforward.flows.spline import nsf
from pushforward.flows.stack import stack
from pushforward.flows.tarflow import tarflow
from pushforward.flows.triangular import triangular

__all__ = [
    "RECIPES",
    "assemble",
    "columns",
    "glow",
    "iaf",
    "image_recipes",
    "maf",
    "nice",
    "nsf",
    "pixels",
    "planar",
    "radial",
    "realnvp",
    "realnvp_image",
    "rebuild",
    "recipe",
    "stack",
    "sylvester",
    "tarflow",
    "triangular",
    "vector_recipes",
]
