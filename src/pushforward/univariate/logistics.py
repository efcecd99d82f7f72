"""The distribution function of a mixture of logistics, seen through the logit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from pushforward.errors import ConfigurationError
from pushforward.numerics import increasing_root
from pushforward.univariate.base import Univariate


@dataclass(frozen=True)
class LogisticMixture(Univariate):
    """v = logit F(u), F = Σ_k w_k·sigmoid((u - m_k)·exp(-s_k)), a map of the line onto itself.

    Ho et al. 2019 ("Flow++"), section 3.2. Parameters per map: `components` each of the weights'
    logits, locations and log-scales, these bounded smoothly as in `Affine`. The inverse is a root,
    differentiated implicitly.

    Raises:
        ConfigurationError: fewer than one component.

    Example:
        >>> mixture = LogisticMixture(components=3)
        >>> u, params = torch.tensor([-2.0, 0.3]), torch.randn(2, mixture.n_params)
        >>> back, _ = mixture.inverse(mixture.forward(u, params)[0], params)
        >>> torch.allclose(back, u, atol=1e-5)
        True
    """

    components: int = 4
    bound: float = 3.0
    kind = "numerical"
    cheap = frozenset({"forward"})

    def __post_init__(self) -> None:
        if self.components < 1:
            raise ConfigurationError(
                f"A mixture needs at least one component, but components={self.components}."
            )

    @property
    def n_params(self) -> int:  # type: ignore[override]
        return 3 * self.components

    def forward(self, u: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        weights, loc, bent = params.chunk(3, -1)
        log_weights = weights.log_softmax(-1)
        log_scale = self.bound * torch.tanh(bent / self.bound)
        t = (u[..., None] - loc) * (-log_scale).exp()
        below, above = logsigmoid(t), logsigmoid(-t)
        log_f = (log_weights + below + above - log_scale).logsumexp(-1)
        low, high = (log_weights + below).logsumexp(-1), (log_weights + above).logsumexp(-1)
        return low - high, log_f - low - high

    def inverse(self, v: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        fixed, target = params.detach(), v.detach()

        def gap(u: Tensor) -> tuple[Tensor, Tensor]:
            value, log_slope = self.forward(u, fixed)
            return value - target, log_slope.exp()

        # Each component's own solution is m + v·exp(s): the root lies between the outermost.
        _, loc, bent = fixed.chunk(3, -1)
        each = loc + target[..., None] * (self.bound * torch.tanh(bent / self.bound)).exp()
        root = increasing_root(gap, each.amin(-1), each.amax(-1), name="LogisticMixture")
        value, log_slope = self.forward(root, params)
        u = root - (value - v) * (-log_slope.detach()).exp()
        return u, -self.forward(u, params)[1]
