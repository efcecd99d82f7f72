"""The candidates that are sums of Gaussians: one, mixtures of four kinds, a kernel estimate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pushforward.density.candidate import Candidate, log_prob
from pushforward.density.clock import Clock
from pushforward.density.em import RIDGE, em
from pushforward.density.rows import Standardized
from pushforward.errors import DataError
from pushforward.transforms.stack import Gaussians

COVARIANCES = ("full", "tied", "diag", "spherical")
COMPONENTS = (1, 2, 3, 5, 8, 12, 20, 30, 50)
MOST_ROWS = 20_000  # that a mixture learns from
STARTS = 3  # of the mixture that is kept
SEARCH_SHARE, MIXTURE_SHARE, KERNEL_SHARE = 0.08, 0.16, 0.25  # of the budget that may be gone
FEWEST_CENTRES, MOST_CENTRES = 200, 1000  # of a kernel estimate
CENTRE_NUMBERS = 4000  # of its centres' coordinates, between these limits
BANDWIDTHS = (1.0, 0.5, 0.7, 0.25, 0.35, 0.15, 1.4)  # times Silverman's; the likeliest first
KERNEL_ROWS = 3000  # of a fold, to choose the bandwidth by


@dataclass(frozen=True)
class Shape:
    """A kind of mixture: scikit-learn's covariance type and the number of components."""

    covariance: str
    components: int


def one_gaussian(data: Standardized, used: Sequence[int]) -> Candidate:
    """A single Gaussian with full covariance."""

    def fitted(index: Tensor) -> Gaussians:
        joint, w = data.joint[index].double(), data.rows.weight[index].double()
        mean = (w[:, None] * joint).sum(0) / w.sum()
        centred = joint - mean
        covariance = (w[:, None] * centred).t() @ centred / w.sum()
        tril = _factor(covariance)
        member = _member(data, 1, shared=False)
        member.place(torch.zeros(1), mean[None], tril[None])
        return member

    member = fitted(torch.arange(len(data.joint)))
    candidate = Candidate("Gaussian", [member], [_record(member)])
    for fold in used:
        outside, inside = data.split(fold)
        candidate.judged.append(log_prob(fitted(outside), data, inside))
    return candidate


def mixture(
    data: Standardized,
    used: Sequence[int],
    seed: int,
    clock: Clock,
    tell: Callable[[str], None],
) -> Candidate:
    """The mixture whose covariance type and size foretell a fold best, one for each fold."""
    shape = _search(data, used, seed, clock, tell)
    members: list[Gaussians] = []
    judged = []
    for fold in used:
        outside, inside = data.split(fold)
        in_time = not members or clock.within(MIXTURE_SHARE)
        starts = STARTS if clock.within(MIXTURE_SHARE / 2) else 1
        member = _em(data, outside, shape, seed + fold, starts)
        judged.append(log_prob(member, data, inside))
        if in_time:  # what comes later is judged, as all are, but no longer kept
            members.append(member)
    name = f"Gaussian mixture ({shape.components}, {shape.covariance})"
    return Candidate(name, list(members), [_record(m) for m in members], judged)


def _search(
    data: Standardized,
    used: Sequence[int],
    seed: int,
    clock: Clock,
    tell: Callable[[str], None],
) -> Shape:
    """Every covariance type, with more components until the folds stop gaining."""
    few = len(data.joint) <= 3000
    tried = used if few else used[:1]  # small folds are noisy judges
    search = max(SEARCH_SHARE, min(3.0 / clock.budget, 0.4))  # some seconds, however short it is
    different = data.different * 9 // 10
    best, best_score = Shape("full", 1), -math.inf
    top, fallen = dict.fromkeys(COVARIANCES, -math.inf), dict.fromkeys(COVARIANCES, 0)
    for components in COMPONENTS:
        for covariance in COVARIANCES:
            late = components > 1 and not clock.within(search)
            if late or fallen[covariance] == 2 or 4 * components > max(different, 4):
                continue
            shape, scores = Shape(covariance, components), []
            for fold in tried:
                outside, inside = data.split(fold)
                member = _em(data, outside, shape, seed, 1)
                scores.append(_mean(log_prob(member, data, inside), data.rows.weight[inside]))
            score = float(np.mean(scores))
            fallen[covariance] = 0 if score > top[covariance] else fallen[covariance] + 1
            top[covariance] = max(top[covariance], score)
            if score > best_score:
                best, best_score = shape, score
    many = "component" if best.components == 1 else "components"
    tell(f"mixture: {best.components} {many}, {best.covariance}")
    return best


