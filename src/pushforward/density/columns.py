"""`fit_columns`: typed columns, any of them missing; a model of any given any others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.density.clock import Clock
from pushforward.density.fit import DensityFit, Tell, Tried, nobody
from pushforward.density.weights import stacking_weights
from pushforward.errors import DataError
from pushforward.flow import Flow
from pushforward.flows import columns as recipe
from pushforward.training import Settings, seeded, split_index
from pushforward.training.data import Rows, levelled
from pushforward.training.fit import fit_rows
from pushforward.training.progress import bar
from pushforward.transforms.columns import AnyOrder
from pushforward.transforms.columns.atoms import atoms

VALIDATION = 0.1  # share of the rows that judges candidates and the end of training
FLOOR = 1e-3  # least weight of a candidate
ALONE = {"width": 1, "blocks": 1}  # a network that is told so little foretells nothing


def fit_columns(
    x: np.ndarray,
    records: Sequence[dict[str, Any]],
    sample_weight: np.ndarray | None = None,
    *,
    time_budget: float = 300.0,
    epochs: int | None = None,
    seed: int = 0,
    progress: bool = False,
    tell: Tell = nobody,
    checkpoint: Path | None = None,
    resume: bool = False,
) -> DensityFit:
    """The best model of typed columns that can be had in a given time, without tuning.

    Two candidates: the columns by themselves, as if independent, and a network for any column given
    any others, sized by the data. Their mixture's weights are what foretells the rows set aside
    best, 0.001 at least: more of the former would show in samples.

    Args:
        x: (n, d), NaN where a cell is missing; whole numbers in categories and cells.
        records: what each column is, as `pushforward.flows.columns` takes them, atoms excepted,
            which are told from the data, as are bounds that are met though not said to be closed.
        sample_weight: (n), not negative.
        time_budget: seconds.
        epochs: instead of the budget: the same seed then gives the same answer.
        seed: of everything random.
        progress: show a bar.
        tell: told what is done, a line at a time.
        checkpoint: a folder in which training is kept each epoch.
        resume: go on from there.

    Raises:
        DataError: fewer than two rows in which anything is known.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = np.stack([rng.integers(3, size=200), rng.normal(size=200)], 1)
        >>> x[::4, 1] = np.nan
        >>> found = fit_columns(x, [{"kind": "category", "size": 3}, {"kind": "real"}], epochs=1)
        >>> found.flow.log_prob(torch.tensor([[2.0, float("nan")]])).shape
        torch.Size([1])
    """
    clock = Clock(math.inf if epochs is not None else time_budget)
    told = [detailed(record, x[:, j]) for j, record in enumerate(records)]
    rows = _rows(x, sample_weight)
    n, d = rows.x.shape
    kept, aside = split_index(n, VALIDATION, seed)
    train, judges = levelled(rows.take(kept)), levelled(rows.take(aside))
    size = sizes(n)
    with seeded(seed):
        alone, network = (recipe(d, told, networks=[s]) for s in (ALONE, size))
    alone.initialize(train.x, None, train.uneven)
    before = clock.elapsed()
    tell(f"network: {size['width']} wide, {size['blocks']} blocks")
    knobs = Settings(
        epochs=epochs,
        time_budget=None if epochs is not None else max(0.9 * clock.left() - 0.5, 0.5),
        batch_size=64 if n < 1000 else 256 if n < 10_000 else 512,
        weight_decay=0.1 if n < 30_000 else 0.01,
        seed=seed,
    )
    with bar(progress) as report:
        result = fit_rows(network, train, judges, knobs, checkpoint, resume, report)
    trained = clock.elapsed() - before
    candidates = (("columns by themselves", alone, before), (_name(size), network, trained))
    judged = torch.stack([_scores(flow, judges.x) for _, flow, _ in candidates], 1)
    weights = stacking_weights(judged, judges.weight.double(), FLOOR)
    flow = _mixed(told, [ALONE, size], [alone, network], weights)

    def nll(scores: Tensor) -> float:
        weight = judges.weight.double()
        return -float((weight * scores).sum() / weight.sum())

    tried = tuple(
        Tried(name, nll(judged[:, k]), float(weights[k]), 1, seconds)
        for k, (name, _, seconds) in enumerate(candidates)
    )
    together = nll(torch.logsumexp(judged + weights.log(), 1))
    return DensityFit(
        flow,
        tried,
        together,
        len(judges),
        clock.elapsed(),
        {candidates[0][0]: alone.requires_grad_(False)},
        result.history,
    )


def sizes(n: int) -> dict[str, Any]:
    """The network's width, blocks and dropout, by the number of rows."""
    if n < 1000:
        return {"width": 64, "blocks": 2, "dropout": 0.1}
    if n < 10_000:
        return {"width": 128, "blocks": 2, "dropout": 0.1}
    return {"width": 192, "blocks": 2, "dropout": 0.0}


