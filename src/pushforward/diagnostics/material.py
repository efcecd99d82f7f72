"""What a diagnosis looks at: rows, as many samples, and what the flow says of both."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pushforward.errors import ConfigurationError, DataError, ShapeError

LEAST_ROWS = 100  # with fewer held-out rows no test below could find anything
MOST_ROWS = 5000  # held-out rows, and samples, that the tests compare
MOST_TRAIN = 20_000  # training rows
MOST_COLUMNS = 256
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

    def rows(self, name: str, value: Any) -> Tensor:
        """`value` (n, *event) as the flow takes it; every number finite."""
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
        bad = ~rows.isfinite().flatten(1).all(1)
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


@dataclass(frozen=True)
class Side:
    """Rows of one origin, at most so many as the tests take.

    Attributes:
        x: (n, d) in the data's own units.
        context: (n, c), or None.
        log_prob: (n) nats.
    """

    x: np.ndarray
    context: np.ndarray | None
    log_prob: np.ndarray

    @property
    def joint(self) -> np.ndarray:
        """Columns and context side by side, (n, d + c)."""
        return self.x if self.context is None else np.concatenate([self.x, self.context], 1)


@dataclass(frozen=True)
class Material:
    """Everything that the questions are put to.

    Attributes:
        names: of the columns, d.
        all_log_prob: of every held-out row, (N) nats.
        real: held-out rows, a seeded choice of at most `MOST_ROWS`.
        sampled: as many samples; with a context, one for the context of each real row.
        train: training rows, a seeded choice; None where none were given.
        chosen: the number of each real row among those given.
        centre, scale: of each column and context column, robust, over real rows and samples
            together, so that no test is told by them which is which.
        lost: samples that were not finite.
        notes: what was left out, in sentences.
    """

    names: tuple[str, ...]
    all_log_prob: np.ndarray
    real: Side
    sampled: Side
    train: Side | None
    chosen: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    lost: int
    notes: tuple[str, ...]

    def unit(self, side: Side) -> np.ndarray:
        """Columns and context of a side, centred and scaled, (n, d + c)."""
        return (side.joint - self.centre) / self.scale

    @property
    def width(self) -> int:
        """d, the number of columns."""
        return len(self.names)


def gather(
    judged: Judged,
    data: Any,
    train: Any,
    context: Any,
    train_context: Any,
    columns: Sequence[str] | None,
    seed: int,
) -> tuple[Material, Tensor, Tensor | None]:
    """The material, and all held-out rows with their context as the flow takes them.

    Raises:
        DataError: fewer than `LEAST_ROWS` rows, or a number that is not finite.
        ShapeError: rows that do not fit the flow, or contexts that do not fit the rows.
        ConfigurationError: more than `MOST_COLUMNS` numbers in a row, or names that do not fit.
    """
    rng = np.random.default_rng(seed)
    x, given = _with_context(judged, "data", data, context)
    if len(x) < LEAST_ROWS:
        raise DataError(
            f"diagnose needs at least {LEAST_ROWS} held-out rows, but was given {len(x)}."
        )
    width = x[0].numel()
    if width > MOST_COLUMNS:
        raise ConfigurationError(
            f"diagnose judges rows of at most {MOST_COLUMNS} numbers, but these have {width}."
        )
    names = tuple(columns) if columns is not None else tuple(f"x{j + 1}" for j in range(width))
    if len(names) != width:
        raise ConfigurationError(f"{len(names)} names were given for {width} columns.")
    if len(set(names)) < width:
        raise ConfigurationError("Two columns were given one name; each needs its own.")
    notes = []
    chosen = np.sort(rng.permutation(len(x))[:MOST_ROWS])
    if len(chosen) < len(x):
        notes.append(
            f"The tests compare {MOST_ROWS:,} of the {len(x):,} held-out rows, a choice by seed."
        )
    some = torch.as_tensor(chosen, device=x.device)
    picked = None if given is None else given[some]
    samples = judged.sample(1 if picked is not None else len(some), picked)
    samples = samples.flatten(0, 1) if picked is not None else samples
    finite = samples.isfinite().flatten(1).all(1)
    lost = int((~finite).sum())
    if lost:
        if int(finite.sum()) < LEAST_ROWS:
            raise DataError(
                f"Of {len(samples):,} samples {lost:,} are not finite: fit the flow again."
            )
        notes.append(f"{lost:,} samples were not finite and are left out.")
    sample_context = None if picked is None else picked[finite]
    samples = samples[finite]
    scores = judged.log_prob(x, given)
    real = Side(numbers(x[some]), _maybe(picked), scores[chosen])
    log_sampled = judged.log_prob(samples, sample_context)
    sampled = Side(numbers(samples), _maybe(sample_context), log_sampled)
    learned = _train(judged, train, train_context, x, given, rng, notes)
    pooled = np.concatenate([real.joint, sampled.joint])
    centre, scale = robust_scale(pooled)
    material = Material(
        names, scores, real, sampled, learned, chosen, centre, scale, lost, tuple(notes)
    )
    return material, x, given


def robust_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle and the spread (by quartiles; 1 where constant) of each column of (n, d).

    Example:
        >>> robust_scale(np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]]))[1].round(2)
        array([0.74, 1.  ])
    """
    low, centre, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    scale = (high - low) / 1.349  # of a normal column, its deviation
    scale = np.where(scale > 0, scale, values.std(0))
    return centre, np.where(scale > 0, scale, 1.0)


def _maybe(context: Tensor | None) -> np.ndarray | None:
    return None if context is None else numbers(context)


def _with_context(
    judged: Judged, name: str, data: Any, context: Any
) -> tuple[Tensor, Tensor | None]:
    x = judged.rows(name, data)
    event = getattr(judged.flow, "event_shape", x.shape[1:])
    if x.shape[1:] != event:
        raise ShapeError(
            f"{name} has rows of shape {tuple(x.shape[1:])}, but the flow's have {tuple(event)}."
        )
    if context is None:
        return x, None
    given = judged.rows("the context of " + name, context)
    if len(given) != len(x):
        raise ShapeError(f"{name} has {len(x)} rows, but its context has {len(given)}.")
    return x, given


def _train(
    judged: Judged,
    train: Any,
    train_context: Any,
    like: Tensor,
    given: Tensor | None,
    rng: np.random.Generator,
    notes: list[str],
) -> Side | None:
    if train is None:
        notes.append(
            "No training rows were given: overfitting and memorisation could not be looked at."
        )
        return None
    x, context = _with_context(judged, "train", train, train_context)
    if x.shape[1:] != like.shape[1:] or (context is None) != (given is None):
        raise ShapeError("train and data must have the same columns, and both a context or none.")
    if len(x) < LEAST_ROWS:
        raise DataError(
            f"diagnose needs at least {LEAST_ROWS} training rows, but was given {len(x)}."
        )
    if len(x) > MOST_TRAIN:
        notes.append(f"Of {len(x):,} training rows {MOST_TRAIN:,} are used, a choice by seed.")
        some = torch.as_tensor(rng.permutation(len(x))[:MOST_TRAIN], device=x.device)
        x, context = x[some], None if context is None else context[some]
    return Side(numbers(x), _maybe(context), judged.log_prob(x, context))
