"""Fits by several processes: what they are told, and a way to start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import torch

import pushforward as pf
from pushforward.training.loop import Loop
from pushforward.training.team import ALONE, Team, team

ROWS, CUT = 301, 120  # of which the first process has so many


def together(processes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this file, or `-m` a module, by so many processes of torchrun."""
    call = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run([*call, *arguments], capture_output=True, text=True, env=env, check=False)


def fitted(folder: str, part: Team = ALONE, **settings: object) -> list[float]:
    """Fit a conditional flow to weighted rows; the figures of its history, and its scores."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, 2, generator=generator, dtype=torch.float64).exp()
    c, w = x.sum(-1, keepdim=True).log(), torch.rand(ROWS, generator=generator)
    rows = slice(None) if part.size == 1 else (slice(CUT), slice(CUT, None))[part.rank]
    torch.manual_seed(part.rank)  # weights of its own, which must become the leader's
    flow = pf.flows.nsf(2, layers=2, hidden=(8,), context_features=1).double()
    result = pf.fit(
        flow,
        x[rows],
        c[rows],
        sample_weight=w[rows],
        batch_size=64,
        team=part,
        checkpoint=folder,
        **settings,  # type: ignore[arg-type]
    )
    judged = [e["validation"]["nll"] for e in result.history]
    trained = [e["train"][k] for e in result.history for k in ("nll_base", "nll_log_det")]
    with torch.no_grad():
        return [*judged, *trained, *flow.log_prob(x, c)[:20].tolist()]


class Stopped(Exception):
    """Ends a fit in its middle, in all processes at once."""


def stopped(folder: str, part: Team) -> None:
    """The same fit, which is ended when two epochs are done."""
    epoch = Loop._epoch

    def until_two(self: Loop) -> None:
        if self.state.counters.epoch == 2:
            raise Stopped
        epoch(self)

    Loop._epoch = until_two  # type: ignore[method-assign]
    try:
        fitted(folder, part, epochs=4)
    except Stopped:
        pass
    finally:
        Loop._epoch = epoch  # type: ignore[method-assign]


if __name__ == "__main__":
    with team() as mine:
        whole = fitted(sys.argv[1] + "/whole", mine, epochs=4)
        stopped(sys.argv[1] + "/stopped", mine)
        resumed = fitted(sys.argv[1] + "/stopped", mine, epochs=4, resume=True)
        if mine.leads:
            sys.stdout.write(json.dumps({"whole": whole, "resumed": resumed}) + "\n")
