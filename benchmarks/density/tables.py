"""The tables, their splits, and the one true density among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]

GAIA_ROWS = 60_000
FRESH = 20_000  # draws from the truth that twonorm is judged by
RESOLUTION = {
    "carat": 0.01,
    "depth": 0.1,
    "table": 0.1,
    "price": 1.0,
    "x": 0.01,
    "y": 0.01,
    "z": 0.01,
}


@dataclass(frozen=True)
class Split:
    """Standardised rows: to fit, to choose by, to be judged by.

    Attributes:
        train, validation, test: (n, D), float64, less `loc` and divided by `scale`.
        loc, scale: (D,), mean and standard deviation of the raw rows of `train`.
    """

    train: Rows
    validation: Rows
    test: Rows
    loc: Rows
    scale: Rows

    @property
    def both(self) -> Rows:
        """`train` and `validation` together."""
        return np.concatenate([self.train, self.validation])


def columns(name: str, chosen: tuple[str, ...] = ()) -> Rows:
    """The numbers of a data set, (n, D): the columns chosen, or all that are real numbers."""
    import pyarrow as pa

    import pushforward.datasets as datasets

    table = datasets.load(name)
    kept = chosen or tuple(f.name for f in table.schema if pa.types.is_floating(f.type))
    return np.stack([table[c].to_numpy().astype(np.float64) for c in kept], 1)


def diamonds() -> Rows:
    """Seven columns, noise of the width of their resolution added: their density is bounded."""
    x = columns("diamonds", tuple(RESOLUTION))
    noise = np.random.default_rng(0).random(x.shape) - 0.5
    return x + noise * np.array(list(RESOLUTION.values()))


def gaia() -> Rows:
    """Some of the stars, drawn once."""
    x = columns("gaia")
    return x[np.random.default_rng(0).permutation(len(x))[:GAIA_ROWS]]


TABLES: dict[str, Callable[[], Rows]] = {
    "breast_cancer": lambda: columns("breast_cancer"),
    "twonorm": lambda: columns("twonorm"),
    "magic": lambda: columns("magic"),
    "diamonds": diamonds,
    "gaia": gaia,
}


def cut(count: int, seed: int) -> tuple[NDArray[np.int64], ...]:
    """80, 10 and 10 % of the indices, each once."""
    order = np.random.default_rng(seed).permutation(count)
    return tuple(np.split(order, [int(0.8 * count), int(0.9 * count)]))


def split(name: str, seed: int) -> Split:
    """A table cut in three, in units of the 80 %; twonorm is judged by fresh draws."""
    raw = TABLES[name]()
    train, validation, test = (raw[part] for part in cut(len(raw), seed))
    if name == "twonorm":
        test = draws(FRESH, raw.shape[1], seed)
    loc, scale = train.mean(0), train.std(0)
    return Split(*((part - loc) / scale for part in (train, validation, test)), loc, scale)


def shift(features: int) -> float:
    """How far each coordinate of twonorm's two means is from zero (Breiman 1996)."""
    return 2 / float(np.sqrt(features))


def draws(count: int, features: int, seed: int) -> Rows:
    """Fresh rows of twonorm: ½ N(a·1, I) + ½ N(−a·1, I), (count, features), raw units."""
    rng = np.random.default_rng([seed, 20_000])
    sign = rng.choice([-1.0, 1.0], size=(count, 1))
    return sign * shift(features) + rng.normal(size=(count, features))


def truth(x: Rows, loc: Rows, scale: Rows) -> Rows:
    """twonorm's log density of standardised rows, in standardised units, nats: (n,)."""
    raw = x * scale + loc
    features = raw.shape[1]
    a = shift(features)
    near, far = (-0.5 * ((raw - s * a) ** 2).sum(1) for s in (1, -1))
    constant = -0.5 * features * np.log(2 * np.pi) - np.log(2)
    density: Rows = np.logaddexp(near, far) + constant + np.log(scale).sum()
    return density
