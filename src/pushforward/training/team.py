"""The processes of one fit: what they say to each other, or one process that asks itself.

Everything goes through `torch.distributed`, as `torchrun` has set it up; tensors alone are sent
(its functions for Python objects pickle them).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from pushforward.errors import AlreadyTold, ConfigurationError, PushforwardError

LONGEST = 4096  # bytes of a sentence that is passed on
ANNOUNCED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # torchrun's own variables


@dataclass(frozen=True)
class Team:
    """The processes that a fit is divided among; by default there is one.

    Every process must call the same methods in the same order: each waits for the others.

    Attributes:
        rank: which this one is, from 0; the first leads.
        size: how many there are.

    Example:
        >>> alone = Team()
        >>> alone.leads, alone.total(torch.tensor([1.0, 2.0])).tolist(), alone.before(5)
        (True, [1.0, 2.0], (0, 5))
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Does this process write the files, and speak?"""
        return self.rank == 0

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes of `values`, which have one shape in each."""
        if self.size == 1:
            return values
        sent = values.detach().to(_device(), copy=True).contiguous()
        torch.distributed.all_reduce(sent)
        return sent.to(values.device)

    def largest(self, value: float) -> float:
        """The largest number that one of the processes has."""
        if self.size == 1:
            return value
        known = torch.tensor(value, dtype=torch.float64, device=_device())
        torch.distributed.all_reduce(known, torch.distributed.ReduceOp.MAX)
        return float(known)

    def led(self, value: float) -> float:
        """The leader's number: what hangs on a clock must be the same for all."""
        return value if self.size == 1 else self.largest(value if self.leads else -float("inf"))

    def before(self, count: int) -> tuple[int, int]:
        """How many of something the processes before this one have, and all together."""
        if self.size == 1:
            return 0, count
        counts = torch.zeros(self.size, dtype=torch.int64)
        counts[self.rank] = count
        counts = self.total(counts)
        return int(counts[: self.rank].sum()), int(counts.sum())

    def joined(self, values: Tensor) -> Tensor:
        """All processes' rows, (n, …) each with an n of its own, one below the other."""
        if self.size == 1:
            return values
        start, total = self.before(len(values))
        whole = values.new_zeros(total, *values.shape[1:])
        whole[start : start + len(values)] = values
        return self.total(whole)

    @torch.no_grad()
    def follow(self, tensors: Iterable[Tensor]) -> None:
        """Make each tensor, in place, what it is in the leader."""
        for tensor in tensors if self.size > 1 else ():
            sent = tensor.to(_device(), copy=True).contiguous()
            torch.distributed.broadcast(sent, src=0)
            tensor.copy_(sent)

    def first_said(self, text: str | None) -> str | None:
        """What the first process that says anything says; None where none does."""
        if self.size == 1:
            return text
        speaker = -int(self.largest(-self.size if text is None else -self.rank))
        if speaker == self.size:
            return None
        said = torch.zeros(LONGEST, dtype=torch.uint8, device=_device())
        if text is not None and speaker == self.rank:
            letters = torch.tensor(list(text.encode()[:LONGEST]), dtype=torch.uint8)
            said[: len(letters)] = letters.to(said.device)
        torch.distributed.broadcast(said, src=speaker)
        return bytes(said.tolist()).rstrip(b"\0").decode(errors="replace")

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """What one process refuses inside is refused by all, in its words; the leader says them.

        Raises:
            PushforwardError: the leader's own error, or another's with the same message.
            AlreadyTold: the same in the other processes.
        """
        if self.size == 1:
            yield
            return
        refused: PushforwardError | None = None
        try:
            yield
        except PushforwardError as error:
            refused = error
        said = self.first_said(None if refused is None else str(refused))
        if said is not None:
            if not self.leads:
                raise AlreadyTold(said)
            if refused is not None and str(refused) == said:
                raise refused
            raise PushforwardError(said)


ALONE = Team()


def announced() -> bool:
    """Was this process started by `torchrun`, as one of several?

    Example:
        >>> announced()
        False
    """
    return os.environ.get("WORLD_SIZE", "1") != "1" and all(n in os.environ for n in ANNOUNCED)


@contextmanager
def team() -> Iterator[Team]:
    """The processes that `torchrun` has started, joined for as long as the block lasts.

    They speak by NCCL where each has an accelerator of its own, and by gloo otherwise. Without
    `torchrun` there is one, which needs nothing.

    Raises:
        ConfigurationError: the others cannot be reached.

    Example:
        >>> with team() as alone:
        ...     alone.size
        1
    """
    if not announced():
        yield ALONE
        return
    place = int(os.environ.get("LOCAL_RANK", "0"))
    accelerated = torch.cuda.is_available() and torch.cuda.device_count() > place
    if accelerated:
        torch.cuda.set_device(place)
    try:
        torch.distributed.init_process_group("nccl" if accelerated else "gloo")
    except (RuntimeError, ValueError) as error:
        raise ConfigurationError(f"The other processes cannot be reached: {error}.") from error
    try:
        yield Team(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()


def _device() -> torch.device:
    """Where numbers must lie to be sent."""
    nccl = torch.distributed.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if nccl else torch.device("cpu")
