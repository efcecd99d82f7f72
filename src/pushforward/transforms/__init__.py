"""Invertible maps with log-determinants, all under the contract of `Transform`."""

from pushforward.transforms.actnorm import ActNorm
from pushforward.transforms.autoregressive import Autoregressive
from pushforward.transforms.base import Kind, Transform, weakest
from pushforward.transforms.between import Between, between
from pushforward.transforms.cholesky import Cholesky
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
from pushforward.transforms.matrix import Linear
from pushforward.transforms.monotone import Monotone
from pushforward.transforms.planar import Planar
from pushforward.transforms.radial import Radial
from pushforward.transforms.scalers import Standardize, Whiten, scalers
from pushforward.transforms.sinh import Sinh
from pushforward.transforms.stack import Stack
from pushforward.transforms.sylvester import Sylvester

__all__ = [
    "ActNorm",
    "Affine",
    "Autoregressive",
    "Between",
    "Cholesky",
    "Compose",
    "Coupling",
    "Elementwise",
    "Exp",
    "Inverse",
    "Kind",
    "LULinear",
    "Linear",
    "Monotone",
    "Orthogonal",
    "Permutation",
    "Planar",
    "Radial",
    "RationalQuadraticSpline",
    "Sigmoid",
    "Sinh",
    "Softplus",
    "Stack",
    "Standardize",
    "Sylvester",
    "Tanh",
    "Transform",
    "Whiten",
    "between",
    "scalers",
    "weakest",
]
