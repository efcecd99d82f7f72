"""The distributions of `torch.distributions` as laws, with SciPy's tails where it has them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch import distributions as td
from torch.distributions.transforms import ComposeTransform, SigmoidTransform, Transform

from pushforward.errors import ConfigurationError
from pushforward.laws.base import Law, between_edges
from pushforward.laws.mixture import Mixture
from pushforward.laws.scipy_law import ScipyLaw
from pushforward.laws.transformed import Transformed
from pushforward.laws.uniform import Uniform

# A torch family's name in SciPy, and its parameters there.
FAMILIES: dict[type[td.Distribution], tuple[str, Callable[[Any], dict[str, Tensor]]]] = {
    td.Normal: ("norm", lambda d: {"loc": d.loc, "scale": d.scale}),
    td.Beta: ("beta", lambda d: {"a": d.concentration1, "b": d.concentration0}),
    td.Gamma: ("gamma", lambda d: {"a": d.concentration, "scale": 1 / d.rate}),
    td.StudentT: ("t", lambda d: {"df": d.df, "loc": d.loc, "scale": d.scale}),
    td.Gumbel: ("gumbel_r", lambda d: {"loc": d.loc, "scale": d.scale}),
    td.Exponential: ("expon", lambda d: {"scale": 1 / d.rate}),
    td.Laplace: ("laplace", lambda d: {"loc": d.loc, "scale": d.scale}),
    td.Cauchy: ("cauchy", lambda d: {"loc": d.loc, "scale": d.scale}),
    td.HalfNormal: ("halfnorm", lambda d: {"scale": d.scale}),
    td.HalfCauchy: ("halfcauchy", lambda d: {"scale": d.scale}),
    td.FisherSnedecor: ("f", lambda d: {"dfn": d.df1, "dfd": d.df2}),
    td.Weibull: ("weibull_min", lambda d: {"c": d.concentration, "scale": d.scale}),
}
# Their log_prob in torch overflows in a tail (x² beyond 1e154, exp(-x)), or its slope does.
ROUGH = (td.Cauchy, td.Gumbel, td.Weibull)


def from_torch(distribution: td.Distribution) -> Law:
    """A law from a torch distribution of one number; its parameters are copied in float64.

    Raises:
        ConfigurationError: it is discrete, has no cdf, or is not of one number.

    Example:
        >>> law = from_torch(td.Normal(0.0, 1.0))
        >>> round(law.isf(law.sf(torch.tensor([20.0], dtype=torch.float64))).item(), 10)
        20.0
    """
    return _from_scalar(_scalar(_in_float64(distribution)))


def _from_scalar(distribution: td.Distribution) -> Law:
    """A law from a scalar torch distribution in float64."""
    name = type(distribution).__name__
    if distribution.support is not None and distribution.support.is_discrete:  # type: ignore[attr-defined]
        raise ConfigurationError(f"{name} is discrete: no smooth map leads to it or from it.")
    if isinstance(distribution, td.Uniform):
        return Uniform(float(distribution.low), float(distribution.high))
    for family, (scipy_name, parameters) in FAMILIES.items():
        if isinstance(distribution, family):
            log_prob = None if isinstance(distribution, ROUGH) else distribution.log_prob
            return _with_scipy_tails(scipy_name, parameters(distribution), log_prob)
    if isinstance(distribution, td.MixtureSameFamily):
        weights = distribution.mixture_distribution.logits.softmax(-1)
        each = distribution.component_distribution
        return Mixture(weights, [_from_scalar(_member(each, k)) for k in range(len(weights))])
    if isinstance(distribution, td.TransformedDistribution):
        return _from_transformed(distribution)
    return TorchLaw(distribution)


def _from_transformed(distribution: td.TransformedDistribution) -> Law:
    base, transforms = _from_scalar(distribution.base_dist), distribution.transforms
    unit = isinstance(base, Uniform) and (base.low, base.high) == (0.0, 1.0)
    if unit and transforms[0] == SigmoidTransform().inv:
        # Torch's logistic distribution, whose logit is cut off at 1e-16 from the upper edge.
        base, transforms = _with_scipy_tails("logistic", {}, None), transforms[1:]
    return Transformed(base, ComposeTransform(transforms)) if transforms else base


def _with_scipy_tails(
    name: str, parameters: dict[str, Tensor], log_prob: Callable[[Tensor], Tensor] | None
) -> ScipyLaw:
    from scipy import stats

    frozen = getattr(stats, name)(**{k: float(v) for k, v in parameters.items()})
    return ScipyLaw(frozen, log_prob)


class TorchLaw(Law):
    """Any other torch distribution with a cdf; its upper tail is 1 - F, its quantiles are roots.

    Raises:
        ConfigurationError: the distribution has no cdf.

    Example:
        >>> class Triangle(td.Distribution):
        ...     support = td.constraints.unit_interval
        ...     def log_prob(self, x): return (2 * x).log()
        ...     def cdf(self, x): return x**2
        >>> law = TorchLaw(Triangle(validate_args=False))
        >>> round(law.icdf(torch.tensor([0.25], dtype=torch.float64)).item(), 10)
        0.5
    """

    numerical = True

    def __init__(self, distribution: td.Distribution) -> None:
        self.distribution = distribution
        edges = distribution.support
        low = float(getattr(edges, "lower_bound", -torch.inf))
        high = float(getattr(edges, "upper_bound", torch.inf))
        self.support = between_edges(low, high, self.log_prob)
        try:
            self.cdf(torch.zeros(1, dtype=torch.float64).clamp(low, high))
        except NotImplementedError:
            name = type(distribution).__name__
            raise ConfigurationError(f"{name} has no cdf, which a law needs.") from None

    def log_prob(self, x: Tensor) -> Tensor:
        return self.distribution.log_prob(x)

    def cdf(self, x: Tensor) -> Tensor:
        return self.distribution.cdf(x)


def _walk(item: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A copy of a torch distribution, or what it is made of, with every tensor changed."""
    if isinstance(item, Tensor):
        return change(item)
    if isinstance(item, list):
        return [_walk(part, change) for part in item]
    if type(item).__name__ == "_InverseTransform":
        return _walk(item.inv, change).inv
    if isinstance(item, td.Distribution | Transform):
        copied = copy.copy(item)
        copied.__dict__ = {
            # A transform remembers its inverse; the copy must not meet the original's.
            k: None if k == "_inv" else _walk(v, change)
            for k, v in item.__dict__.items()
        }
        if isinstance(copied, td.Distribution):
            copied._validate_args = False  # a NaN is to come out as a NaN
        return copied
    return item


def _in_float64(distribution: td.Distribution) -> td.Distribution:
    def convert(value: Tensor) -> Tensor:
        value = value.detach().cpu()
        return value.double() if value.is_floating_point() else value

    return _walk(distribution, convert)


def _scalar(distribution: td.Distribution) -> td.Distribution:
    """The distribution of one number, where shapes of ones are all that stands around it."""
    while isinstance(distribution, td.Independent):
        distribution = distribution.base_dist
    if distribution.batch_shape == (1,):
        distribution = _member(distribution, 0)
    if distribution.batch_shape or distribution.event_shape:
        raise ConfigurationError(
            f"{type(distribution).__name__} has batch shape {tuple(distribution.batch_shape)} and "
            f"event shape {tuple(distribution.event_shape)}, but a law is of one number."
        )
    return distribution


def _member(distribution: td.Distribution, k: int) -> td.Distribution:
    """The k-th of a batch of distributions, by itself."""
    size = distribution.batch_shape
    member = _walk(distribution, lambda v: v[k] if v.shape[:1] == size else v)
    pending = [member]
    while pending:
        part = pending.pop()
        part._batch_shape = torch.Size()
        pending += [v for v in part.__dict__.values() if isinstance(v, td.Distribution)]
    return member
