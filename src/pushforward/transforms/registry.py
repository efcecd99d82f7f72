"""Every transform by name, as its generic tests and its catalogue page meet it.

A new transform is one line here, a new univariate map one line in `MAPS`: it is then measured in
every property, dimension, precision and batch shape that the package promises. Those of images have
their lines in `image/registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import torch
from torch import Tensor, nn
from torch import distributions as td

from pushforward.transforms.actnorm import ActNorm
from pushforward.transforms.autoregressive import Autoregressive
from pushforward.transforms.base import Transform
from pushforward.transforms.between import between
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
from pushforward.transforms.image.reshape import Reshape
from pushforward.transforms.linear import LULinear, Orthogonal, Permutation
from pushforward.transforms.matrix import Linear
from pushforward.transforms.monotone import Monotone
from pushforward.transforms.planar import Planar
from pushforward.transforms.radial import Radial
from pushforward.transforms.scalers import Standardize, Whiten
from pushforward.transforms.sinh import Sinh
from pushforward.transforms.stack import Chain, Gaussians, Stack
from pushforward.transforms.sylvester import Sylvester
from pushforward.univariate import Affine as AffineMap
from pushforward.univariate import Fast, LogisticMixture, Shift, Univariate
from pushforward.univariate import RationalQuadraticSpline as SplineMap

HIDDEN = (8, 8)  # conditioners small enough to measure by the hundred
FAST: tuple[Fast, Fast] = ("density", "sampling")

MAPS: dict[str, Univariate] = {
    "Shift": Shift(),
    "Affine": AffineMap(),
    "RationalQuadraticSpline": SplineMap(bins=4, bound=3.0),
    "LogisticMixture": LogisticMixture(components=3),
}


@dataclass(frozen=True)
class Entry:
    """One way to make a transform, and where its promises hold.

    Attributes:
        name: unique among the entries.
        make: (features, context_features) -> the transform, at its identity start.
        takes_context: whether context_features above 0 is of any use to it.
        z_range, x_range: the well-conditioned intervals from which z and x are drawn.
        gradient_limit: gradients are finite for x up to this size, of either sign.
        z_shape: the shape of an event of z, where `make` takes no other; a vector of any length
            where None.
    """

    name: str
    make: Callable[[int, int], Transform]
    _: KW_ONLY
    takes_context: bool = False
    z_range: tuple[float, float] = (-4.0, 4.0)
    x_range: tuple[float, float] = (-4.0, 4.0)
    gradient_limit: float = 1e30
    z_shape: tuple[int, ...] | None = None

    def lifted(self, features: int, context_features: int = 0) -> Compose:
        """The transform as a map of vectors of `features` numbers, whatever its own event."""
        layer = self.make(features, context_features)
        if self.z_shape is None:
            return Compose([layer], event_ndim=1)
        flat, x_shape = (features,), layer.event_shape(torch.Size(self.z_shape))
        return Compose([Reshape(flat, self.z_shape), layer, Reshape(x_shape, flat)])

    def draw_z(self, *shape: int, generator: torch.Generator) -> Tensor:
        """Latents of that shape, uniform in the entry's range, in the default dtype."""
        return _uniform(self.z_range, shape, generator)

    def draw_x(self, *shape: int, generator: torch.Generator) -> Tensor:
        """Data of that shape, uniform in the entry's range, in the default dtype."""
        return _uniform(self.x_range, shape, generator)


