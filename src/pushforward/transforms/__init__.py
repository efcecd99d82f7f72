"""Invertible maps with log-determinants, all under the contract of `Transform`."""

from pushforward.transforms.actnorm import ActNorm
from pushforward.transforms.autoregressive import Autoregressive
from pushforward.transforms.base import Kind, Transform, weakest
from pushforward.transforms.compose import Compose, Inverse
from pushforward.transforms.coupling import Coupling
from pushforward.transforms.elementwise import (
    Affine,
    Elementwise,
    Exp,
    RationalQuadraticSpline,
    Sigmoid,
    Softplus,
    Tanh,
)
from pushforward.transforms.linear import LULinear, Orthogonal, Permutation
from pushforward.transforms.planar import Planar
from pushforward.transforms.scalers import Standardize, Whiten, scalers

__all__ = [
    "ActNorm",
    "Affine",
    "Autoregressive",
    "Compose",
    "Coupling",
    "Elementwise",
    "Exp",
    "Inverse",
    "Kind",
    "LULinear",
    "Orthogonal",
    "Permutation",
    "Planar",
    "RationalQuadraticSpline",
    "Sigmoid",
    "Softplus",
    "Standardize",
    "Tanh",
    "Transform",
    "Whiten",
    "scalers",
    "weakest",
]
