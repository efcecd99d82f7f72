"""Any strictly monotone function of one number as a transform, rising or falling."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from pushforward.constraints import Interval, real
from pushforward.errors import ConfigurationError
from pushforward.transforms.base import Transform
from pushforward.univariate.chart import innermost, root_within
from pushforward.univariate.monotonicity import direction, grid_over

Function = Callable[[Tensor], Tensor]


class Monotone(Transform):
    """x = f(z), elementwise, for a strictly monotone f; log|det| = log|f'(z)|.

    p_X(x) = p_Z(h(x))·|h'(x)| with h = f⁻¹. Without `derivative`, f' comes from automatic
    differentiation; without `inverse`, h(x) is a root, bracketed by the whole domain and
    differentiated implicitly, and the kind is "numerical". A module's parameters train with the
    flow.

    Outside the codomain (and forwards outside the domain) the result is finite and the log-det
    -inf. |f'| is taken as at least the least normal number, so that z³ at 0 stays finite.

    Args:
        function: f, elementwise and differentiable in torch; any shape to the same shape.
        inverse: h, where it is known.
        derivative: f', where it is known.
        domain: where z lies; the real line unless told.
        codomain: where x lies; from the values of f at the domain's ends where None.

    Raises:
        ConfigurationError: f is not elementwise or, on a grid over the domain, neither rises nor
            falls throughout, with the places where; or `inverse` does not undo it.

    Example:
        >>> layer = Monotone(lambda z: -z - z**3)
        >>> z, log_det = layer.inverse(torch.tensor([-10.0]))
        >>> round(z.item(), 5), round(log_det.item(), 4)  # -log(1 + 3·2²)
        (2.0, -2.5649)
        >>> Monotone(torch.square)
        Traceback (most recent call last):
        pushforward.errors.ConfigurationError: square falls at -1 and rises at 1 on the real line: \
it is not monotone, so that no flow can go through it.
    """

    def __init__(
        self,
        function: Function,
        inverse: Function | None = None,
        derivative: Function | None = None,
        domain: Interval = real,
        codomain: Interval | None = None,
    ) -> None:
        super().__init__()
        self.function, self.derivative, self._undo = function, derivative, inverse
        self.domain = domain
        grid = grid_over(domain).to(_dtype_of(function))
        values = _values(function, grid)
        self.sign = direction(_name(function), domain, grid, values)
        self.codomain = self.image(domain) if codomain is None else codomain
        self._middles = grid[len(grid) // 2].item(), values[len(grid) // 2].item()
        if inverse is None:
            self.kind, self.cheap = "numerical", frozenset({"forward"})
        else:
            _check_inverse(_name(function), inverse, grid, values)

    def image(self, interval: Interval) -> Interval:
        ends = torch.tensor([interval.low, interval.high], dtype=_dtype_of(self.function))
        with torch.no_grad():
            values = self.function(ends)
            # At infinity a formula may meet inf - inf: then what it says far out is taken.
            far = self.function(ends.clamp(-1e30, 1e30))
        far = torch.where(far.abs() < 1e15, far, far * math.inf)
        values = torch.where(values.isnan(), far, values)
        low, high = sorted(values.tolist())
        return Interval(low, high, interval.closed)

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        inside = self.domain.contains(z) | z.isnan()
        held = torch.where(inside, z, self._middles[0])
        x, slope = self._with_slope(held)
        return x, torch.where(inside, _log(slope), -math.inf)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        inside = self.codomain.contains(x) | x.isnan()
        held = torch.where(inside, x, self._middles[1])
        held = held.clamp(*innermost(self.codomain, x.dtype))
        z = self._root(held) if self._undo is None else self._undo(held)
        z = z.clamp(*innermost(self.domain, x.dtype))
        return z, torch.where(inside, -_log(self._with_slope(z)[1]), -math.inf)

    def _with_slope(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """f(z) and f'(z), differentiable again where gradients are being recorded."""
        if self.derivative is not None:
            return self.function(z), self.derivative(z)
        recording = torch.is_grad_enabled()
        with torch.enable_grad():
            point = z if z.requires_grad else z.detach().requires_grad_()
            x = self.function(point)
            if not x.requires_grad:
                raise ConfigurationError(
                    f"{_name(self.function)} cannot be differentiated by torch: give derivative=…."
                )
            (slope,) = torch.autograd.grad(x.sum(), point, create_graph=recording)
        return (x, slope) if recording else (x.detach(), slope)

    def _root(self, x: Tensor) -> Tensor:
        """The z with f(z) = x, carrying the derivatives of the implicit function theorem."""
        given = x.detach()
        known = torch.where(given.isnan(), self._middles[1], given)

        def excess(z: Tensor) -> tuple[Tensor, Tensor]:
            value, slope = self._with_slope(z)
            return self.sign * (value - known), self.sign * slope

        z = root_within(excess, self.domain, known, name=_name(self.function))
        value, slope = self._with_slope(z)
        # One Newton step from the root leaves it in place and carries the implicit derivative.
        return z - (value - x) / _away_from_zero(slope.detach())


def _away_from_zero(slope: Tensor) -> Tensor:
    least = torch.finfo(slope.dtype).tiny
    return torch.where(slope.abs() < least, least, slope)


def _log(slope: Tensor) -> Tensor:
    """log|f'|, finite also where f' is zero or overflows."""
    limits = torch.finfo(slope.dtype)
    return slope.abs().clamp(limits.tiny, limits.max).log()


def _name(function: Function) -> str:
    """What a sentence calls the function."""
    name = getattr(function, "__name__", type(function).__name__)
    return "The function" if name == "<lambda>" else name


def _dtype_of(function: Function) -> torch.dtype:
    """A module computes in its parameters' precision, a plain function in any."""
    parameters = function.parameters() if isinstance(function, nn.Module) else iter(())
    return next((p.dtype for p in parameters), torch.float64)


@torch.no_grad()
def _values(function: Function, grid: Tensor) -> Tensor:
    values, half = function(grid), len(grid) // 2
    if values.shape != grid.shape or not torch.allclose(
        function(grid[:half]), values[:half], rtol=1e-4, atol=1e-6, equal_nan=True
    ):
        raise ConfigurationError(
            f"{_name(function)} is not elementwise: what it makes of one number depends on others."
        )
    return values


@torch.no_grad()
def _check_inverse(name: str, inverse: Function, grid: Tensor, values: Tensor) -> None:
    """Refuse an inverse that does not lead back, near the middle, where no digits are lost."""
    some = slice(len(grid) // 2 - 8, len(grid) // 2 + 9)
    back = inverse(values[some])
    off = ~((back - grid[some]).abs() <= 1e-4 * (1 + grid[some].abs()))
    if bool(off.any()):
        z, x, found = grid[some][off][0], values[some][off][0], back[off][0]
        raise ConfigurationError(
            f"The inverse does not undo {name}: f({z:g}) = {x:g}, but inverse({x:g}) = {found:g}."
        )
