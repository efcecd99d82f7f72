"""Autoregressive: each feature is transformed given those before it in one order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.kernels import transformed
from pushforward.nets import MADE, Adjacency
from pushforward.transforms.base import Transform
from pushforward.transforms.parallel import Certificate, solve_at_once, worthwhile
from pushforward.transforms.sequential import solve_in_order, solve_plainly
from pushforward.univariate import Affine, Fast, Univariate, orient

Solver = Literal["auto", "sequential", "parallel"]
SOLVERS: tuple[Solver, ...] = get_args(Solver)


class Autoregressive(Transform):
    """Univariate maps of all features, each with parameters computed from those before it.

    With `fast="density"` the parameters come from the data's predecessors: the inverse is one pass
    (MAF, Papamakarios et al. 2017). With `fast="sampling"` they come from the latents'
    predecessors: the forward direction is one pass (IAF, Kingma et al. 2016). The other direction
    goes feature by feature through the conditioner's incremental interface, at the cost of about
    one dense pass in all, and is exact.

    Args:
        features: d.
        univariate: the map of one number, from `pushforward.univariate`.
        order: order[0] is transformed on the context alone, and so on; natural where None.
        context_features: length of the context vector, 0 for none.
        hidden: widths of the conditioner's hidden layers.
        activation: one of `pushforward.nets.ACTIVATIONS`.
        fast: the direction that takes one pass.
        adjacency: instead of an order, adjacency[i][j] says that feature i depends on feature j:
            a graph without cycles.
        solver: how the other direction goes. "sequential" is the walk; "parallel" iterates over
            all features at once, which is exact after d rounds and often after a few; "auto"
            walks where there is compiled code for it; elsewhere it iterates, without gradients,
            where few rows have many features, and walks if that has not settled in d/4 rounds.

    Raises:
        ConfigurationError: an unknown word, an order that is none, or a graph with a cycle.

    Example:
        >>> layer = Autoregressive(4, hidden=(16,))
        >>> x = torch.randn(5, 4)
        >>> z, log_det = layer.inverse(x)
        >>> torch.allclose(layer.forward(z)[0], x, atol=1e-5)
        True
    """

    event_ndim_in = event_ndim_out = 1
    features: int

    def __init__(
        self,
        features: int,
        univariate: Univariate | None = None,
        order: Sequence[int] | None = None,
        context_features: int = 0,
        hidden: Sequence[int] = (128, 128),
        activation: str = "relu",
        fast: Fast = "density",
        adjacency: Adjacency | None = None,
        solver: Solver = "auto",
    ) -> None:
        super().__init__()
        self.features, self.context_features = features, context_features
        self.univariate, self.fast = Affine() if univariate is None else univariate, fast
        orient(self.univariate, fast)  # refuses any other word
        self.cheap = frozenset({"inverse" if fast == "density" else "forward"})
        self.kind = self.univariate.kind
        self.conditioner = MADE(
            features,
            self.univariate.n_params,
            hidden,
            context_features,
            order,
            activation,
            adjacency,
        )
        if solver not in SOLVERS:
            known = ", ".join(f'"{name}"' for name in SOLVERS)
            raise ConfigurationError(f"solver must be one of {known}, but is {solver!r}.")
        self.solver = solver

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(z, context)
        return self._one_pass(z, context) if self.fast == "sampling" else self._solve(z, context)

    def inverse(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.accept(x, context)
        return self._one_pass(x, context) if self.fast == "density" else self._solve(x, context)

    def solve_at_once(
        self, value: Tensor, context: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Certificate]:
        """The direction that is no single pass, by iteration over all features, without gradients.

        Args:
            value: (*batch, d).
            context: (*batch, c) where one is taken.

        Returns:
            as `forward` (`inverse` where `fast="sampling"`), and a `Certificate`: whether it has
            settled, after how many rounds, and the residual of each row.

        Raises:
            ShapeError: the last dimension or the context does not fit.

        Example:
            >>> layer = Autoregressive(4, hidden=(16,))
            >>> x, log_det, certificate = layer.solve_at_once(torch.randn(5, 4))
            >>> certificate.settled, certificate.residual.shape
            (True, torch.Size([5]))
        """
        self.accept(value, context)
        rows, given = self._rows(value, context)
        x, log_det, found = solve_at_once(self.conditioner, self.univariate, rows, given)
        batch = value.shape[:-1]
        residual = found.residual.reshape(batch)
        certificate = Certificate(found.settled, found.iterations, residual)
        return x.reshape(value.shape), log_det.reshape(batch), certificate

    def inverse_by_feature(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `inverse`, with each feature's own log-slope: x (*batch, d) -> z and log dz_j/dx_j.

        Both are (*batch, d); the log-slopes add up to the log-det.

        Raises:
            ShapeError: the last dimension or the context does not fit.
            ConfigurationError: the layer has `fast="sampling"`.
        """
        self.accept(x, context)
        if self.fast != "density":
            raise ConfigurationError('inverse_by_feature is for layers with fast="density".')
        done = self.conditioner.layer(
            self.univariate.fused, *self._rows(x, context), solve=False, by_feature=True
        )
        if done is not None:
            return done[0].reshape(x.shape), done[1].reshape(x.shape)
        params = self.conditioner(x, context if self.context_features else None)
        return self.univariate.forward(x, params.to(x.dtype))

    def _one_pass(self, value: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """All features at once, each from the values given before it."""
        done = self.conditioner.layer(
            self.univariate.fused, *self._rows(value, context), solve=False
        )
        if done is not None:
            return done[0].reshape(value.shape), done[1].reshape(value.shape[:-1])
        params = self.conditioner(value, context if self.context_features else None)
        # A network may have computed in bfloat16; maps and log-dets never do.
        result, log_det = self.univariate.forward(value, params.to(value.dtype))
        return result, log_det.sum(-1)

    def _solve(self, value: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """Each feature from the results found before it."""
        parts = self.conditioner, self.univariate, *self._rows(value, context)
        done = None
        if self.solver != "parallel":
            done = self.conditioner.layer(self.univariate.fused, *parts[2:], solve=True)
        if done is not None:
            x, log_det = done
        elif transformed() or torch.compiler.is_compiling():
            x, log_det = solve_plainly(*parts)
        else:
            x, log_det = self._at_once(*parts[2:]) or solve_in_order(*parts)
        return x.reshape(value.shape), log_det.reshape(value.shape[:-1])

    def _at_once(self, rows: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor] | None:
        """By iteration where that is wanted and settles; else None."""
        if self.solver == "sequential" or (self.solver == "auto" and not worthwhile(rows)):
            return None
        sources = (rows, *self.parameters(), *([] if context is None else [context]))
        if torch.is_grad_enabled() and any(t.requires_grad for t in sources):
            return None  # the walk knows its way back
        most = self.features if self.solver == "parallel" else self.features // 4
        x, log_det, certificate = solve_at_once(
            self.conditioner, self.univariate, rows, context, most
        )
        return (x, log_det) if certificate.settled else None
