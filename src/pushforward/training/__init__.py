"""Maximum likelihood: `fit` and its settings."""

from pushforward.training.data import split_index
from pushforward.training.fit import FitResult, fit
from pushforward.training.seeding import seeded
from pushforward.training.settings import Settings, seconds

__all__ = ["FitResult", "Settings", "fit", "seconds", "seeded", "split_index"]
