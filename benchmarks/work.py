"""What is timed: the models, their sizes, the three quantities, and how long to spend on each."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

MODELS = {
    "nsf-c": "NSF, coupling",
    "nsf-ar": "NSF, autoregressive",
    "maf": "MAF",
    "realnvp": "RealNVP",
}
QUANTITIES = {"train": "train step", "log_prob": "log_prob", "sample": "sample"}
BOUND = 5.0  # every spline bends on [-5, 5]
THREADS = int(os.environ.get("BENCH_THREADS", "2"))

PRODUCT = ("pushforward", "pushforward compiled")
FLOOR = "gemm"
PEERS = ("zuko", "zuko compiled", "nflows", "normflows", "freia", "flowjax")
ENTRIES = (*PRODUCT, *PEERS, FLOOR)  # in the order of the page, the floor last


@dataclass(frozen=True)
class Case:
    """One piece of work, the same for every entry.

    Attributes:
        model: a key of MODELS.
        features: D.
        layers, hidden, bins: of the flow.
        train_rows, eval_rows, sample_rows: the batch of each quantity.
    """

    model: str
    features: int
    layers: int = 5
    hidden: tuple[int, ...] = (128, 128)
    bins: int = 8
    train_rows: int = 512
    eval_rows: int = 8192
    sample_rows: int = 8192

    @property
    def moved(self) -> int:
        """How many coordinates a layer moves: a coupling moves half."""
        return self.features - self.inputs if self.coupling else self.features

    @property
    def inputs(self) -> int:
        """How many coordinates a conditioner sees."""
        return self.features // 2 if self.coupling else self.features

    @property
    def coupling(self) -> bool:
        """Whether both directions take one pass."""
        return self.model in ("nsf-c", "realnvp")

    @property
    def spline(self) -> bool:
        """Whether the univariate map is the rational-quadratic spline, else affine."""
        return self.model.startswith("nsf")

    @property
    def outputs(self) -> int:
        """Length of a conditioner's output."""
        return self.moved * (3 * self.bins - 1 if self.spline else 2)

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @staticmethod
    def of(record: dict[str, Any]) -> Case:
        """Undo `record`."""
        return Case(**{**record, "hidden": tuple(record["hidden"])})


@dataclass(frozen=True)
class Effort:
    """How often to repeat.

    Attributes:
        least, most: repetitions of one quantity by one entry.
        seconds: after which no repetition beyond `least` begins.
        patience: seconds allowed to one call (which may compile) before the entry is given up.
    """

    least: int = 3
    most: int = 15
    seconds: float = 4.0
    patience: float = 300.0


FULL = Effort()
QUICK = Effort(most=5, seconds=2.0)
TINY = Effort(least=1, most=1, seconds=0.1)  # for trying the machinery out, not for figures

COMPARED = ("nsf-c", "nsf-ar", "maf")
TABLES = (
    *((model, features) for features in (16, 64) for model in COMPARED),
    ("realnvp", 16),  # the one model that every library has
)
