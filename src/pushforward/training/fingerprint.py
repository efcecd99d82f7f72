"""What tells the rows of one fit from those of another, however many processes hold them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pushforward.training.team import ALONE, Team

AT_A_TIME = 2**16  # rows


def fingerprint(held: Sequence[Tensor], start: int = 0, team: Team = ALONE) -> str:
    """16 hexadecimal digits that change with any number of any row, and with their order.

    Each row's bytes and its place among all are mixed to 64 bits, and these are added up: a sum
    does not hang on where one process's rows end. It finds accidents; it is no defence.

    Args:
        held: this process's rows, tensors (n, …) of 32 or 64 bits a number.
        start: how many rows the processes before it have.
        team: whose rows they are together.

    Example:
        >>> rows = torch.arange(6.0).reshape(3, 2)
        >>> len(fingerprint([rows])), fingerprint([rows]) == fingerprint([rows.flip(0)])
        (16, False)
    """
    total, count = np.uint64(0), len(held[0])
    for first in range(0, count, AT_A_TIME):
        stop = min(first + AT_A_TIME, count)
        mixed = _mixed(np.arange(start + first, start + stop, dtype=np.uint64))
        for tensor in held:
            for word in _words(tensor[first:stop]).T:
                mixed = _mixed(mixed ^ word)
        total += mixed.sum(dtype=np.uint64)
    summed = int(team.total(torch.tensor(total.view(np.int64))))
    return f"{summed % 2**64:016x}"


def _words(values: Tensor) -> np.ndarray:
    """The bytes of each row, (n, k) 32-bit words as 64-bit numbers."""
    rows = values.detach().cpu().contiguous().numpy().reshape(len(values), -1)
    return rows.view(np.uint32).astype(np.uint64)


def _mixed(words: np.ndarray) -> np.ndarray:
    """Each number with its bits stirred (SplitMix64, Steele, Lea and Flood 2014, eq. in §5)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = words ^ (words >> np.uint64(31))
    return mixed
