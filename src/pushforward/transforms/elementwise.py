"""Elementwise transforms: fixed affine, exp, softplus, sigmoid, tanh, and any univariate map."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from pushforward.constraints import Interval, biunit, positive, unit
from pushforward.errors import ConfigurationError
from pushforward.numerics import sum_event
from pushforward.transforms.base import Transform
from pushforward.univariate import Fast, Univariate, orient
from pushforward.univariate import RationalQuadraticSpline as SplineMap


class Affine(Transform):
    """x = loc + scale·z with fixed numbers; log|det| = Σ log|scale|. A negative scale falls.

    Scalars make an elementwise map; tensors of shape (d,) make one of d features.

    Args:
        loc, scale: floats or tensors that broadcast together.

    Raises:
        ConfigurationError: a scale that is zero or not finite, or a loc that is not finite.

    Example:
        >>> x, log_det = Affine(1.0, 2.0).forward(torch.tensor([3.0]))
        >>> x.item(), round(log_det.item(), 4)
        (7.0, 0.6931)
    """

    loc: Tensor
    scale: Tensor

    def __init__(self, loc: float | Tensor = 0.0, scale: float | Tensor = 1.0) -> None:
        super().__init__()
        dtype = next(
            (v.dtype for v in (loc, scale) if isinstance(v, Tensor) and v.is_floating_point()),
            # A plain number keeps its sixteen digits until it meets the data's own dtype.
            torch.float64,
        )
        pair = torch.broadcast_tensors(
            torch.as_tensor(loc, dtype=dtype), torch.as_tensor(scale, dtype=dtype)
        )
        # On "meta", where only shapes are wanted, there are no numbers to look at.
        if not pair[0].is_meta and not bool(
            torch.isfinite(pair[0]).all() and (torch.isfinite(pair[1]) & (pair[1] != 0)).all()
        ):
            raise ConfigurationError(
                f"Affine needs a finite loc and a finite scale other than zero, "
                f"but was given loc={loc}, scale={scale}."
            )
        self.register_buffer("loc", pair[0].clone())
        self.register_buffer("scale", pair[1].clone())
        self.event_ndim_in = self.event_ndim_out = self.loc.ndim
        self.features = self.loc.shape[-1] if self.loc.ndim else None

    def image(self, interval: Interval) -> Interval:
        if self.loc.is_meta:
            return self.codomain
        ends = [
            (self.loc + self.scale * end).flatten()
            if math.isfinite(end)
            else self.scale.sign().flatten() * end
            for end in (interval.low, interval.high)
        ]
        both = torch.cat(ends)
        return Interval(both.min().item(), both.max().item(), interval.closed)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        loc, scale = self.loc.to(z.dtype), self.scale.to(z.dtype)
        return loc + scale * z, self._log_det(z)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        loc, scale = self.loc.to(x.dtype), self.scale.to(x.dtype)
        return (x - loc) / scale, -self._log_det(x)

    def _log_det(self, like: Tensor) -> Tensor:
        return sum_event(self.scale.abs().log().to(like.dtype).expand_as(like), self.event_ndim_in)


class Restricting(Transform):
    """A fixed map from the real line onto an interval: refuses what lies outside, by -inf."""

    middle: float  # some point of the codomain, evaluated where x is outside it

    def __init__(self) -> None:
        super().__init__()

    @abstractmethod
    def _unrestrict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x inside the codomain -> (z, log dz/dx)."""

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        inside = self.codomain.contains(x) | x.isnan()  # a NaN is a fault to see, not an outsider
        held = torch.where(inside, x, self.middle)
        if self.codomain.low == 0:  # among subnormal numbers the slope 1/x would overflow
            held = held.clamp(min=torch.finfo(x.dtype).tiny)
        z, log_det = self._unrestrict(held)
        return z, torch.where(inside, log_det, -math.inf)


class Exp(Restricting):
    """x = exp(z), log|det| = z, onto (0, ∞).

    Example:
        >>> _, log_det = Exp().inverse(torch.tensor([-1.0, 2.0]))
        >>> [round(v, 4) for v in log_det.tolist()]
        [-inf, -0.6931]
    """

    codomain = positive
    middle = 1.0

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        # It saturates at the largest number: an infinite slope would turn gradients into NaN.
        largest = math.log(torch.finfo(z.dtype).max) * (1 - torch.finfo(z.dtype).eps)
        return z.clamp(max=largest).exp(), z

    def _unrestrict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = x.log()
        return z, -z


