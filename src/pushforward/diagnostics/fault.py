"""A fault by name, and which of densities, samples and tails it takes away or casts a doubt on."""

from __future__ import annotations

from dataclasses import dataclass

# What a fault takes away, unless it is known to take less; and on what it casts a doubt at least.
NO: dict[str, tuple[str, ...]] = {
    "densities": (
        "rows without density",
        "memorised",
        "overfit",
        "mode dropped",
        "level dropped",
        "underfit",
        "correlation broken",
    ),
    "samples": (
        "samples not finite",
        "memorised",
        "mode dropped",
        "level dropped",
        "underfit",
        "correlation broken",
    ),
    "tails": (
        "rows without density",
        "memorised",
        "overfit",
        "tail thinned",
        "tail too heavy",
        "underfit",
    ),
}
DOUBT: dict[str, tuple[str, ...]] = {
    "densities": ("inverse inaccurate", "underfit", "tail thinned", "tail too heavy"),
    "samples": ("inverse inaccurate", "overfit", "underfit", "tail thinned", "tail too heavy"),
    "tails": (
        "samples not finite",
        "inverse inaccurate",
        "mode dropped",
        "level dropped",
        "underfit",
        "correlation broken",
    ),
}
ASKED: dict[str, tuple[str, ...]] = {
    "densities": ("latents", "log densities", "baseline", "overfit gap", "calibration"),
    "samples": ("classifier", "columns", "pairs", "levels", "joint distance", "regions", "copies"),
    "tails": ("tails",),
}


@dataclass(frozen=True)
class Fault:
    """Something wrong.

    Attributes:
        name: of the fault.
        sentence: what shows it.
        spoils: which of densities, samples and tails are not to be trusted for it.
    """

    name: str
    sentence: str
    spoils: tuple[str, ...]

    @classmethod
    def of(cls, name: str, sentence: str, spoils: tuple[str, ...] | None = None) -> Fault:
        """With what such a fault spoils, where it is not known better."""
        usual = tuple(question for question, names in NO.items() if name in names)
        return cls(name, sentence, usual if spoils is None else spoils)
