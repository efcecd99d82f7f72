"""Base distributions: where a flow starts."""

from pushforward.distributions.base import BASES, Distribution, build_base
from pushforward.distributions.mixture import GaussianMixture
from pushforward.distributions.normal import MultivariateNormal, Normal
from pushforward.distributions.student_t import StudentT
from pushforward.distributions.uniform import Uniform

__all__ = [
    "BASES",
    "Distribution",
    "GaussianMixture",
    "MultivariateNormal",
    "Normal",
    "StudentT",
    "Uniform",
    "build_base",
]
