"""Fused numerics: compiled monotone maps, each with the plain PyTorch formula it is held to."""

from pushforward.kernels.affine import affine
from pushforward.kernels.fused import Fused, transformed
from pushforward.kernels.native import SWITCH, library, plain, usable
from pushforward.kernels.rational_quadratic import rational_quadratic

__all__ = [
    "SWITCH",
    "Fused",
    "affine",
    "library",
    "plain",
    "rational_quadratic",
    "transformed",
    "usable",
]
