"""Maximum likelihood, `fit`; a density that is only known, `fit_target`; and their settings."""

from pushforward.training.data import split_index
from pushforward.training.fit import FitResult, fit
from pushforward.training.importance import Importance, importance
from pushforward.training.seeding import seeded
from pushforward.training.settings import Settings, seconds
from pushforward.training.target import TargetResult, fit_target

__all__ = [
    "FitResult",
    "Importance",
    "Settings",
    "TargetResult",
    "fit",
    "fit_target",
    "importance",
    "seconds",
    "seeded",
    "split_index",
]