class Softplus(Restricting):
    """x = log(1 + exp(z)), log|det| = log sigmoid(z), onto (0, ∞).

    Example:
        >>> round(Softplus().forward(torch.tensor([0.0]))[0].item(), 4)
        0.6931
    """

    codomain = positive
    middle = 1.0

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        # torch's softplus turns linear at 20, which float64 can see: logaddexp does not.
        return torch.logaddexp(z, torch.zeros_like(z)), logsigmoid(z)

    def _unrestrict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        shortfall = (-torch.expm1(-x)).log()  # log(1 - exp(-x))
        return x + shortfall, -shortfall


class Sigmoid(Restricting):
    """x = 1/(1 + exp(-z)), log|det| = log x + log(1 - x), onto (0, 1). Its inverse is the logit.

    Example:
        >>> Sigmoid().inverse(torch.tensor([0.5]))[0].item()
        0.0
    """

    codomain = unit
    middle = 0.5

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        return z.sigmoid(), logsigmoid(z) + logsigmoid(-z)

    def _unrestrict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        log_x, log_rest = x.log(), torch.log1p(-x)
        return log_x - log_rest, -log_x - log_rest


class Tanh(Restricting):
    """x = tanh(z), log|det| = log(1 - x²), onto (-1, 1).

    Example:
        >>> Tanh().forward(torch.tensor([0.0]))[1].item()
        0.0
    """

    codomain = biunit
    middle = 0.0

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        # 1 - tanh² = 4·sigmoid(2z)·sigmoid(-2z), which keeps its digits far out
        return z.tanh(), math.log(4.0) + logsigmoid(2 * z) + logsigmoid(-2 * z)

    def _unrestrict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.atanh(), -torch.log1p(-x) - torch.log1p(x)


class Elementwise(Transform):
    """A univariate map with its own parameters, one set per entry of `shape`; no context.

    Args:
        univariate: the map, from `pushforward.univariate`.
        shape: event shape, () for one map shared by everything it is applied to.
        fast: the direction in which the explicit formula is used.

    Example:
        >>> from pushforward.univariate import RationalQuadraticSpline
        >>> layer = Elementwise(RationalQuadraticSpline(bins=4), shape=(3,))
        >>> layer.forward(torch.zeros(5, 3))[1].shape
        torch.Size([5])
    """

    def __init__(
        self, univariate: Univariate, shape: tuple[int, ...] = (), fast: Fast = "density"
    ) -> None:
        super().__init__()
        self.univariate, self.fast, self.kind = univariate, fast, univariate.kind
        self._generate, self._normalize = orient(univariate, fast)
        self.params = nn.Parameter(torch.zeros(*shape, univariate.n_params))
        self.event_ndim_in = self.event_ndim_out = len(shape)
        self.features = shape[-1] if shape else None
        if univariate.cheap != self.cheap:
            self.cheap = frozenset({"inverse" if fast == "density" else "forward"})

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        x, log_det = self._generate(z, self.params)
        return x, sum_event(log_det, self.event_ndim_in)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        z, log_det = self._normalize(x, self.params)
        return z, sum_event(log_det, self.event_ndim_in)


class RationalQuadraticSpline(Elementwise):
    """A monotone rational-quadratic spline per feature (Durkan et al. 2019), free of context.

    For a spline whose knots depend on other features or on a context, give the map
    `pushforward.univariate.RationalQuadraticSpline` to `Coupling` or `Autoregressive`.

    Args:
        features: how many features, each with its own spline.
        bins: pieces of each spline.
        bound: the spline bends on [-bound, bound] and is the identity outside.

    Example:
        >>> layer = RationalQuadraticSpline(2)
        >>> layer.inverse(torch.tensor([[0.5, -7.0]]))[0].tolist()
        [[0.5, -7.0]]
    """

    def __init__(
        self, features: int, bins: int = 8, bound: float = 5.0, fast: Fast = "density"
    ) -> None:
        super().__init__(SplineMap(bins, bound), (features,), fast)
