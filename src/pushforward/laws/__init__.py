"""One-dimensional distributions as pairs of tails: what X = F_X⁻¹(F_Z(Z)) is built from."""

from pushforward.laws.adapt import as_law
from pushforward.laws.base import Law
from pushforward.laws.empirical import Empirical
from pushforward.laws.mixture import Mixture
from pushforward.laws.scipy_law import ScipyLaw
from pushforward.laws.transformed import Transformed
from pushforward.laws.uniform import Uniform

__all__ = ["Empirical", "Law", "Mixture", "ScipyLaw", "Transformed", "Uniform", "as_law"]
