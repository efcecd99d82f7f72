"""The five density problems that flows are compared on, in the published splits.

POWER, GAS, HEPMASS, MINIBOONE and BSDS300, prepared as for "Masked Autoregressive Flow"
(Papamakarios, Pavlakou and Murray 2017) from the files of its data release, which a person has
fetched: nothing is fetched here, and nothing is unpickled.

Example:
    >>> PROBLEMS["power"].spline, PROBLEMS["power"].columns
    (0.66, 6)
"""

from pushforward.datasets.uci.problems import PROBLEMS, Problem, find, load
from pushforward.datasets.uci.split import Split

__all__ = ["PROBLEMS", "Problem", "Split", "find", "load"]
