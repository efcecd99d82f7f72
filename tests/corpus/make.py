"""Add to the corpus what it lacks: `PYTHONPATH=src:tests python -m corpus.make`.

A model that is there is never written again: it stands for what was written at its time.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import torch
from torch import Tensor

import pushforward as pf
from corpus.kinds import kinds
from pushforward import Flow
from pushforward.transforms.registry import perturb

HERE = Path(__file__).parent / "models"
SCORES = "scores.json"
ROWS = 5


def rows(flow: Flow, name: str) -> tuple[Tensor, Tensor | None]:
    """A few rows that the flow may be asked for, and their context."""
    generator = torch.Generator().manual_seed(1)
    if len(flow.event_shape) == 3:
        x = torch.randint(0, 4, (ROWS, *flow.event_shape), generator=generator).to(flow.dtype)
    else:
        x = torch.randn(ROWS, *flow.event_shape, generator=generator, dtype=torch.float64)
    given = torch.randn(ROWS, flow.context_features, generator=generator, dtype=torch.float64)
    return x.to(flow.dtype), given.to(flow.dtype) if flow.context_features else None


def scores(flow: Flow, x: Tensor, context: Tensor | None) -> Tensor:
    """Log densities (n), nats; noise is drawn from one seed."""
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        return flow.log_prob(x, context)


def add(name: str, flow: Flow, folder: Path) -> None:
    """Write a model away from its start, a few rows, and their scores."""
    x, context = rows(flow, name)
    flow.initialize(x, context)
    perturb(flow, torch.Generator().manual_seed(0))
    flow.eval()
    found = {
        "rows": x.tolist(),
        "context": None if context is None else context.tolist(),
        "scores": scores(flow, x, context).tolist(),
    }
    pf.save(flow, folder)
    (folder / SCORES).write_text(json.dumps(found) + "\n")


def main() -> None:
    """Write what is missing."""
    HERE.mkdir(exist_ok=True)
    for name, make in kinds().items():
        if not (HERE / name).exists():
            try:
                add(name, make(), HERE / name)
            except BaseException as error:
                shutil.rmtree(HERE / name, ignore_errors=True)
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
