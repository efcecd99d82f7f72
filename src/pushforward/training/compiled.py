"""`torch.compile` for a fit: the flow's terms as one graph, tried before the first step."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.training.data import Rows
from pushforward.training.settings import Settings
from pushforward.training.terms import Terms


def compiled_terms(flow: Flow, train: Rows, settings: Settings) -> Terms:
    """`flow.terms`, compiled for training batches of the settings' size; all else goes as it is.

    A graph is made for one number of rows, for which the compiler can plan best. The last batch of
    an epoch is smaller, and the rows judged are as many as there are: a graph for each such number
    takes longer to make than it saves, and one for any number is slower for all.

    Args:
        flow: whose terms; left as it was.
        train: the rows of the fit, some of which are tried.
        settings: for the batch size and the precision.

    Raises:
        ConfigurationError: there is no compiler, or it cannot compile this flow.
    """
    size = min(settings.batch_size, len(train))
    compiled = torch.compile(flow.terms, fullgraph=True, dynamic=False)

    def terms(x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        if len(x) != size or not torch.is_grad_enabled():
            return flow.terms(x, context)
        prior, log_det = compiled(x, context)
        return prior, log_det

    was_training = flow.training
    flow.train()
    try:
        _try(terms, train.take(torch.arange(size, device=train.x.device)), settings)
    except Exception as error:
        raise ConfigurationError(
            "compile=True does not work here: torch.compile needs a C++ compiler and a flow that "
            f"it can trace. It says: {_first_line(error)} Leave compile out."
        ) from error
    finally:
        flow.train(was_training)
        flow.zero_grad(set_to_none=True)
    return terms


def _try(terms: Terms, rows: Rows, settings: Settings) -> None:
    """Compile both ways, without a word from the compiler and without a draw from a generator."""
    kind, low = rows.x.device.type, settings.precision == "bf16"
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        with torch.autocast(kind, torch.bfloat16, enabled=low):
            prior, log_det = terms(rows.x, rows.context)
        (prior + log_det).mean().backward()


def _first_line(error: Exception) -> str:
    """What went wrong, without the traces that follow; it ends in a full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{lines[0] if lines else type(error).__name__}".rstrip(".") + "."
