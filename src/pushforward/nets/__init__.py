"""Conditioners: networks that turn known features and a context into a map's parameters."""

from pushforward.nets.convolution import CONVOLUTIONS, ConvNet, ResidualConvNet
from pushforward.nets.incremental import AutoregressiveConditioner, Sweep, Walk
from pushforward.nets.made import MADE
from pushforward.nets.mlp import ACTIVATIONS, MLP
from pushforward.nets.scaler import ContextScaler, location_and_scale
from pushforward.nets.structure import Adjacency
from pushforward.nets.transformer import CausalTransformer

__all__ = [
    "ACTIVATIONS",
    "CONVOLUTIONS",
    "MADE",
    "MLP",
    "Adjacency",
    "AutoregressiveConditioner",
    "CausalTransformer",
    "ContextScaler",
    "ConvNet",
    "ResidualConvNet",
    "Sweep",
    "Walk",
    "location_and_scale",
]
