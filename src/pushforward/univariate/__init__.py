"""Monotone maps of one number, as pure functions of their parameters.

A map is written once here; unconditional, conditional, coupling and autoregressive transforms come
from composing it with a wiring of `pushforward.transforms`.
"""

from pushforward.univariate.affine import Affine, Shift
from pushforward.univariate.base import Fast, Map, Univariate, orient
from pushforward.univariate.logistics import LogisticMixture
from pushforward.univariate.rational_quadratic import RationalQuadraticSpline

__all__ = [
    "Affine",
    "Fast",
    "LogisticMixture",
    "Map",
    "RationalQuadraticSpline",
    "Shift",
    "Univariate",
    "orient",
]
