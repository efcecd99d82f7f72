"""The scikit-learn face: `FlowDensity`, a density of rows, and `FlowAnomaly`, which flags the rare.

Both take arrays of numbers, every column real-valued, and data frames of mixed types, read by a
schema; both follow scikit-learn's conventions, so that pipelines, searches, `clone` and
`set_output` work.
"""

from pushforward.estimator.anomaly import FlowAnomaly
from pushforward.estimator.density import FlowDensity

__all__ = ["FlowAnomaly", "FlowDensity"]
