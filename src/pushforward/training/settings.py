"""The knobs of a fit, in one place, with their defaults."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

from pushforward.errors import ConfigurationError
from pushforward.transforms.lean import MEMORIES, Memory

LARGEST_SEED = 2**32 - 1  # what every generator takes: torch's, NumPy's, scikit-learn's
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(budget: str | float) -> float:
    """A time budget in seconds, from a number or from text such as "75s", "5m", "1h30m".

    Raises:
        ConfigurationError: the budget is none of these, or the time is not positive.

    Example:
        >>> seconds("1m30s"), seconds(20)
        (90.0, 20.0)
    """
    if isinstance(budget, str):
        parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", budget)
        if not parts or "".join(n + u for n, u in parts) != budget.strip():
            raise ConfigurationError(
                f'A time budget looks like "75s", "5m" or "1h30m", not {budget!r}.'
            )
        budget = sum(float(number) * UNITS[unit] for number, unit in parts)
    if not isinstance(budget, Real):
        raise ConfigurationError(f"A time budget is seconds, or text, but is {budget!r}.")
    if not 0 < budget < math.inf:
        raise ConfigurationError(f"A time budget must be positive, but is {budget} seconds.")
    return float(budget)


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """`value` as an int in least … most.

    Raises:
        ConfigurationError: it is none, or too small or too large.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or (most is not None and number > most):
        limits = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigurationError(f"{name} must be a whole number {limits}, but is {value!r}.")
    return number


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        epochs: passes over the training rows; None where `time_budget` decides.
        time_budget: seconds, None where `epochs` decides.
        batch_size: rows per step.
        learning_rate: AdamW's, at its peak.
        weight_decay: AdamW's, on weight matrices.
        warmup: share of the run over which the learning rate rises from zero.
        clip: largest norm of the gradient.
        ema: decay of the averaged weights, which are the ones that are judged and kept.
        patience: stop after this share of the run without a better validation NLL.
        validation: share of the rows set aside to judge by, 0 for none.
        seed: of the split, the shuffling and everything random in training.
        precision: "full", or "bf16": the conditioners' products of a float32 flow in bfloat16 while
            it trains; maps, log-dets, sums and all judging stay as they are.
        memory: "lean" or "recompute" for gradients in memory that hardly grows with the number of
            layers, at about 1.6 times the time; "plain"; None for what `flow.memory` says.
        compile: have torch.compile join operations into kernels; it needs a C++ compiler, and half
            a minute or more before the first step.
    """

    epochs: int | None = 100
    time_budget: float | None = None
    batch_size: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup: float = 0.02
    clip: float = 5.0
    ema: float = 0.998
    patience: float = 0.3
    validation: float = 0.1
    seed: int = 0
    precision: Literal["full", "bf16"] = "full"
    memory: Memory | None = None
    compile: bool = False

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.time_budget is None):
            raise ConfigurationError("Give either epochs or a time budget, one of the two.")
        for name, least, most in (
            ("epochs", 1, None),
            ("batch_size", 1, None),
            ("seed", 0, LARGEST_SEED),
        ):
            count = getattr(self, name)
            if count is not None:  # a NumPy integer becomes Python's, which a file can hold
                object.__setattr__(self, name, whole(name, count, least, most))
        for name in ("time_budget", "learning_rate", "clip", "patience"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ConfigurationError(f"{name} must be positive, but is {value}.")
        for name in ("ema", "validation", "warmup", "weight_decay"):
            share = getattr(self, name)
            if not 0 <= share < 1:
                raise ConfigurationError(f"{name} must be at least 0 and below 1, but is {share}.")
        for name, words in (("precision", ("full", "bf16")), ("memory", (None, *MEMORIES))):
            word = getattr(self, name)
            if word not in words:
                known = ", ".join(str(w) for w in words)
                raise ConfigurationError(f"{name} must be one of {known}, but is {word!r}.")
        if self.compile and self.memory not in (None, "plain"):
            raise ConfigurationError(
                f"compile=True keeps what it needs by its own plan; it does not go with "
                f"memory={self.memory!r}."
            )

    def rate(self, progress: float) -> float:
        """The learning rate at `progress` in [0, 1]: linear warm-up, then a cosine to zero."""
        if progress < self.warmup:
            return self.learning_rate * max(progress / self.warmup, 1e-3)
        share = (progress - self.warmup) / (1 - self.warmup)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
