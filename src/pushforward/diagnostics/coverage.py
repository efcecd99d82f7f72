"""Do the regions that a flow calls likely hold as many rows as they claim?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pushforward.diagnostics.evidence import Evidence, bonferroni, said
from pushforward.diagnostics.judged import Judged, numbers
from pushforward.diagnostics.material import Material

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
DRAWS = 99  # for each row's context
MOST_CONDITIONED = 500  # rows for whose context so many samples are drawn


@dataclass(frozen=True)
class Coverage:
    """How many held-out rows lie in the flow's regions of highest density.

    Attributes:
        levels: the share that each region claims.
        shares: the share of held-out rows found there.
        errors: of shares, binomial, and of the region's edge, which is known from samples only.
        rows: held-out rows used.
    """

    levels: tuple[float, ...]
    shares: tuple[float, ...]
    errors: tuple[float, ...]
    rows: int


@dataclass(frozen=True)
class Calibration:
    """Is each row a draw from what the flow says of its context?

    Attributes:
        ranks: for each column the KS distance, from uniform, of the rank of the row among draws
            for its context (simulation-based calibration, Talts et al. 2018).
        density: the same of log densities: the coverage of regions of highest density.
        tarp: the same of distances from points that depend on the context (TARP, Lemos et al.
            2023).
        chance: the distance that none of a perfect flow's exceeds, but one time in twenty.
        rows, draws: rows used, and draws for each.
    """

    ranks: tuple[float, ...]
    density: float
    tarp: float
    chance: float
    rows: int
    draws: int


def judge_densities(material: Material) -> tuple[Coverage, Evidence]:
    """Log densities of held-out rows against those of samples: two-sample Kolmogorov-Smirnov."""
    from scipy import stats

    own, other = material.real.log_prob, material.sampled.log_prob
    edges = np.quantile(other, [1 - level for level in LEVELS])
    shares = [float((own >= edge).mean()) for edge in edges]
    error = [np.sqrt(v * (1 - v) * (1 / len(own) + 1 / len(other))) for v in LEVELS]
    found = Coverage(LEVELS, tuple(shares), tuple(float(e) for e in error), len(own))
    test = stats.ks_2samp(own, other, method="asymp")
    null = "held-out rows score as samples do"
    evidence = Evidence(
        "log densities", null, "KS distance", float(test.statistic), float(test.pvalue), len(own)
    )
    return found, evidence


def judge_calibration(
    judged: Judged, material: Material, x: Tensor, context: Tensor, seed: int
) -> tuple[Calibration, Evidence]:
    """Ranks of rows among draws for their own context; Bonferroni over columns, density, TARP.

    A row and the draws for its context are exchangeable if the flow is right, so that its rank is
    uniform; ties are broken at random, and Kolmogorov and Smirnov's test then holds as it is. The
    point that distances are measured from is the row of the nearest context among rows that are
    not asked: it knows the context but not the row, so that a flow which ignores its context is
    seen, as it would not be from columns and density.

    Args:
        x, context: all held-out rows and their contexts, as the flow takes them.
    """
    from scipy import stats

    rng = np.random.default_rng(seed)
    order = torch.as_tensor(rng.permutation(len(x)), device=x.device)
    some, others = order[: min(MOST_CONDITIONED, len(x) // 2)], order[len(x) // 2 :]
    rows, given = x[some], context[some]
    if bool(rows.isnan().any()) and judged.completes:
        rows = judged.complete(rows, given)
    drawn = judged.sample(DRAWS, given)
    each = given.expand(DRAWS, *given.shape).flatten(0, 1)
    scores = judged.log_prob(drawn.flatten(0, 1), each).reshape(DRAWS, len(rows))
    scale = material.scale[: material.width]
    values = numbers(rows) / scale
    draws = numbers(drawn.flatten(0, 1)).reshape(DRAWS, len(rows), -1) / scale
    near = _nearest(numbers(given), numbers(context[others]), material.scale[material.width :])
    reference = np.nan_to_num(numbers(x[others]))[near] / scale
    far = np.linalg.norm(values - reference, axis=1), np.linalg.norm(draws - reference, axis=2)
    asked = [(values[:, j], draws[:, :, j]) for j in range(values.shape[1])]
    asked += [(judged.log_prob(rows, given), scores), far]
    tests = [stats.kstest(_ranks(own, many, rng), "uniform") for own, many in asked]
    distances = [float(test.statistic) for test in tests]
    k = int(np.argmin([test.pvalue for test in tests]))
    chance = float(stats.kstwobign.isf(0.05 / len(tests)) / np.sqrt(len(rows)))
    found = Calibration(
        tuple(distances[:-2]), distances[-2], distances[-1], chance, len(rows), DRAWS
    )
    what = [*material.names, "log density", "distance from rows alike in context"][k]
    p = bonferroni(float(tests[k].pvalue), len(tests))
    null = "each row is a draw from the flow given its context"
    measure = f"KS distance of ranks, {said(what)}"
    return found, Evidence("calibration", null, measure, distances[k], p, len(rows))


def _nearest(own: np.ndarray, others: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """For each context (n, c) the number of the nearest among others (m, c)."""
    from sklearn.neighbors import NearestNeighbors

    tree = NearestNeighbors(n_neighbors=1).fit(others / scale)
    return np.asarray(tree.kneighbors(own / scale)[1][:, 0])


def _ranks(own: np.ndarray, draws: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Where own (n) stands among draws (L, n), in (0, 1); equal values in random order."""
    below = (draws < own).sum(0) + rng.random(len(own)) * ((draws == own).sum(0) + 1)
    return below / (len(draws) + 1)
