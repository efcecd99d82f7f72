"""`fit_density`: candidates, folds, weights, and one flow of them all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.density.candidate import Candidate
from pushforward.density.clock import Clock
from pushforward.density.gaussians import kernel, mixture, one_gaussian
from pushforward.density.rows import FOLDS, Standardized, standardize
from pushforward.density.splines import kept_plan, plan, spline_flows
from pushforward.density.weights import stacking_weights
from pushforward.errors import DataError, ShapeError
from pushforward.flow import Flow
from pushforward.flows import stack
from pushforward.training.progress import bar
from pushforward.training.seeding import seeded
from pushforward.training.settings import LARGEST_SEED, whole
from pushforward.training.settings import seconds as parse_seconds
from pushforward.transforms import Stack

JUDGED = 6000  # rows by which the candidates for a long table are judged, about
SMALL = 3000  # rows up to which every candidate is fitted to all folds


@dataclass(frozen=True)
class Tried:
    """One candidate, in numbers.

    Attributes:
        name: what it was.
        nll: on the folds that it had not seen, nats per row, in the units of the data.
        weight: in the answer.
        parts: how many fits it is the mean of.
        seconds: spent on it.
    """

    name: str
    nll: float
    weight: float
    parts: int
    seconds: float


@dataclass(frozen=True)
class DensityFit:
    """What a density fit came to.

    Attributes:
        flow: the answer: exact density, samples and latents.
        tried: the candidates.
        nll: of their mixture on the folds, nats per row, in the units of the data. Weights, sizes
            and the ends of training were chosen by these folds, which flatters it a little: rows
            that were kept apart tell the truth.
        rows: how many rows these folds hold.
        seconds: spent in all.
        plainer: the candidates that are no flows, each as a flow by itself, by name.
        history: of the flows' training, one entry an epoch, with the fold that judged it.
    """

    flow: Flow
    tried: tuple[Tried, ...]
    nll: float
    rows: int
    seconds: float
    plainer: dict[str, Flow] = field(default_factory=dict, repr=False)
    history: list[dict[str, Any]] = field(default_factory=list, repr=False)

    def summary(self) -> str:
        """What was tried and why it was chosen, in a few lines."""
        width = max(len(t.name) for t in self.tried)
        lines = [f"Tried, and judged on {self.rows:,} rows that each was not fitted to:"]
        for t in sorted(self.tried, key=lambda t: t.nll):
            lines.append(
                f"  {t.name:<{width}}  NLL {t.nll:9.3f}  weight {t.weight:.2f}  {t.seconds:5.1f} s"
            )
        best = min(self.tried, key=lambda t: t.nll)
        gain = best.nll - self.nll
        said = (
            f"{gain:.3f} nats better than the best of them."
            if gain >= 0
            else f"{-gain:.3f} nats short of the best, which is what its least weights cost."
        )
        lines.append(f"Their mixture has NLL {self.nll:.3f}: {said}")
        return "\n".join(lines)


Tell = Callable[[str], None]


def nobody(text: str) -> None:
    """Tell nobody."""


def fit_density(
    x: np.ndarray,
    context: np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
    *,
    names: list[str] | None = None,
    time_budget: str | float = 300.0,
    epochs: int | None = None,
    seed: int = 0,
    progress: bool = False,
    tell: Tell = nobody,
    checkpoint: Path | None = None,
    resume: bool = False,
) -> DensityFit:
    """The best density of rows of real numbers that can be had in a given time, without tuning.

    Candidates are a Gaussian, Gaussian mixtures (four covariance types, the size by folds, several
    starts), a kernel estimate and triangular spline flows, sized by the data. Each is fitted
    without a fold of the rows and judged on it. The answer is their mixture with the weights that
    foretell the folds best, each at least 0.01: it cannot lose more than -log of its weight to any.
    All take the columns in one order, so that the mixture is one triangular flow.

    Args:
        x: (n, d).
        context: (n, c), to condition on.
        sample_weight: (n), not negative; 2 counts a row twice, 0 leaves it out.
        names: of the d columns, for messages.
        time_budget: seconds, or text such as "5m". Ends within 1.2 times it, unless the data is so
            large that one pass takes longer.
        epochs: instead of the budget, for each flow: the same seed then gives the same answer.
        seed: of folds, starts and training.
        progress: show a bar.
        tell: told what is done, a line at a time.
        checkpoint: a folder in which the flows' training is kept each epoch.
        resume: go on from there.

    Raises:
        ShapeError: arrays that are not (n, d), (n, c) and (n).
        DataError: numbers that are not finite, fewer rows than columns, a constant column, equal
            columns, or weights that are negative or all zero.

    Warns:
        UserWarning: columns that look discrete.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(200, 2)) * [1.0, 3.0]
        >>> found = fit_density(x, epochs=1)
        >>> found.flow.log_prob(torch.zeros(1, 2)).shape, round(sum(t.weight for t in found.tried))
        (torch.Size([1]), 1)
    """
    if epochs is not None:
        epochs = whole("epochs", epochs, 1)
    seed = whole("seed", seed, 0, LARGEST_SEED - FOLDS)
    import sklearn.mixture  # noqa: F401  its loading is not the candidates' time

    clock = Clock(math.inf if epochs is not None else parse_seconds(time_budget))
    x, context, weight = _accept(x, context, sample_weight)
    names = names or [f"x{j}" for j in range(x.shape[1])]
    data = standardize(x, context, weight, names, seed)
    present = [f for f in range(FOLDS) if bool((data.fold == f).any())]
    used = present if len(x) <= SMALL else present[: max(1, min(3, JUDGED // (len(x) // FOLDS)))]
    plainer = [
        _timed(clock, lambda: one_gaussian(data, used)),
        _timed(clock, lambda: mixture(data, used, seed, clock, tell)),
        _timed(clock, lambda: kernel(data, used, seed, clock)),
    ]
    candidates, history = plainer, list[dict[str, Any]]()
    made = kept_plan(checkpoint, plan(data, clock, epochs), resume)
    if made is not None:
        order = [*used, *(f for f in present if f not in used)]
        tell(f"flows: {min(made.flows, len(order))}, {made.hidden[0]} wide, {made.bins} bins")
        with bar(progress) as report:
            before = clock.elapsed()
            flows, history = spline_flows(
                data, made, order, seed, clock, report, checkpoint, resume
            )
            flows.seconds = clock.elapsed() - before
        candidates = [*plainer, flows]
    alone = {c.name: assemble(data, [c], torch.ones(1)) for c in plainer}
    return _stacked(data, candidates, used, clock, alone, history)


def _timed(clock: Clock, fitted: Callable[[], Candidate]) -> Candidate:
    before = clock.elapsed()
    candidate = fitted()
    candidate.seconds = clock.elapsed() - before
    return candidate


def _stacked(
    data: Standardized,
    candidates: list[Candidate],
    used: list[int],
    clock: Clock,
    plainer: dict[str, Flow],
    history: list[dict[str, Any]],
) -> DensityFit:
    """The candidates' mixture, weighed on the folds that all of them were judged on."""
    common = used[: min(len(c.judged) for c in candidates)]
    index = torch.cat([data.split(fold)[1] for fold in common])
    log_prob = torch.stack([torch.cat(c.judged[: len(common)]) for c in candidates], 1)
    weight = data.rows.weight[index].double()
    weights = stacking_weights(log_prob, weight)
    units = float(data.scale.double().log().sum())

    def nll(values: Tensor) -> float:
        return units - float((weight * values).sum() / weight.sum())

    tried = tuple(
        Tried(c.name, nll(log_prob[:, k]), float(weights[k]), len(c.members), c.seconds)
        for k, c in enumerate(candidates)
    )
    flow = assemble(data, candidates, weights)
    mixed = nll(torch.logsumexp(log_prob + weights.log(), 1))
    return DensityFit(flow, tried, mixed, len(index), clock.elapsed(), plainer, history)


