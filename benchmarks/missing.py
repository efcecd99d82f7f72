"""Learning from a table with gaps as it is, against filling the gaps first.

Usage: python -m benchmarks.missing [--epochs 60] [--seeds 0 1 2] [--share 0.3]

Of the magic table's training cells a share is deleted at random. One model is fitted to what is
left, and the same model, with the same settings, to the table whose gaps were filled: by each
column's mean, and by scikit-learn's IterativeImputer at its defaults. All are judged by complete
test rows: log density in nats per standardized row, more is better.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import torch
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer

from pushforward.datasets import load
from pushforward.density import fit_columns

TABLE = "magic"
TEST = 0.1


def split(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardized training rows and test rows."""
    rows = np.stack([column.to_numpy() for column in load(TABLE).columns], axis=1)
    order = np.random.default_rng(seed).permutation(len(rows))
    aside = int(TEST * len(rows))
    train, test = rows[order[aside:]], rows[order[:aside]]
    return (train - train.mean(0)) / train.std(0), (test - train.mean(0)) / train.std(0)


def score(train: np.ndarray, test: np.ndarray, epochs: int, seed: int) -> np.ndarray:
    """Log densities of the test rows by a model of the training rows, nats."""
    records = [{"kind": "real", "lower": None, "upper": None}] * train.shape[1]
    flow = fit_columns(train, records, epochs=epochs, seed=seed).flow
    with torch.no_grad():
        return flow.log_prob(torch.from_numpy(test).float()).double().numpy()


def main(arguments: list[str] | None = None) -> None:
    """Print a line for each way, and the paired differences."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.missing", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--share", type=float, default=0.3, help="of the training cells")
    given = parser.parse_args(arguments)
    out = sys.stdout
    out.write(f"{TABLE}, {given.share:.0%} of the training cells deleted; nats per test row\n")
    out.write(f"{'seed':<6}{'as it is':>10}{'mean':>10}{'iterative':>11}{'complete':>10}\n")
    for seed in given.seeds:
        train, test = split(seed)
        gaps = train.copy()
        gaps[np.random.default_rng(seed + 1).random(gaps.shape) < given.share] = np.nan
        ways = {
            "as it is": gaps,
            "mean": SimpleImputer().fit_transform(gaps),
            "iterative": IterativeImputer(random_state=seed).fit_transform(gaps),
            "complete": train,
        }
        scores = {name: score(rows, test, given.epochs, seed) for name, rows in ways.items()}
        out.write(
            f"{seed:<6}{scores['as it is'].mean():>10.3f}{scores['mean'].mean():>10.3f}"
            f"{scores['iterative'].mean():>11.3f}{scores['complete'].mean():>10.3f}\n"
        )
        for name in ("mean", "iterative"):
            gained = scores["as it is"] - scores[name]
            error = gained.std(ddof=1) / np.sqrt(len(gained))
            out.write(f"      ahead of {name}: {gained.mean():+.3f} ± {error:.3f}\n")
        out.flush()


if __name__ == "__main__":
    main()
