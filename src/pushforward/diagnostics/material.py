"""What a diagnosis looks at: rows, as many samples, and what the flow says of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.diagnostics.evidence import said
from pushforward.diagnostics.gaps import telling
from pushforward.diagnostics.judged import Judged, numbers
from pushforward.diagnostics.kinds import Kinds, kinds
from pushforward.errors import ConfigurationError, DataError, ShapeError

LEAST_ROWS = 100  # with fewer held-out rows no test below could find anything
MOST_ROWS = 5000  # held-out rows, and samples, that the tests compare
MOST_TRAIN = 20_000  # training rows
MOST_COLUMNS = 256
SQRT2 = math.sqrt(2.0)


@dataclass(frozen=True)
class Side:
    """Rows of one origin, at most so many as the tests take.

    Attributes:
        x: (n, d) in the data's own units; codes in columns of categories, NaN where missing.
        context: (n, c), or None.
        log_prob: of x, (n) nats.
        rows, scores: x as it was given, and its log densities; others where gaps of x were filled.
    """

    x: np.ndarray
    context: np.ndarray | None
    log_prob: np.ndarray
    rows: np.ndarray
    scores: np.ndarray

    @property
    def joint(self) -> np.ndarray:
        """Columns and context side by side, (n, d + c)."""
        return self.x if self.context is None else np.concatenate([self.x, self.context], 1)


@dataclass(frozen=True)
class Material:
    """Everything that the questions are put to.

    Attributes:
        names: of the columns, d.
        kinds: what each column holds.
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
    kinds: Kinds
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
        """Columns and context of a side, centred and scaled, (n, d + c); codes as they are."""
        return (side.joint - self.centre) / self.scale

    def dense(self, side: Side) -> np.ndarray:
        """The columns of numbers alone, scaled, (n, e): gaps hold a cell of another real row."""
        unit = self.unit(side)[:, : self.width][:, ~self.kinds.category]
        pool = self.unit(self.real)[:, : self.width][:, ~self.kinds.category]
        rng = np.random.default_rng(0)
        for j, column in enumerate(unit.T):
            gaps, known = np.isnan(column), pool[:, j][~np.isnan(pool[:, j])]
            unit[gaps, j] = rng.choice(known, int(gaps.sum())) if len(known) else 0.0
        return unit

    def placed(self, side: Side, gaps: bool = False) -> np.ndarray:
        """A side as points whose distances mean something, (n, e).

        A category becomes a coordinate for each, so that two different ones are one apart. What is
        missing is in the middle: the centre of a number, no category; NaN with `gaps`.
        """
        unit = self.unit(side)
        if not self.category.any():
            return unit if gaps else np.nan_to_num(unit)
        parts = []
        for j in range(unit.shape[1]):
            column = unit[:, j : j + 1]
            levels = self.kinds.levels[j] if j < self.width else ()
            if levels:
                spread = (column == np.arange(len(levels))) / SQRT2
                column = np.where(np.isnan(column), np.nan, spread)
            parts.append(column)
        placed = np.concatenate(parts, 1)
        return placed if gaps else np.nan_to_num(placed)

    @property
    def place_names(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The names of the columns' coordinates as `placed` has them, and which are categories'."""
        names: list[str] = []
        shared: list[bool] = []
        for name, levels in zip(self.names, self.kinds.levels, strict=True):
            names += [f"{said(name)} = {said(level)}" for level in levels] or [name]
            shared += [True] * len(levels) or [False]
        return tuple(names), np.array(shared)

    @property
    def place_weight(self) -> np.ndarray:
        """How much of a column each coordinate of `placed` is, (e)."""
        weights: list[float] = []
        for levels in self.kinds.levels:
            weights += [1 / len(levels) for _ in levels] or [1.0]
        return np.array(weights + [1.0] * (self.real.joint.shape[1] - self.width))

    @property
    def category(self) -> np.ndarray:
        """Which of columns and context hold codes of categories, (d + c) bool."""
        others = np.zeros(self.real.joint.shape[1] - self.width, dtype=bool)
        return np.concatenate([self.kinds.category, others])

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
    levels: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Material, Tensor, Tensor | None]:
    """The material, and all held-out rows with their context as the flow takes them.

    Raises:
        DataError: fewer than `LEAST_ROWS` rows, or a number that is not finite.
        ShapeError: rows that do not fit the flow, or contexts that do not fit the rows.
        ConfigurationError: more than `MOST_COLUMNS` numbers in a row, or names or levels that do
            not fit.
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
    told = kinds(judged.flow, names, levels)
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
    seen, filled = x[some], False
    missing = seen.isnan()
    if bool(missing.any()):
        filled = _gaps(judged, names, told, numbers(seen), notes)
        if not filled:
            samples = samples.masked_fill(missing[finite], math.nan)
    real = _side(judged, seen, picked, scores[chosen], filled)
    log_sampled = judged.log_prob(samples, sample_context)
    sampled = _side(judged, samples, sample_context, log_sampled, filled=False)
    learned = _train(judged, train, train_context, x, given, rng, notes, filled)
    pooled = np.concatenate([real.joint, sampled.joint])
    centre, scale = robust_scale(pooled)
    codes = np.concatenate([told.category, np.zeros(pooled.shape[1] - width, dtype=bool)])
    centre, scale = np.where(codes, 0.0, centre), np.where(codes, 1.0, scale)
    material = Material(
        names, told, scores, real, sampled, learned, chosen, centre, scale, lost, tuple(notes)
    )
    return material, x, given


def _side(
    judged: Judged, x: Tensor, context: Tensor | None, scores: np.ndarray, filled: bool
) -> Side:
    """Rows as the tests compare them: with their gaps, or with these filled by the flow."""
    if not filled or not bool(x.isnan().any()):
        return Side(numbers(x), _maybe(context), scores, numbers(x), scores)
    whole = judged.complete(x, context)
    # A row outside the support stays there, whatever is drawn beside it.
    log_prob = np.where(np.isneginf(scores), scores, judged.log_prob(whole, context))
    return Side(numbers(whole), _maybe(context), log_prob, numbers(x), scores)


def _gaps(
    judged: Judged, names: tuple[str, ...], told: Kinds, x: np.ndarray, notes: list[str]
) -> bool:
    """Whether gaps of rows are filled, else samples are given them; and a note on that."""
    share = f"{np.isnan(x).mean():.1%} of the cells are missing"
    found = telling(x, told.category)
    if found is None:
        notes.append(
            f"{share}, in no visible relation to the others: each sample was given the gaps of a "
            "row, and what is missing is not compared."
        )
        return False
    k, j = (said(names[at]) for at in found)
    related = f"{share}, those of {k} more often for some values of {j}"
    if not judged.completes:
        notes.append(
            f"{related}. Samples were given the gaps of rows at random, so that they may differ "
            "from rows by that alone."
        )
        return False
    notes.append(
        f"{related}: gaps were filled by draws of the flow given the rest of the row, and rows so "
        "completed are compared with whole samples."
    )
    return True


def robust_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle and the spread (by quartiles; 1 where constant) of each column of (n, d).

    NaN is a missing cell; a column without any other has middle 0 and spread 1.

    Example:
        >>> robust_scale(np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]]))[1].round(2)
        array([0.74, 1.  ])
    """
    if np.isnan(values).any():
        known = np.where(np.isnan(values).all(0), 0.0, values)
        low, centre, high = np.nanquantile(known, [0.25, 0.5, 0.75], axis=0)
        deviation = np.nanstd(known, axis=0)
    else:
        low, centre, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
        deviation = values.std(0)
    scale = (high - low) / 1.349  # of a normal column, its deviation
    scale = np.where(scale > 0, scale, deviation)
    return centre, np.where(scale > 0, scale, 1.0)


def _maybe(context: Tensor | None) -> np.ndarray | None:
    return None if context is None else numbers(context)


def _with_context(
    judged: Judged, name: str, data: Any, context: Any
) -> tuple[Tensor, Tensor | None]:
    x = judged.rows(name, data, judged.takes_missing)
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
    filled: bool,
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
    return _side(judged, x, context, judged.log_prob(x, context), filled)
