"""The errors a person may meet. Each message is a sentence: what was given, where, and what to do.

The command line prints the message alone and ends with exit code 2; a library user can catch
`PushforwardError` for all of them, or the built-in that each one also is.
"""


class PushforwardError(Exception):
    """Anything that a person can mend: bad input, a wrong call, a damaged file."""


class ShapeError(PushforwardError, ValueError):
    """A tensor whose shape, dtype or context does not fit; the message repeats both sides."""


class ConfigurationError(PushforwardError, ValueError):
    """An argument that has no meaning (unknown name, impossible size, contradiction)."""


class DataError(PushforwardError, ValueError):
    """A table that cannot be used; the message names file, column and row."""


class ModelError(PushforwardError, ValueError):
    """A model folder or checkpoint that cannot be read or does not fit."""


class TrainingError(PushforwardError, RuntimeError):
    """A fit that could not even begin (for instance no finite likelihood at the start)."""


class AlreadyTold(PushforwardError):
    """What another process of the same command says to the person, so that this one need not."""


class NumericalInverseWarning(UserWarning):
    """A root that did not reach its tolerance: the residual is given."""


class SlowWarning(UserWarning):
    """Something works, but slower than it could: what is missing is named."""
