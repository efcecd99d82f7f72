"""A flow that is judged, between numpy and torch: its rows, scores, latents and samples."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pushforward.diagnostics.kinds import any_order
from pushforward.errors import ConfigurationError, DataError, ShapeError

CHUNK = 8192  # rows given to the flow at a time


class Judged:
    """A flow, or whatever has `log_prob`, `sample` and `encode`, between numpy and torch.

    A module is copied and judged in evaluation mode: the original is left as it is.
    """

    def __init__(self, flow: Any) -> None:
        missing = [n for n in ("log_prob", "sample", "encode") if not hasattr(flow, n)]
        if missing:
            raise ConfigurationError(
                f"diagnose takes what has log_prob, sample and encode; a {type(flow).__name__} "
                f"has no {' and no '.join(missing)}."
            )
        self.flow: Any = copy.deepcopy(flow).eval() if isinstance(flow, nn.Module) else flow
        tensors = (*flow.parameters(), *flow.buffers()) if isinstance(flow, nn.Module) else ()
        like = next((t for t in tensors if t.is_floating_point()), torch.zeros(()))
        self.like = like.detach()

    @property
    def takes_missing(self) -> bool:
        """Is a NaN a missing cell to the flow?"""
        return bool(getattr(self.flow, "takes_missing", False))

    @property
    def completes(self) -> bool:
        """Can the flow draw what is missing given what is there?"""
        return hasattr(self.flow, "complete") or any_order(self.flow) is not None

    @torch.no_grad()
    def complete(self, x: Tensor, context: Tensor | None) -> Tensor:
        """Rows (n, d) with every missing cell drawn given what is there."""
        if hasattr(self.flow, "complete"):
            return torch.as_tensor(self.flow.complete(x, context))
        layer = any_order(self.flow)
        assert layer is not None
        embed = getattr(self.flow, "embed", None)
        if context is not None and embed is not None:
            context = embed(context)
        parts = [slice(start, start + CHUNK) for start in range(0, len(x), CHUNK)]
        given = (None if context is None else context[part] for part in parts)
        drawn = (layer.complete(x[p], c)[0] for p, c in zip(parts, given, strict=True))
        return torch.cat(list(drawn))

    def rows(self, name: str, value: Any, missing: bool = False) -> Tensor:
        """`value` (n, *event) as the flow takes it: finite, or NaN where a cell may be missing."""
        try:
            rows = torch.as_tensor(np.asarray(value) if _is_frame(value) else value)
            rows = rows.detach().to(self.like)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ShapeError(f"{name} must be an array of numbers: {error}.") from error
        if rows.ndim < 2:
            raise ShapeError(
                f"{name} must have shape (rows, columns), but has {tuple(rows.shape)}; of one "
                f"column, give {name}[:, None]."
            )
        good = rows.isfinite() | rows.isnan() if missing else rows.isfinite()
        bad = ~good.flatten(1).all(1)
        if bool(bad.any()):
            raise DataError(
                f"{name} has a number that is not finite in row {int(bad.nonzero()[0])} (counted "
                f"from 0), and {int(bad.sum())} such rows in all; mend or drop them."
            )
        return rows

    @torch.no_grad()
    def log_prob(self, x: Tensor, context: Tensor | None) -> np.ndarray:
        """(n) nats, float64; a NaN becomes -inf, for no row may be better for being unscored."""
        scored = _chunks(self.flow.log_prob, x, context)
        return np.nan_to_num(
            scored.double().cpu().numpy(), nan=-np.inf, posinf=np.inf, neginf=-np.inf
        )

    @torch.no_grad()
    def encode(self, x: Tensor, context: Tensor | None) -> np.ndarray:
        """Latents (n, d), float64."""
        return numbers(_chunks(self.flow.encode, x, context))

    @torch.no_grad()
    def sample(self, n: int, context: Tensor | None) -> Tensor:
        """n rows, or `n` for each row of a context: (n, k, *event)."""
        if context is None:
            return torch.as_tensor(self.flow.sample((n,)))
        return torch.as_tensor(self.flow.sample((n,), context))


def _is_frame(value: Any) -> bool:
    return not isinstance(value, Tensor | np.ndarray | list | tuple)


def _chunks(function: Any, x: Tensor, context: Tensor | None) -> Tensor:
    parts = [slice(start, start + CHUNK) for start in range(0, len(x), CHUNK)]
    given = (
        (function(x[part]) if context is None else function(x[part], context[part]))
        for part in parts
    )
    return torch.cat(list(given))


def numbers(x: Tensor) -> np.ndarray:
    """(n, *event) as float64 (n, d)."""
    return x.detach().double().cpu().flatten(1).numpy()
