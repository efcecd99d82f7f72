"""The densities that a flow has to beat: a full-covariance Gaussian and a Gaussian mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pushforward.density.columns import ALONE as SMALLEST
from pushforward.density.columns import detailed
from pushforward.density.em import em
from pushforward.diagnostics.kinds import Kinds
from pushforward.flows import columns
from pushforward.tables.fitting import Split, context_or_none, parts, split_rows
from pushforward.tables.model import TableModel
from pushforward.tables.table import NumericTable
from pushforward.tables.typed import densities, is_real
from pushforward.training import seeded, split_index

COMPONENTS = (1, 2, 5, 10, 20)  # tried in this order until the validation rows stop gaining
ALONE = "columns by themselves"
MOST_ROWS = 50_000  # rows that a mixture learns from, so that it ends in reasonable time


@dataclass(frozen=True)
class Mixture:
    """Σ_k w_k N(mean_k, covariance_k) over d columns."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """x (n, d) -> (n), nats."""
        from scipy.special import logsumexp
        from scipy.stats import multivariate_normal

        each = [
            np.log(w) + np.atleast_1d(multivariate_normal(m, c).logpdf(x))
            for w, m, c in zip(self.weights, self.means, self.covariances, strict=True)
        ]
        return np.asarray(logsumexp(np.stack(each), axis=0))

    def marginal(self, columns: slice) -> Mixture:
        """The same mixture of some of the columns only."""
        return Mixture(self.weights, self.means[:, columns], self.covariances[:, columns, columns])


def fit_mixture(x: np.ndarray, components: int, seed: int) -> Mixture:
    """A mixture with full covariances fitted to x (n, d) by scikit-learn's EM."""
    found = em(x, components, seed)
    return Mixture(found.weights_, found.means_, found.covariances_)


def chosen_mixture(x: np.ndarray, seed: int) -> Mixture:
    """The mixture whose number of components is the best on a tenth of x set aside."""
    kept, aside = (index.numpy() for index in split_index(len(x), 0.1, seed))
    best = fit_mixture(x[kept], COMPONENTS[0], seed)
    best_score = best.log_density(x[aside]).mean()
    for components in COMPONENTS[1:]:
        if components * (x.shape[1] + 1) > len(kept):
            break
        candidate = fit_mixture(x[kept], components, seed)
        score = candidate.log_density(x[aside]).mean()
        if score <= best_score:
            break
        best, best_score = candidate, score
    return best


def columns_alone(rows: np.ndarray, kinds: Kinds, judged: np.ndarray, seed: int) -> np.ndarray:
    """Log densities, nats, of the typed columns by themselves, as if they were independent.

    Args:
        rows: to fit to, (n, d), NaN where missing.
        kinds: of the columns.
        judged: rows to score, (m, d).
        seed: of the fit's draws.

    Returns:
        (m) float64.

    Example:
        >>> codes = np.array([[0.0], [0.0], [0.0], [1.0]])
        >>> columns_alone(codes, Kinds(True, (("a", "b"),)), codes[:1], 0).round(3)
        array([-0.288])
    """
    records = [detailed(r, rows[:, j]) for j, r in enumerate(kinds.specs(rows))]
    with seeded(seed):
        flow = columns(len(records), records, networks=[SMALLEST])
    flow.initialize(torch.from_numpy(rows).float())
    with torch.no_grad():
        return flow.eval().log_prob(torch.from_numpy(judged).float()).double().numpy()


def compare(
    model: TableModel,
    table: NumericTable,
    seed: int,
    plainer: dict[str, TableModel] | None = None,
) -> dict[str, Any]:
    """Held-out figures of a model and of the baselines fitted to the same training rows.

    A conditional model is compared with log p(x, c) - log p(c) of each baseline.

    Args:
        model: fitted by `fit_table` to this table with this seed.
        table: all rows; the split is made again.
        seed: of the split and of the mixtures' starts.
        plainer: models of the same training rows to compare with, by name; a Gaussian and a mixture
            are fitted where there are none.

    Returns:
        {"rows": held-out rows, "models": [{"name", "nll", "error", "standardized"}, …]}, NLL in
        nats per row with its standard error; empty where the table was too small to hold rows out.
    """
    values, context = parts(table, tuple(model.context))
    split = split_rows(len(values), seed)
    if not len(split.heldout):
        return {}
    if table.schema is not None and not is_real(table.schema):
        return _typed(model, values, split, plainer or {})
    joint = values if context is None else np.concatenate([values, context], axis=1)
    centre, scale = joint[split.train].mean(0), joint[split.train].std(0)
    scale[scale == 0] = 1.0  # all that differs may be held out
    train = (joint[split.train] - centre) / scale
    heldout = (joint[split.heldout] - centre) / scale
    width = values.shape[1]
    units = float(np.log(scale[:width]).sum())  # from standardized columns to the table's own

    def figure(name: str, log_density: np.ndarray) -> dict[str, Any]:
        nll = -float(log_density.mean())
        error = float(log_density.std() / np.sqrt(len(log_density)))
        return {"name": name, "nll": nll + units, "error": error, "standardized": nll}

    def score(mixture: Mixture) -> np.ndarray:
        log_density = mixture.log_density(heldout)
        if context is None:
            return log_density
        return log_density - mixture.marginal(slice(width, None)).log_density(heldout[:, width:])

    rows = values[split.heldout], context_or_none(context, split.heldout)
    own = model.log_prob(*rows)
    if plainer:
        others = [figure(name, other.log_prob(*rows) + units) for name, other in plainer.items()]
        others.sort(key=lambda o: o["nll"])
        return {"rows": len(split.heldout), "models": [figure("this flow", own + units), *others]}
    # A random part of a longer table: its first rows may differ from its last.
    some = np.random.default_rng(seed).permutation(len(train))[:MOST_ROWS]
    mixture = chosen_mixture(train[some], seed)
    return {
        "rows": len(split.heldout),
        "models": [
            figure("this flow", own + units),
            figure(f"Gaussian mixture ({len(mixture.weights)})", score(mixture)),
            figure("Gaussian, full covariance", score(fit_mixture(train, 1, seed))),
        ],
    }


def _typed(
    model: TableModel, values: np.ndarray, split: Split, plainer: dict[str, TableModel]
) -> dict[str, Any]:
    """Figures of a model of typed columns, and of the columns by themselves.

    A probability has no units; "standardized" is about the columns that have a density.
    """
    assert model.schema is not None
    scale = np.nanstd(values[split.train][:, densities(model.schema)], axis=0)
    units = float(np.log(np.where(scale > 0, scale, 1.0)).sum())

    def figure(name: str, log_prob: np.ndarray) -> dict[str, Any]:
        nll = -float(log_prob.mean())
        error = float(log_prob.std() / np.sqrt(len(log_prob)))
        return {"name": name, "nll": nll, "error": error, "standardized": nll - units}

    heldout = values[split.heldout]
    models = [figure("this flow", model.log_prob(heldout))]
    models += [figure(name, other.log_prob(heldout)) for name, other in plainer.items()]
    return {"rows": len(heldout), "models": models}
