"""The two terms of the likelihood, as a fit calls for them: by one process or by several."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from torch import Tensor, nn

from pushforward.flow import Flow
from pushforward.training.team import Team

Terms = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor]]  # as `Flow.terms`


def shared_terms(flow: Flow, team: Team) -> Terms:
    """`flow.terms`, whose gradients are the mean of those of all processes.

    That is PyTorch's `DistributedDataParallel`.
    """
    if team.size == 1:
        return flow.terms
    with warnings.catch_warnings():  # the argument has another name in the newest versions alone
        warnings.simplefilter("ignore", FutureWarning)
        wrapped = nn.parallel.DistributedDataParallel(
            _Terms(flow),
            broadcast_buffers=False,  # set before the first step, alike in all processes
        )

    def terms(x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        prior, log_det = wrapped(x, context)
        return prior, log_det

    return terms


class _Terms(nn.Module):
    """A flow whose `forward` gives both terms: what PyTorch can wrap."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return self.flow.terms(x, context)
