"""Recipes: functions that return a `Flow`, one small file per architecture."""

from pushforward.flows.autoregressive import iaf, maf
from pushforward.flows.columns import columns
from pushforward.flows.coupling import nice, realnvp
from pushforward.flows.recipe import RECIPES, assemble, rebuild, recipe
from pushforward.flows.residual import planar, radial, sylvester
from pushforward.flows.spline import nsf
from pushforward.flows.stack import stack
from pushforward.flows.triangular import triangular

__all__ = [
    "RECIPES",
    "assemble",
    "columns",
    "iaf",
    "maf",
    "nice",
    "nsf",
    "planar",
    "radial",
    "realnvp",
    "rebuild",
    "recipe",
    "stack",
    "sylvester",
    "triangular",
]