def _em(data: Standardized, index: Tensor, shape: Shape, seed: int, starts: int) -> Gaussians:
    """scikit-learn's expectation maximisation on the rows of that index."""
    rows = _resampled(data.rows.weight[index].double().numpy(), seed)
    joint = data.joint[index].double().numpy()[rows]
    found = em(joint, shape.components, seed, shape.covariance, starts)
    n, k = joint.shape[1], shape.components
    covariances = {
        "full": lambda c: c,
        "tied": lambda c: c[None],
        "diag": lambda c: np.stack([np.diag(v) for v in c]),
        "spherical": lambda c: c[:, None, None] * np.eye(n),
    }[shape.covariance](found.covariances_)
    factors = torch.stack([_factor(torch.as_tensor(c)) for c in covariances])
    member = _member(data, k, shared=shape.covariance == "tied")
    log_weights = torch.as_tensor(found.weights_).clamp(min=1e-12).log()
    member.place(log_weights, torch.as_tensor(found.means_), factors)
    return member


def _resampled(weight: np.ndarray, seed: int) -> np.ndarray:
    """Row numbers, each as often as its weight says: EM takes no weights. At most `MOST_ROWS`.

    Whole multiples of the least weight are repeated exactly; others by systematic sampling.
    """
    rng = np.random.default_rng(seed)
    times = weight / weight.min()
    if np.allclose(times, times.round(), rtol=1e-5) and times.sum() <= max(MOST_ROWS, len(weight)):
        index = np.repeat(np.arange(len(weight)), times.round().astype(int))
    else:
        count = min(4 * len(weight), MOST_ROWS)
        points = (np.arange(count) + 0.5) / count * weight.sum()
        index = np.minimum(np.searchsorted(weight.cumsum(), points), len(weight) - 1)
    if len(index) > MOST_ROWS:
        index = rng.choice(index, MOST_ROWS, replace=False)
    return index


def kernel(data: Standardized, used: Sequence[int], seed: int, clock: Clock) -> Candidate:
    """A Gaussian kernel estimate, with the bandwidth and shape that foretell a fold best."""
    fold = used[0]
    outside, inside = data.split(fold)
    inside = inside[:KERNEL_ROWS]
    best, best_score = (1.0, False), -math.inf
    for along in (False, True):
        for factor in BANDWIDTHS:
            if best_score > -math.inf and not clock.within(KERNEL_SHARE):
                break
            member = _kernel(data, outside, factor, along, seed)
            score = _mean(log_prob(member, data, inside), data.rows.weight[inside])
            if score > best_score:
                best, best_score = (factor, along), score
    member = _kernel(data, torch.arange(len(data.joint)), *best, seed)
    shape = "full" if best[1] else "spherical"
    name = f"kernel estimate ({best[0]:g} × Silverman, {shape})"
    candidate = Candidate(name, [member], [_record(member)])
    for fold in used:
        outside, inside = data.split(fold)
        candidate.judged.append(log_prob(_kernel(data, outside, *best, seed), data, inside))
    return candidate


def _kernel(data: Standardized, index: Tensor, factor: float, along: bool, seed: int) -> Gaussians:
    """Kernels round the rows of that index, or along their covariance; some rows of many."""
    n, d = len(index), data.joint.shape[1]
    centres = min(max(CENTRE_NUMBERS // d, FEWEST_CENTRES), MOST_CENTRES)
    if n > centres:
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
        index = index[order[:centres]]
    joint = data.joint[index].double()
    silverman = (len(joint) * (d + 2) / 4) ** (-1 / (d + 4))
    shape = _factor(torch.cov(joint.t(), correction=0).reshape(d, d)) if along else torch.eye(d)
    member = _member(data, len(joint), shared=True)
    member.place(data.rows.weight[index].log(), joint, (factor * silverman * shape.double())[None])
    return member


def _factor(covariance: Tensor) -> Tensor:
    """Its Cholesky factor, with as much of a ridge as it needs."""
    eye = torch.eye(len(covariance), dtype=torch.float64)
    ridge = RIDGE
    while ridge < 1:  # of columns of variance one
        tril, failed = torch.linalg.cholesky_ex(covariance.double() + ridge * eye)
        if not bool(failed):
            return tril
        ridge *= 10
    raise DataError("The columns' covariances are not finite: their numbers are too far apart.")


def _member(data: Standardized, components: int, shared: bool) -> Gaussians:
    width = data.rows.x.shape[1]
    return Gaussians(width, components, shared, data.joint.shape[1] - width)


def _record(member: Gaussians) -> dict[str, Any]:
    return {
        "kind": "gaussians",
        "components": len(member.loc),
        "shared": len(member.whiten) != len(member.loc),
    }


def _mean(values: Tensor, weight: Tensor) -> float:
    return float((values * weight).sum() / weight.sum())
