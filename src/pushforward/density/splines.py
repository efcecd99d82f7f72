"""The candidates that are flows: one for each fold, sized by the data and the time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from pushforward.density.candidate import Candidate, log_prob
from pushforward.density.clock import Clock
from pushforward.density.rows import FOLDS, Standardized
from pushforward.errors import ModelError
from pushforward.files import discard_drafts, write_text
from pushforward.flows import triangular
from pushforward.limits import MANIFEST, read_bytes
from pushforward.training import Settings, seeded
from pushforward.training.checkpoint import CHECKPOINT, HISTORY
from pushforward.training.fit import fit_rows
from pushforward.training.progress import Progress
from pushforward.transforms.stack import Chain

WANTED_EPOCHS = 60  # that a flow should get before a second one is begun
FLOPS = 15e9  # multiply-adds a second of one thread, roughly
LEAST_SECONDS = 1.0  # below which a flow is not begun
PLAN = "plan.json"


@dataclass(frozen=True)
class Plan:
    """How the flows will be trained.

    Attributes:
        layers, bins, hidden: of the recipe `triangular`.
        flows: how many, each without another fold.
        seconds, epochs: the limit of each, one of the two.
        batch_size, weight_decay: of the training.
    """

    layers: int
    bins: int
    hidden: tuple[int, ...]
    flows: int
    seconds: float | None
    epochs: int | None
    batch_size: int
    weight_decay: float

    @property
    def record(self) -> dict[str, Any]:
        """How the recipe `stack` makes a member of this size."""
        size = {"layers": self.layers, "bins": self.bins, "hidden": list(self.hidden)}
        return {"kind": "triangular", **size}


def plan(data: Standardized, clock: Clock, epochs: int | None) -> Plan | None:
    """Sizes by the number of rows, and as many flows as there is time for; None: too little."""
    n, d = data.joint.shape
    width = 32 if n < 1000 else 64 if n < 5000 else 128
    bins = 8 if n < 30_000 else 32
    batch = 64 if n < 1000 else 256 if n < 5000 else 512
    sized = Plan(
        layers=2,
        bins=bins,
        hidden=(width, width),
        flows=min(5, max(1, round(2e6 / (n * d)))),
        seconds=None,
        epochs=epochs,
        batch_size=batch,
        weight_decay=0.1 if n < 30_000 else 1e-3,
    )
    if epochs is not None:
        return sized
    room = 0.94 * clock.left() - 0.02 * clock.budget
    if room < LEAST_SECONDS:
        return None
    flows = max(1, min(FOLDS, int(room / (WANTED_EPOCHS * _epoch(n, d, width, bins)) + 0.5)))
    return replace(sized, flows=flows, seconds=room / flows)


def _epoch(n: int, d: int, width: int, bins: int) -> float:
    """Seconds of an epoch, roughly: thrice the multiplications of a pass, half of them masked."""
    layer = d * width + width * width + width * d * (3 * bins - 1)
    last = d * width + width * width + width * d * 2
    threads = torch.get_num_threads() ** 0.8
    return 3 * n * (2 * layer + last) / 2 / (FLOPS * threads) + n / 512 * 4e-3


def kept_plan(folder: Path | None, made: Plan | None, resume: bool) -> Plan | None:
    """The plan in the folder, where a fit was begun there; else the one made now, kept there.

    Raises:
        ModelError: the plan in the folder is damaged.
    """
    if folder is None:
        return made
    path = folder / PLAN
    if resume and path.exists():
        try:
            kept = json.loads(read_bytes(path, MANIFEST))
            return Plan(**{**kept, "hidden": tuple(kept["hidden"])})
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"{path} is damaged ({error}); start afresh with --force.") from error
    if made is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(asdict(made)))
    return made


def spline_flows(
    data: Standardized,
    made: Plan,
    used: Sequence[int],
    seed: int,
    clock: Clock,
    report: Progress,
    folder: Path | None = None,
    resume: bool = False,
) -> tuple[Candidate, list[dict[str, Any]]]:
    """Triangular flows, each trained without one fold and stopped by it; and their histories."""
    members: list[Chain] = []
    judged: list[torch.Tensor] = []
    history: list[dict[str, Any]] = []
    for i, fold in enumerate(used):
        # As many as were planned, and more where those were done before their time.
        if i >= made.flows and not (made.seconds and clock.left() > 1.1 * made.seconds):
            break
        outside, inside = data.split(fold)
        size = {k: v for k, v in made.record.items() if k != "kind"}
        c = data.joint.shape[1] - data.rows.x.shape[1]
        with seeded(seed + fold):
            flow = triangular(data.rows.x.shape[1], context_features=c, scaler="none", **size)

        def part(share: float, entry: dict[str, Any] | None = None, i: int = i) -> None:
            report(min((i + share) / made.flows, 1.0), entry)

        knobs = Settings(
            epochs=made.epochs,
            time_budget=made.seconds,
            batch_size=made.batch_size,
            weight_decay=made.weight_decay,
            seed=seed,
        )
        where = None if folder is None else folder / f"fold-{fold}"
        result = fit_rows(
            flow, data.rows.take(outside), data.rows.take(inside), knobs, where, resume, part
        )
        flow.eval()
        member = Chain(data.rows.x.shape[1], list(flow.transform), c)
        members.append(member)
        judged.append(log_prob(member, data, inside))
        history += _continued(result.history, history, fold)
    many = f"{len(members)} spline flows" if len(members) > 1 else "spline flow"
    name = f"{many} ({made.layers} layers, {made.bins} bins, {made.hidden[0]} wide)"
    return Candidate(name, list(members), [made.record] * len(members), judged), history


def _continued(
    entries: list[dict[str, Any]], before: list[dict[str, Any]], fold: int
) -> list[dict[str, Any]]:
    """One flow's history after those of the flows before it: epochs and seconds go on."""
    epochs = max((e["epoch"] for e in before), default=0)
    seconds = max((e.get("seconds", 0.0) for e in before), default=0.0)
    later = [{**entry, "fold": fold, "epoch": entry["epoch"] + epochs} for entry in entries]
    for entry in later:
        if "seconds" in entry:
            entry["seconds"] = round(entry["seconds"] + seconds, 3)
    return later


def discard_folds(folder: Path) -> None:
    """Remove what only a density fit under way needs."""
    (folder / PLAN).unlink(missing_ok=True)
    for fold in range(FOLDS):
        own = folder / f"fold-{fold}"
        for name in (CHECKPOINT, HISTORY):
            discard_drafts(own / name)
            (own / name).unlink(missing_ok=True)
        if own.is_dir() and not any(own.iterdir()):
            own.rmdir()
