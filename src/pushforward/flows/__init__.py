"""Recipes: functions that return a `Flow`, one small file per architecture."""

from pushforward.flows.autoregressive import iaf, maf
from pushforward.flows.coupling import nice, realnvp
from pushforward.flows.planar import planar
from pushforward.flows.recipe import RECIPES, assemble, rebuild, recipe
from pushforward.flows.spline import nsf

__all__ = [
    "RECIPES",
    "assemble",
    "iaf",
    "maf",
    "nice",
    "nsf",
    "planar",
    "realnvp",
    "rebuild",
    "recipe",
]
