"""Conditioners: networks that turn known features and a context into a map's parameters."""

from pushforward.nets.made import MADE, AutoregressiveConditioner, IncrementalParameters
from pushforward.nets.mlp import ACTIVATIONS, MLP
from pushforward.nets.scaler import ContextScaler, location_and_scale

__all__ = [
    "ACTIVATIONS",
    "MADE",
    "MLP",
    "AutoregressiveConditioner",
    "ContextScaler",
    "IncrementalParameters",
    "location_and_scale",
]
