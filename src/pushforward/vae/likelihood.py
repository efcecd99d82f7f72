"""What a decoder's numbers say of x: probabilities of whole numbers, or densities of real ones."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pushforward.constraints import Interval, real
from pushforward.distributions.normal import LOG_2PI
from pushforward.errors import ConfigurationError
from pushforward.flows.recipe import positive_sizes
from pushforward.nets import location_and_scale
from pushforward.transforms.columns.logistics import logistics
from pushforward.transforms.columns.range import END
from pushforward.transforms.columns.steps import spread


class Likelihood(nn.Module, ABC):
    """p(x|z) of x (n, *event) given parameters (n, *event, P), each number by itself.

    Attributes:
        n_params: P.
        codomain: where every number of x lies.
    """

    n_params: int
    codomain: Interval

    @abstractmethod
    def scaled(self, x: Tensor) -> Tensor:
        """x as the encoder sees it, of the order of one."""

    @abstractmethod
    def log_prob(self, params: Tensor, x: Tensor) -> Tensor:
        """log p(x|z), (n), nats; -inf where x cannot be."""

    @abstractmethod
    def draw(self, params: Tensor, generator: torch.Generator | None) -> Tensor:
        """x (n, *event)."""

    @abstractmethod
    def mean(self, params: Tensor) -> Tensor:
        """The mean of x, (n, *event)."""

    @abstractmethod
    def initialize(self, x: Tensor, weight: Tensor | None) -> Tensor:
        """Set what depends on x (n, *event), and give parameters for the decoder to begin at.

        They are (C, P) of images of C channels, (d, P) of vectors.
        """


class Logistics(Likelihood):
    """Whole numbers 0 … values - 1: the masses that a mixture of logistics has in their cells.

    Salimans et al. 2017 ("PixelCNN++"), equations 1 and 2, with no channel told of another. A cell
    reaches half a step to either side; the first and the last reach to infinity.

    Args:
        values: how many whole numbers there are.
        components: of each mixture.

    Raises:
        ConfigurationError: fewer than two values, or no component.

    Example:
        >>> law, cells = Logistics(4, components=2), torch.arange(4.0)[:, None]
        >>> law.log_prob(torch.zeros(4, 1, 6), cells).exp().sum().item()
        1.0
    """

    def __init__(self, values: int = 256, components: int = 3) -> None:
        super().__init__()
        if isinstance(values, bool) or not isinstance(values, int) or values < 2:
            raise ConfigurationError(
                f"values must be a whole number of at least 2, but is {values!r}."
            )
        positive_sizes(components=components)
        self.values, self.components, self.n_params = values, components, 3 * components
        self.codomain = Interval(0.0, values - 1.0, closed=True)

    def scaled(self, x: Tensor) -> Tensor:
        return 2 * x / (self.values - 1) - 1

    def log_prob(self, params: Tensor, x: Tensor) -> Tensor:
        inside = (self.codomain.contains(x) & (x == x.floor())) | x.isnan()
        k = torch.where(inside, x, 0.0).flatten()
        low, high = self._edge(k), self._edge(k + 1)
        low = low.masked_fill(k == 0, -END)
        high = high.masked_fill(k == self.values - 1, END)
        # One width for all, whose digits no difference has lost.
        width = torch.where((k == 0) | (k == self.values - 1), END, 2 / (self.values - 1))
        law = logistics(params.reshape(-1, self.n_params))
        each = law.log_masses(low, high, width).logsumexp(-1)
        total = each.reshape(x.shape).flatten(1).sum(1)
        return torch.where(inside.flatten(1).all(1), total, -math.inf)

    def _edge(self, k: Tensor) -> Tensor:
        """Where cell k begins, among scaled numbers: the very number at which cell k - 1 ends."""
        return (2 * k - self.values) / (self.values - 1)

    def draw(self, params: Tensor, generator: torch.Generator | None) -> Tensor:
        law = logistics(params.reshape(-1, self.n_params))
        end = torch.full_like(law.loc[:, 0], END)
        y = law.draw(law.log_weights, -end, end, generator).reshape(params.shape[:-1])
        return ((y + 1) * (self.values - 1) / 2).round().clamp(0, self.values - 1)

    def mean(self, params: Tensor) -> Tensor:
        """Σ P(X ≥ k) over k = 1 … values - 1, which is the mean of whole numbers from 0."""
        law = logistics(params.reshape(-1, self.n_params))
        weights, rate = law.log_weights.exp(), (-law.log_scale).exp()
        total = torch.zeros_like(law.loc[:, 0])
        # One by one: all of them at once would take as much memory as so many images.
        for edge in self._edge(torch.arange(1, self.values).to(params)):
            total = total + (weights * ((law.loc - edge) * rate).sigmoid()).sum(-1)
        return total.reshape(params.shape[:-1])

    def initialize(self, x: Tensor, weight: Tensor | None) -> Tensor:
        columns = self.scaled(x).movedim(1, 0).flatten(1)
        return torch.stack([spread(column, self.components) for column in columns])


class Normal(Likelihood):
    """Real numbers x ~ N(mean, scale²), with one scale for each channel, or feature of a vector.

    Decoded by one linear map this is factor analysis: log p(x) is that of a normal distribution.

    Args:
        shape: of x.

    Attributes:
        scale: (C, 1, 1) or (d), in the units of x.
    """

    loc: Tensor
    unit: Tensor
    n_params = 1
    codomain = real

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        across = (shape[0], *(1 for _ in shape[1:]))
        self.register_buffer("loc", torch.zeros(across))
        self.register_buffer("unit", torch.ones(across))
        self.log_scale = nn.Parameter(torch.zeros(across))

    @property
    def scale(self) -> Tensor:
        """The standard deviation of what the decoder leaves open."""
        return self.unit * self.log_scale.exp()

    def scaled(self, x: Tensor) -> Tensor:
        return (x - self.loc) / self.unit

    def log_prob(self, params: Tensor, x: Tensor) -> Tensor:
        standard = (x - self.mean(params)) / self.scale
        each = -0.5 * (standard.square() + LOG_2PI) - self.scale.log()
        return each.flatten(1).sum(1)

    def draw(self, params: Tensor, generator: torch.Generator | None) -> Tensor:
        mean = self.mean(params)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return mean + self.scale * noise

    def mean(self, params: Tensor) -> Tensor:
        return self.loc + self.unit * params[..., 0]

    def initialize(self, x: Tensor, weight: Tensor | None) -> Tensor:
        flat = x.movedim(1, -1).reshape(-1, x.shape[1])
        loc, unit = location_and_scale(flat, x.shape[1], weight)
        self.loc.copy_(loc.reshape(self.loc.shape))
        self.unit.copy_(unit.reshape(self.unit.shape))
        return x.new_zeros(x.shape[1], 1)
