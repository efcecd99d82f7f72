"""The scikit-learn face: `FlowDensity`, a density of rows, and `FlowAnomaly`, which flags the rare.

Both take arrays or data frames of numbers and follow scikit-learn's conventions, so that pipelines,
searches, `clone` and `set_output` work. Every column is taken as real-valued.
"""

from pushforward.estimator.anomaly import FlowAnomaly
from pushforward.estimator.density import FlowDensity

__all__ = ["FlowAnomaly", "FlowDensity"]
