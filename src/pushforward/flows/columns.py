"""The recipe of typed columns: any of them given any others, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows.recipe import assemble, positive_sizes, recipe
from pushforward.transforms.columns import AnyOrder, Network

NETWORKS: tuple[dict[str, Any], ...] = ({"width": 256, "blocks": 2},)


@recipe
def columns(
    features: int,
    records: Sequence[dict[str, Any]] | None = None,
    context_features: int = 0,
    networks: Sequence[dict[str, Any]] = NETWORKS,
) -> Flow:
    """Rows of categories, whole numbers and real ones, taken one after another in any order.

    A cell that is NaN is missing: it is neither learned from nor scored, and `log_prob` is that of
    the others. `flow.transform[0]` (an `AnyOrder`) completes rows, within limits.

    Args:
        features: d.
        records: what each column is, as `pushforward.transforms.columns.network.column` takes them;
            None for real numbers.
        context_features: length of the context vector, 0 for none.
        networks: sizes of the networks whose mixture it is, each {"width": 256, "blocks": 2,
            "dropout": 0.0}, of which any may be left out.

    Raises:
        ConfigurationError: a size below one, no networks, or records that are not `features` many,
            or describe no column.

    Example:
        >>> import torch
        >>> flow = columns(2, [{"kind": "category", "size": 3}, {"kind": "real"}]).eval()
        >>> flow.log_prob(torch.tensor([[2.0, 0.5], [0.0, float("nan")]])).shape
        torch.Size([2])
    """
    positive_sizes(features=features)
    for size in networks:
        positive_sizes(**{name: size[name] for name in ("width", "blocks") if name in size})
    told = [{"kind": "real"}] * features if records is None else list(records)
    if len(told) != features:
        raise ConfigurationError(
            f"{features} columns need as many records, but there are {len(told)}."
        )
    made = [Network(told, context_features, **size) for size in networks]
    return assemble(features, [AnyOrder(made)], "normal", context_features, "none")
