"""Held-out NLL with its error, beside what a Gaussian and a Gaussian mixture reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pushforward.diagnostics.baselines import (
    ALONE,
    Mixture,
    chosen_mixture,
    columns_alone,
    fit_mixture,
)
from pushforward.diagnostics.evidence import Evidence
from pushforward.diagnostics.material import Material

MOST_FITTED, LEAST_FITTED = 10_000, 2000  # rows that the mixture learns from, ...
WORK = 1e8  # ... so many as keep rows·columns² below this: a mixture's cost


@dataclass(frozen=True)
class Score:
    """The NLL of a model on held-out rows, nats per row, and its standard error."""

    name: str
    nll: float
    error: float


@dataclass(frozen=True)
class Likelihood:
    """The flow beside plainer models, on the same held-out rows.

    Attributes:
        flow, baselines: their scores.
        gain: the NLL of the best baseline minus the flow's, nats per row: positive where the flow
            is better; over the rows that the flow gives a density.
        gain_error: its standard error, row by row.
        rows: held-out rows scored.
    """

    flow: Score
    baselines: tuple[Score, ...]
    gain: float
    gain_error: float
    rows: int


@dataclass(frozen=True)
class Reference:
    """A mixture fitted to scaled rows, of columns and context together."""

    mixture: Mixture
    centre: np.ndarray
    scale: np.ndarray
    width: int

    def log_joint(self, joint: np.ndarray) -> np.ndarray:
        """log density (n) of columns and context (n, d + c), up to the constant of the scale."""
        return self.mixture.log_density((joint - self.centre) / self.scale)

    def log_prob(self, joint: np.ndarray) -> np.ndarray:
        """log density (n) of the columns given the context, nats in their own units."""
        own = self.log_joint(joint) - np.log(self.scale[: self.width]).sum()
        if joint.shape[1] == self.width:
            return own
        beside = slice(self.width, None)
        given = (joint[:, beside] - self.centre[beside]) / self.scale[beside]
        return own - self.mixture.marginal(beside).log_density(given)


def judge_likelihood(
    material: Material, seed: int
) -> tuple[Likelihood, Evidence, Reference | None]:
    """Does a plainer model, fitted to the same training rows, score held-out rows better?

    Plainer than a flow of typed columns are the columns by themselves, as if independent.

    A one-sided paired t-test of the difference with the mixture, row by row. Without training rows
    each half of the held-out rows is scored by baselines fitted to the other half, which then know
    fewer rows than the flow did.

    Returns:
        The scores, the evidence, and the mixture: of the columns of numbers alone where columns are
        typed, scaled as `Material.dense` does, and None where there are none.
    """
    if material.kinds.typed:
        return _judge_typed(material, seed)
    real, width = material.real, material.width
    parts = _parts(material, seed)
    scored = {name: np.empty(len(real.x)) for name in ("Gaussian mixture", "Gaussian")}
    for rows, judged in parts:
        mixture, plain = (_fitted(rows, width, many, seed) for many in (True, False))
        scored["Gaussian mixture"][judged] = mixture.log_prob(real.joint[judged])
        scored["Gaussian"][judged] = plain.log_prob(real.joint[judged])
    null = "no Gaussian mixture of these rows beats the true density"
    return *_compared(real.scores, scored, "Gaussian mixture", null), mixture


def _parts(material: Material, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit plainer models to, and which held-out rows these then score (bool)."""
    real = material.real
    typed, train = material.kinds.typed, material.train
    if train is not None:
        return [(train.rows if typed else train.joint, np.ones(len(real.x), bool))]
    half = np.random.default_rng(seed).permutation(len(real.x)) % 2 == 0
    rows = real.rows if typed else real.joint
    return [(rows[~half], half), (rows[half], ~half)]


def _judge_typed(material: Material, seed: int) -> tuple[Likelihood, Evidence, Reference | None]:
    """Against the columns by themselves; the mixture is one of the columns of numbers."""
    real = material.real
    scored = {ALONE: np.empty(len(real.rows))}
    for rows, judged in _parts(material, seed):
        scored[ALONE][judged] = columns_alone(rows, material.kinds, real.rows[judged], seed)
    null = "columns as if independent do not beat the true density"
    dense = material.dense(real)
    mixture = _fitted(dense, dense.shape[1], True, seed) if dense.shape[1] else None
    return *_compared(real.scores, scored, ALONE, null), mixture


def _compared(
    own: np.ndarray,
    scored: dict[str, np.ndarray],
    plain: str,
    null: str,
) -> tuple[Likelihood, Evidence]:
    """The flow's log densities (n) beside those of plainer models, and the test against one."""
    from scipy import stats

    baselines = tuple(_score(name, log_prob) for name, log_prob in scored.items())
    best = scored[min(baselines, key=lambda s: s.nll).name]
    finite = np.isfinite(own)
    difference = (own - best)[finite]
    against = (own - scored[plain])[finite]
    error = _error(difference)
    found = Likelihood(
        _score("this flow", own),
        baselines,
        float(difference.mean()) if finite.any() else -np.inf,
        error,
        len(own),
    )
    error = _error(against)
    p = float(stats.norm.cdf(against.mean() / error)) if error > 0 else 1.0
    what = f"NLL of the {'mixture' if 'mixture' in plain else plain} minus the flow's, nats per row"
    value = float(against.mean()) if finite.any() else -np.inf
    return found, Evidence("baseline", null, what, value, p, len(own))


def _fitted(rows: np.ndarray, width: int, many: bool, seed: int) -> Reference:
    most = int(np.clip(WORK / rows.shape[1] ** 2, LEAST_FITTED, MOST_FITTED))
    rows = rows[np.random.default_rng(seed).permutation(len(rows))[:most]]
    centre, scale = rows.mean(0), rows.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    unit = (rows - centre) / scale
    mixture = chosen_mixture(unit, seed) if many else fit_mixture(unit, 1, seed)
    return Reference(mixture, centre, scale, width)


def _score(name: str, log_prob: np.ndarray) -> Score:
    return Score(name, -float(log_prob.mean()), _error(log_prob))


def _error(values: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        return float(values.std() / np.sqrt(max(len(values), 1))) if len(values) else np.nan
