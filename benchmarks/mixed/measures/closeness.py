"""Whether synthetic rows are copies: how far each is from the nearest real one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.mixed.tables import Split, is_category, like, numbers

ASKED = 5_000  # rows, drawn at random, that distances are taken of
BLOCK = 250  # rows at a time


def closeness(rows: Split, synthetic: pd.DataFrame, seed: int) -> dict[str, float]:
    """Medians of the distance to the nearest row, and shares of exact copies.

    A distance is the root of the sum of squared differences of numbers, in standard deviations of
    the training rows, and of 1 for each category that differs, or is known on one side alone.

    Returns:
        near_train: to as many training rows, drawn at random, as there are test rows.
        near_test: to the test rows. Where near_train is smaller, rows have been learned by heart.
        copies_train, copies_test: the share of all synthetic rows that is among them, cell by cell.
    """
    rng = np.random.default_rng([seed, 1])
    chosen = synthetic.iloc[rng.permutation(len(synthetic))[:ASKED]]
    fair = rows.train.iloc[rng.permutation(len(rows.train))[: len(rows.test)]]
    return {
        "near_train": float(np.median(nearest(chosen, fair, rows.train))),
        "near_test": float(np.median(nearest(chosen, rows.test, rows.train))),
        "copies_train": copies(synthetic, rows.train),
        "copies_test": copies(synthetic, rows.test),
    }


def nearest(some: pd.DataFrame, others: pd.DataFrame, train: pd.DataFrame) -> np.ndarray:
    """The distance of each of some rows to the nearest of the others: (n,)."""
    a, b = (coordinates(part, train) for part in (some, others))
    found = []
    for i in range(0, len(some), BLOCK):
        numeric = a[0][i : i + BLOCK]
        squared = (numeric**2).sum(1)[:, None] - 2 * numeric @ b[0].T + (b[0] ** 2).sum(1)
        for one, other in zip(a[1].T, b[1].T, strict=True):
            squared += one[i : i + BLOCK, None] != other
        found.append(np.sqrt(np.maximum(squared.min(1), 0)))
    return np.concatenate(found)


def coordinates(part: pd.DataFrame, train: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Standardised numbers (n, numbers), and codes (n, categories): which are known among them."""
    numeric, codes = [], []
    for name in train.columns:
        if is_category(train[name]):
            levels = pd.Categorical(train[name]).categories
            codes.append(pd.Categorical(part[name], categories=levels).codes.astype(np.int64))
            continue
        seen = numbers(train[name])
        x = (numbers(part[name]) - np.nanmean(seen)) / (np.nanstd(seen) or 1.0)
        numeric.append(np.nan_to_num(x))
        if np.isnan(seen).any():
            codes.append(np.isnan(x).astype(np.int64))
    empty = np.zeros((len(part), 0))
    return (
        np.stack(numeric, 1) if numeric else empty,
        np.stack(codes, 1) if codes else empty.astype(np.int64),
    )


def copies(synthetic: pd.DataFrame, real: pd.DataFrame) -> float:
    """The share of synthetic rows all of whose cells are those of some real row."""
    made, known = (
        pd.util.hash_pandas_object(hashable(like(part, real)), index=False)
        for part in (synthetic, real)
    )
    return float(made.isin(set(known)).mean())


def hashable(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers as float64, all else as text."""
    made = {
        name: column.astype(object).where(column.notna(), "").astype(str)
        if is_category(column)
        else numbers(column)
        for name, column in rows.items()
    }
    return pd.DataFrame(made)
