"""Can a classifier tell samples from real rows? Can it tell real rows from real rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pushforward.diagnostics.evidence import Evidence, bonferroni
from pushforward.diagnostics.material import Material

TREES = 60
MOST_LEVELS = 250
NULL = "samples and held-out rows have one distribution"


@dataclass(frozen=True)
class TwoSample:
    """Classifier two-sample test (Lopez-Paz & Oquab 2017).

    Attributes:
        auc: the chance that a sample looks more like a sample than a real row does: 0.5 for a
            perfect flow, 1 where the two are told apart always.
        accuracy: of the classifier at its own threshold.
        floor: the same AUC of real rows against real rows (training rows where given, else two
            halves of those held out): what chance, or a drift in the data, gives.
        p: of the AUC, one-sided.
        rows: held-out rows used.
    """

    auc: float
    accuracy: float
    floor: float
    p: float
    rows: int


def judge_samples(material: Material, seed: int) -> tuple[TwoSample, Evidence]:
    """Boosted trees, learnt on each half in turn and judged on the other.

    Given the classifier, the AUC of the half that it never saw is Mann and Whitney's statistic,
    whose distribution under the null is known; p is the smaller of the two halves', doubled. A real
    row and the sample with its context are always in the same half.
    """
    real, sampled = material.unit(material.real), material.unit(material.sampled)
    codes = material.category
    auc, accuracy, p = _crossed(real, sampled, seed, codes)
    if material.train is not None:
        # A random part: the first rows of a table may differ from its last.
        order = np.random.default_rng(seed).permutation(len(material.train.x))
        other = material.unit(material.train)[order[: len(real)]]
        floor = _crossed(real, other, seed, codes)[0]
    else:
        order = np.random.default_rng(seed).permutation(len(real))
        floor = _crossed(real[order[::2]], real[order[1::2]], seed, codes)[0]
    found = TwoSample(auc, accuracy, floor, p, len(real))
    return found, Evidence("classifier", NULL, "AUC", auc, p, len(real))


def _crossed(
    a: np.ndarray, b: np.ndarray, seed: int, codes: np.ndarray
) -> tuple[float, float, float]:
    """Mean AUC, mean accuracy and p of telling b (m, d) from a (n, d).

    `codes` says which columns hold categories, (d). NaN is a missing cell.
    """
    from scipy import stats
    from sklearn.ensemble import HistGradientBoostingClassifier

    # Of more categories than the trees take, all further ones are one: few rows know them.
    a, b = (np.where(codes, np.minimum(side, MOST_LEVELS - 1), side) for side in (a, b))
    size = min(len(a), len(b))
    half = np.random.default_rng(seed).permutation(size) % 2
    a, b = a[:size], b[:size]
    aucs, accuracies, ps = [], [], []
    for fold in (0, 1):
        own = half == fold
        model = HistGradientBoostingClassifier(
            max_iter=TREES,
            max_leaf_nodes=15,
            early_stopping=False,
            random_state=seed,
            categorical_features=codes if codes.any() else None,
        )
        model.fit(np.concatenate([a[own], b[own]]), np.repeat([0, 1], int(own.sum())))
        scores = [model.predict_proba(side[~own])[:, 1] for side in (a, b)]
        test = stats.mannwhitneyu(scores[1], scores[0], alternative="greater", method="asymptotic")
        aucs.append(test.statistic / len(scores[0]) / len(scores[1]))
        accuracies.append(((scores[1] > 0.5).mean() + (scores[0] <= 0.5).mean()) / 2)
        ps.append(float(test.pvalue))
    return float(np.mean(aucs)), float(np.mean(accuracies)), bonferroni(min(ps), 2)
