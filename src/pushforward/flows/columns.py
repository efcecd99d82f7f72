"""The recipe of typed columns: any of them given any others, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.recipe import assemble, positive_sizes, recipe
from pushforward.transforms.columns import AnyOrder, Network


@recipe
def columns(
    features: int,
    records: Sequence[dict[str, Any]] | None = None,
    context_features: int = 0,
    width: int = 256,
    blocks: int = 3,
    dropout: float = 0.0,
    networks: int = 1,
) -> Flow:
    """Rows of categories, whole numbers and real ones, taken one after another in any order.

    A cell that is NaN is missing: it is neither learned from nor scored, and `log_prob` is that of
    the others. `flow.transform[0]` (an `AnyOrder`) completes rows, within limits.

    Args:
        features: d.
        records: what each column is, as `pushforward.transforms.columns.network.column` takes them;
            None for real numbers.
        context_features: length of the context vector, 0 for none.
        width, blocks: of each network.
        dropout: while training.
        networks: how many are mixed.

    Raises:
        ConfigurationError: a size below one, or records that are not `features` many, or describe
            no column.

    Example:
        >>> import torch
        >>> flow = columns(2, [{"kind": "category", "size": 3}, {"kind": "real"}], width=8).eval()
        >>> flow.log_prob(torch.tensor([[2.0, 0.5], [0.0, float("nan")]])).shape
        torch.Size([2])
    """
    positive_sizes(features=features, width=width, blocks=blocks, networks=networks)
    told = [{"kind": "real"}] * features if records is None else list(records)
    if len(told) != features:
        raise ConfigurationError(
            f"{features} columns need as many records, but there are {len(told)}."
        )
    made = [Network(told, context_features, width, blocks, dropout) for _ in range(networks)]
    return assemble(features, [AnyOrder(made)], "normal", context_features, "none")
