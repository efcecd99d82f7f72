"""From the distributions that people have to laws."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor
from torch import distributions as td

from pushforward import distributions as own
from pushforward.errors import ConfigurationError
from pushforward.laws.base import Law
from pushforward.laws.empirical import Empirical
from pushforward.laws.mixture import Mixture
from pushforward.laws.scipy_law import ScipyLaw, speaks_scipy
from pushforward.laws.torch_law import from_torch
from pushforward.laws.uniform import Uniform


def as_law(distribution: Any) -> Law:
    """A law from a distribution of torch, SciPy or this package, or from samples.

    Parameters are copied as they stand, in float64: a law does not train. Torch's families are
    given SciPy's tails, because torch's own lose the digits of one of them.

    Args:
        distribution: a `Law`; a scalar `torch.distributions` object (mixtures and transformed
            distributions included); a frozen continuous SciPy distribution; a base of
            `pushforward.distributions` of one feature; or a tensor or array of samples.

    Raises:
        ConfigurationError: it is discrete, has no cdf, or is not of one number.

    Example:
        >>> import torch
        >>> law = as_law(torch.distributions.Gamma(2.0, 1.0))
        >>> str(law.support), round(law.sf(torch.tensor([1.0])).item(), 4)
        ('(0, inf)', 0.7358)
    """
    if isinstance(distribution, Law):
        return distribution
    if isinstance(distribution, Tensor | np.ndarray):
        return Empirical(distribution)
    if isinstance(distribution, own.Distribution):
        return _from_own(distribution)
    if isinstance(distribution, td.Distribution):
        return from_torch(distribution)
    return _from_scipy(distribution)


def _from_scipy(distribution: Any) -> Law:
    name = getattr(getattr(distribution, "dist", distribution), "name", type(distribution).__name__)
    kinds = {kind.__name__ for kind in type(distribution).__mro__}
    if "DiscreteDistribution" in kinds or (
        hasattr(distribution, "pmf") and not hasattr(distribution, "logpdf")
    ):
        raise ConfigurationError(f"{name} is discrete: no smooth map leads to it or from it.")
    if not hasattr(distribution, "cdf") or speaks_scipy(distribution) is None:
        raise ConfigurationError(
            f"{name} is no distribution of one number with a cdf and a quantile function; give "
            "one of torch, a frozen one of SciPy, a Law, or samples as a tensor."
        )
    if name == "vonmises":
        raise ConfigurationError(
            "vonmises lives on a circle: its cdf has no ends; vonmises_line is the one of a line."
        )
    shape = np.shape(distribution.cdf(0.0))
    if shape:
        raise ConfigurationError(
            f"{name} has parameters of shape {shape}, but a law is of one number."
        )
    return ScipyLaw(distribution)


def _from_own(base: own.Distribution) -> Law:
    """A base of this package, of one feature, as its parameters stand."""
    if base.event_shape != (1,) or base.context_features:
        raise ConfigurationError(
            f"{type(base).__name__} has events of shape {tuple(base.event_shape)}, "
            "but a law is of one number and takes no context."
        )
    held: Any = base
    if isinstance(base, own.Uniform):
        return Uniform(held.low.item(), held.high.item())
    if isinstance(base, own.Normal):
        return as_law(td.Normal(held.loc.double(), held.log_scale.double().exp()))
    if isinstance(base, own.MultivariateNormal | own.GaussianMixture):
        loc, scale = held.loc.double().flatten(), held.scale_tril().double().flatten()
        weights = held.logits if isinstance(base, own.GaussianMixture) else loc.new_zeros(1)
        parts = [as_law(td.Normal(a, b)) for a, b in zip(loc, scale, strict=True)]
        return Mixture(weights.double().softmax(-1), parts) if len(parts) > 1 else parts[0]
    if isinstance(base, own.StudentT):
        return as_law(td.StudentT(held.log_df.double().exp()))
    raise ConfigurationError(f"{type(base).__name__} has no cdf that is known here.")
