"""`pushforward fit` by several processes: `torchrun --nproc-per-node N -m pushforward fit …`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pushforward.errors import AlreadyTold, ConfigurationError, PushforwardError, TrainingError

if TYPE_CHECKING:
    from pushforward.training.team import Team


@contextmanager
def fit_team() -> Iterator[Team]:
    """The processes of this fit, one unless torchrun has started more; its leader alone speaks.

    Raises:
        TrainingError: another process has ended, and this one cannot go on.
    """
    from pushforward.training.team import team

    with team() as found:
        try:
            yield found
        except ConfigurationError as error:  # what was typed is the same in all
            if found.leads:
                raise
            raise AlreadyTold(str(error)) from error
        except PushforwardError:
            raise
        except RuntimeError as error:
            if found.size == 1 or not _is_of_network(error):
                raise
            raise TrainingError(
                "Another process of this fit has ended, so that this one cannot go on; see what it "
                "said. The last whole epoch is kept: go on with --resume."
            ) from error


def restarted() -> bool:
    """Has torchrun begun these processes anew, after some had ended? The fit then goes on.

    Example:
        >>> restarted()
        False
    """
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"


def _is_of_network(error: RuntimeError) -> bool:
    """Does it come from what connects the processes? (Gloo's errors have no class of their own.)"""
    from torch.distributed import DistError

    return isinstance(error, DistError) or "gloo" in str(error).lower()