def _name(size: dict[str, Any]) -> str:
    return f"network of any order ({size['blocks']} blocks, {size['width']} wide)"


def detailed(record: dict[str, Any], x: np.ndarray) -> dict[str, Any]:
    """A record with what is told from the column's values x (n): atoms, and bounds that are met.

    Example:
        >>> detailed({"kind": "cells", "lower": 0}, np.array([0.0, 1.0, 1.0, np.nan]))
        {'kind': 'cells', 'lower': 0, 'atoms': 2}
        >>> detailed({"kind": "real", "lower": 0.0}, np.array([0.0, 0.3]))
        {'kind': 'real', 'lower': 0.0, 'closed': ['lower']}
    """
    told = {k: v for k, v in record.items() if k != "ordered"}
    present = x[np.isfinite(x)]
    if told["kind"] == "periodic":
        told |= {"kind": "real", "period": True}
    if told["kind"] == "real":
        ends = [] if told.get("period") else [k for k in ("lower", "upper") if k in told]
        closed = {k for k in ends if bool((present == told[k]).any())} | set(told.get("closed", ()))
        return told | ({"closed": sorted(closed)} if closed else {})
    if told["kind"] == "cells":
        told["atoms"] = len(atoms(torch.from_numpy(present)))
    return told


def _rows(x: np.ndarray, weight: np.ndarray | None) -> Rows:
    """Rows in which anything is known, of some weight."""
    x = np.asarray(x, dtype=np.float64)
    kept = np.isfinite(x).any(1)
    if weight is not None:
        kept &= np.asarray(weight) > 0
    if kept.sum() < 2:
        there = f"is {kept.sum()}" if kept.sum() == 1 else f"are {kept.sum()}"
        raise DataError(
            f"A fit needs two rows or more in which a cell is known, but there {there}."
        )
    values = torch.from_numpy(x[kept]).float()
    given = torch.ones(len(values)) if weight is None else torch.from_numpy(weight[kept]).float()
    return levelled(Rows(values, None, given))


@torch.no_grad()
def _scores(flow: Flow, x: Tensor) -> Tensor:
    return flow.eval().log_prob(x).double()


@torch.no_grad()
def _mixed(
    told: list[dict[str, Any]],
    sizes: Sequence[dict[str, Any]],
    flows: Sequence[Flow],
    weights: Tensor,
) -> Flow:
    """One flow that is the mixture of several, in evaluation mode."""
    with seeded(0):  # whatever it begins with is set below
        flow = recipe(len(told), told, networks=sizes)
    whole = _layer(flow)
    for own, part in zip(whole.networks, flows, strict=True):
        own.load_state_dict(_layer(part).networks[0].state_dict())
    whole.log_weights.copy_(weights.log())
    whole.order.copy_(_layer(flows[-1]).order)
    flow.initialized.fill_(True)
    return flow.eval().requires_grad_(False)


def _layer(flow: Flow) -> AnyOrder:
    layer = flow.transform[0]
    assert isinstance(layer, AnyOrder)
    return layer