@torch.no_grad()
def assemble(data: Standardized, candidates: list[Candidate], weights: Tensor) -> Flow:
    """One flow of all the candidates' members, in evaluation mode."""
    records = [record for c in candidates for record in c.records]
    d = data.rows.x.shape[1]
    c = data.joint.shape[1] - d
    with seeded(0):  # whatever a fresh stack begins with is set below
        flow = stack(d, records, context_features=c)
    mixture, scaler = flow.transform
    assert isinstance(mixture, Stack)
    members = [member for candidate in candidates for member in candidate.members]
    for own, member in zip(mixture.members, members, strict=True):
        own.load_state_dict(member.state_dict())
    shares = [
        w / len(c.members) for w, c in zip(weights, candidates, strict=True) for _ in c.members
    ]
    mixture.weigh(torch.stack(shares))
    scaler.loc.copy_(data.loc)  # type: ignore[operator, union-attr]
    scaler.log_scale.copy_(data.scale.log())  # type: ignore[operator, union-attr]
    if flow.embed is not None:
        flow.embed.loc.copy_(data.context_loc)  # type: ignore[operator, union-attr]
        flow.embed.scale.copy_(data.context_scale)  # type: ignore[operator, union-attr]
    flow.initialized.fill_(True)
    return flow.eval().requires_grad_(False)


def _accept(
    x: np.ndarray, context: np.ndarray | None, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """As float64, of shapes that fit, every number finite."""
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or not x.shape[1]:
        raise ShapeError(f"x must have shape (rows, columns), but has {x.shape}.")
    arrays: dict[str, np.ndarray] = {"x": x}
    if context is not None:
        context = arrays["context"] = np.asarray(context, dtype=np.float64)
        if context.ndim != 2 or len(context) != len(x):
            raise ShapeError(f"context must have shape ({len(x)}, c), but has {context.shape}.")
    if weight is not None:
        weight = arrays["sample_weight"] = np.asarray(weight, dtype=np.float64)
        if weight.shape != (len(x),):
            raise ShapeError(f"sample_weight must have shape ({len(x)},), but has {weight.shape}.")
    for name, values in arrays.items():
        bad = ~np.isfinite(values).reshape(len(values), -1).all(1)
        if bad.any():
            raise DataError(
                f"{name} has a number that is not finite in row {int(bad.argmax())} "
                f"(counted from 0), and {int(bad.sum())} such rows in all; mend or drop them."
            )
    if weight is not None and ((weight < 0).any() or not weight.any()):
        raise DataError("sample_weight must not be negative, and not zero for all rows.")
    return x, context, weight
