"""Can samples of an untuned fit be told from draws of an exact posterior?

Usage: python -m benchmarks.posteriors [--time-budget 120s] [--only two_moons …] [--seed 0]

Each reference posterior of sbibm (10,000 exact draws) is cut in two. `fit_density` sees the first
5,000 and samples as many; a classifier then tries to tell these from the other 5,000. 0.5 is
indistinguishable and 1 is told apart always. The floor is what it says of the two real halves.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import torch
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPClassifier

from pushforward.datasets import load
from pushforward.density import fit_density
from pushforward.training import seconds

TASKS = ("two_moons", "slcp", "gaussian_mixture")
HALF = 5000
TARGET = 0.55
PROTOCOL = (
    "C2ST accuracy by sbibm's protocol: MLPClassifier with two hidden layers of 10·d units, relu, "
    "adam, max_iter 10,000; columns z-scored by the real half; five folds, shuffled, seed 1."
)


def c2st(real: np.ndarray, other: np.ndarray, seed: int = 1) -> float:
    """Accuracy with which a small network tells two samples (n, d) apart, cross-validated.

    sbibm's metric (Lueckmann et al. 2021, after Friedman 2003), with its settings and seed.
    """
    centre, scale = real.mean(0), real.std(0, ddof=1)
    rows = np.concatenate([(real - centre) / scale, (other - centre) / scale]).astype(np.float32)
    origin = np.repeat([0.0, 1.0], [len(real), len(other)])
    width = 10 * real.shape[1]
    network = MLPClassifier(
        hidden_layer_sizes=(width, width),
        activation="relu",
        solver="adam",
        max_iter=10_000,
        random_state=seed,
    )
    folds = KFold(n_splits=5, shuffle=True, random_state=seed)
    return float(cross_val_score(network, rows, origin, cv=folds, scoring="accuracy").mean())


def halves(task: str) -> tuple[np.ndarray, np.ndarray]:
    """The first and the other 5,000 draws, (5000, d) each."""
    rows = np.stack([column.to_numpy() for column in load(task).columns], axis=1)
    return rows[:HALF], rows[HALF : 2 * HALF]


def judge(task: str, budget: float, seed: int) -> tuple[float, float]:
    """The accuracy against samples of a fit, and the floor."""
    seen, unseen = halves(task)
    flow = fit_density(seen, time_budget=budget, seed=seed).flow
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        samples = flow.sample((HALF,), generator=generator).double().cpu().numpy()
    return c2st(unseen, samples), c2st(unseen, seen)


def main(arguments: list[str] | None = None) -> None:
    """Print a line for each posterior."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.posteriors", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--time-budget", default="120s", help="of each fit, 120s unless told")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=TASKS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    budget = seconds(given.time_budget)
    out = sys.stdout
    out.write(f"{PROTOCOL}\nTarget: at most {TARGET}. Fits of {budget:g} s, seed {given.seed}.\n")
    out.write(f"{'posterior':<18}{'C2ST':>8}{'floor':>8}\n")
    for task in given.only:
        accuracy, floor = judge(task, budget, given.seed)
        verdict = "reached" if accuracy <= TARGET else "missed"
        out.write(f"{task:<18}{accuracy:>8.3f}{floor:>8.3f}  target {verdict}\n")
        out.flush()


if __name__ == "__main__":
    main()
