"""Zero tuning: the best density that can be had from a table of numbers in a given time.

    rows ── folds ─┬─ gaussians (one, mixtures, kernel) ─┐
                   └─ splines (triangular flows) ────────┴─ weights ── assemble ── one Flow

Every candidate is fitted on all rows but a fold and judged on that fold; the answer is their
mixture with the weights that foretell the folds best, as one flow with exact density, samples and
latents.
"""

from pushforward.density.columns import fit_columns
from pushforward.density.fit import DensityFit, Tell, fit_density, nobody

__all__ = ["DensityFit", "Tell", "fit_columns", "fit_density", "nobody"]