def _uniform(
    interval: tuple[float, float], shape: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    low, high = interval
    return low + (high - low) * torch.rand(shape, generator=generator)


@torch.no_grad()
def perturb(module: nn.Module, generator: torch.Generator) -> None:
    """Move every parameter off its identity start, so that nothing is tested where it is trivial.

    Each weight by N(0, 0.5²/fan-in), each bias and elementwise parameter by N(0, 0.5²).

    Example:
        >>> layer = ActNorm(2)
        >>> perturb(layer, torch.Generator().manual_seed(0))
        >>> bool((layer.loc != 0).all())
        True
    """
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            fan_in = parameter.shape[-1] if name in ("weight", "lower", "upper") else 1
            if parameter.ndim == 4:  # of a convolution
                fan_in = parameter.shape[1:].numel()
            noise = torch.randn(parameter.shape, generator=generator).to(parameter)
            parameter.add_(0.5 / fan_in**0.5 * noise)


def _falling(features: int) -> Tensor:
    """Scales of either sign and of different sizes."""
    return torch.linspace(0.5, 2.0, features) * (-1.0) ** torch.arange(features)


def _whiten(features: int) -> Whiten:
    """One that has seen correlated data of several scales."""
    generator = torch.Generator().manual_seed(1)
    mix = torch.eye(features) + 0.5 * torch.rand(features, features, generator=generator)
    layer = Whiten(features)
    layer.initialize(torch.randn(64, features, generator=generator) @ mix + 0.5)
    return layer


def _matrix(features: int) -> Tensor:
    """A well-conditioned matrix that turns space over."""
    matrix = torch.eye(features).double() + torch.linspace(-0.5, 0.5, features**2).reshape(
        features, features
    )
    matrix[0] *= -1.5
    return matrix


def _standardize(features: int) -> Transform:
    layer = Standardize(features)
    layer.initialize(torch.stack([torch.arange(features) - 1.0, 2.0 * torch.arange(features)]))
    return layer


def _stack(features: int, context_features: int) -> Stack:
    """A flow, a mixture and a kernel estimate in one."""
    generator = torch.Generator().manual_seed(2)
    n = context_features + features
    c = context_features
    layers = [
        Autoregressive(features, MAPS[name], None, c, HIDDEN, "tanh")
        for name in ("RationalQuadraticSpline", "Affine")
    ]
    mixture, kernels = Gaussians(features, 2, False, c), Gaussians(features, 4, True, c)
    for member, components, factors in ((mixture, 2, 2), (kernels, 4, 1)):
        tril = 0.3 * torch.randn(factors, n, n, generator=generator).tril(-1)
        member.place(
            torch.randn(components, generator=generator),
            torch.randn(components, n, generator=generator),
            tril + 0.7 * torch.eye(n),
        )
    members = [Chain(features, [*layers, Sinh(2.0)], c), mixture, kernels]
    layer = Stack(members)
    layer.weigh(torch.tensor([0.5, 0.3, 0.2]))
    return layer


def _mixed(features: int, context_features: int) -> Transform:
    """A composition of layers of every event size, ending on the positive numbers."""
    return Compose(
        [
            Orthogonal(features),
            Autoregressive(features, MAPS["Affine"], None, context_features, HIDDEN, "tanh"),
            Permutation(range(features - 1, -1, -1)),
            Coupling(
                features, MAPS["RationalQuadraticSpline"], None, context_features, HIDDEN, "elu"
            ),
            LULinear(features),
            Affine(0.5, -0.5),
            Exp(),
        ]
    )


def _wirings(name: str, univariate: Univariate, fast: Fast) -> list[Entry]:
    """One univariate map in every wiring."""
    reach = 2.5 * univariate.scale if univariate.scale > 1 else 4.0  # beyond a spline's bound too
    interval = (-reach, reach)

    def entry(wiring: str, make: Callable[[int, int], Transform], takes_context: bool) -> Entry:
        return Entry(
            f"{wiring}({name}, {fast})",
            make,
            takes_context=takes_context,
            z_range=interval,
            x_range=interval,
        )

    return [
        entry("Elementwise", lambda d, _c: Elementwise(univariate, (d,), fast), False),
        entry(
            "Coupling", lambda d, c: Coupling(d, univariate, None, c, HIDDEN, "relu", fast), True
        ),
        entry(
            "Autoregressive",
            lambda d, c: Autoregressive(d, univariate, None, c, HIDDEN, "relu", fast),
            True,
        ),
    ]


def _two_modes() -> td.Distribution:
    """A mixture of normals whose modes touch."""
    loc, scale = torch.tensor([-1.5, 1.0]), torch.tensor([0.8, 1.0])
    return td.MixtureSameFamily(td.Categorical(torch.tensor([0.4, 0.6])), td.Normal(loc, scale))


ONE_DIMENSIONAL: list[Entry] = [  # changes of variables of one number
    Entry(
        "Monotone(exp)",
        lambda _d, _c: Monotone(torch.exp, torch.log, torch.exp),
        x_range=(0.02, 50.0),
        gradient_limit=1e4,
    ),
    Entry("Monotone(falling)", lambda _d, _c: Monotone(lambda z: -z - z**3), gradient_limit=1e4),
    Entry(
        "Monotone(softplus)",
        lambda _d, _c: Monotone(lambda z: torch.logaddexp(z, torch.zeros_like(z))),
        x_range=(0.02, 4.0),
        gradient_limit=1e4,
    ),
    Entry(
        "between(normal, gamma)",
        lambda _d, _c: between(td.Normal(0.0, 1.0), td.Gamma(2.0, 1.0)),
        x_range=(0.02, 8.0),
        gradient_limit=1e4,
    ),
    Entry(
        "between(normal, mixture)",
        lambda _d, _c: between(td.Normal(0.0, 1.0), _two_modes()),
        gradient_limit=1e4,
    ),
    Entry(
        "between(beta, student_t)",
        lambda _d, _c: between(td.Beta(2.0, 3.0), td.StudentT(4.0)),
        z_range=(0.02, 0.98),
        gradient_limit=1e4,
    ),
]

ENTRIES: list[Entry] = [
    *ONE_DIMENSIONAL,
    Entry("Affine", lambda _d, _c: Affine(0.25, -1.5)),
    Entry("Affine(vector)", lambda d, _c: Affine(torch.linspace(-1.0, 1.0, d), _falling(d))),
    Entry("Sinh", lambda _d, _c: Sinh(2.0), gradient_limit=1e4),
    Entry("Stack", _stack, takes_context=True, gradient_limit=1e4),
    Entry("Exp", lambda _d, _c: Exp(), x_range=(0.02, 50.0), gradient_limit=1e4),
    Entry("Softplus", lambda _d, _c: Softplus(), x_range=(0.02, 4.0), gradient_limit=1e4),
    Entry("Sigmoid", lambda _d, _c: Sigmoid(), x_range=(0.02, 0.98), gradient_limit=1e4),
    Entry(
        "Tanh",
        lambda _d, _c: Tanh(),
        z_range=(-2.5, 2.5),
        x_range=(-0.98, 0.98),
        gradient_limit=1e4,
    ),
    Entry("Permutation", lambda d, _c: Permutation([(i + 1) % d for i in range(d)])),
    Entry("LULinear", lambda d, _c: LULinear(d)),
    Entry("Cholesky", lambda d, c: Cholesky(d, c), takes_context=True),
    Entry("Orthogonal", lambda d, _c: Orthogonal(d)),
    Entry("Orthogonal(1)", lambda d, _c: Orthogonal(d, reflections=1)),
    Entry("ActNorm", lambda d, _c: ActNorm(d)),
    Entry("Standardize", lambda d, _c: _standardize(d)),
    Entry("Whiten", lambda d, _c: _whiten(d)),
    Entry("Planar", lambda d, c: Planar(d, c), takes_context=True, gradient_limit=1e4),
    Entry("Radial", lambda d, c: Radial(d, c), takes_context=True, gradient_limit=1e4),
    Entry("Sylvester", lambda d, c: Sylvester(d, None, c), takes_context=True, gradient_limit=1e4),
    Entry("Sylvester(1)", lambda d, c: Sylvester(d, 1, c), takes_context=True, gradient_limit=1e4),
    Entry("Linear", lambda d, _c: Linear(_matrix(d), torch.arange(d) - 1.0)),
    Entry("Linear(lower)", lambda d, _c: Linear(_matrix(d).tril(), 0.5)),
    Entry("Linear(upper)", lambda d, _c: Linear(_matrix(d).triu())),
    Entry("RationalQuadraticSpline", lambda d, _c: RationalQuadraticSpline(d)),
    *(e for name, m in MAPS.items() for fast in FAST for e in _wirings(name, m, fast)),
    Entry(
        "Compose",
        _mixed,
        takes_context=True,
        z_range=(-2.0, 2.0),
        x_range=(0.2, 5.0),
        gradient_limit=1e4,
    ),
    Entry("Inverse(Exp)", lambda _d, _c: Inverse(Exp()), z_range=(0.02, 50.0), gradient_limit=1e4),
    Entry(
        "Inverse(Sigmoid)",
        lambda _d, _c: Inverse(Sigmoid()),
        z_range=(0.02, 0.98),
        gradient_limit=1e4,
    ),
    Entry(
        "Inverse(Planar)",
        lambda d, c: Inverse(Planar(d, c)),
        takes_context=True,
        gradient_limit=1e4,
    ),
    Entry("Inverse(LULinear)", lambda d, _c: Inverse(LULinear(d))),
]
