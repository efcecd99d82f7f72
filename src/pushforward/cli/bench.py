"""`pushforward bench`: the zero-tuning fit on problems with published figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import Seed, names
from pushforward.errors import DataError, PushforwardError

if TYPE_CHECKING:
    from pushforward.datasets.uci import Problem

app = typer.Typer(help="Problems with published figures.", rich_markup_mode=None)

WIDTHS = (10, 9, 22, 15, 18)


@app.callback()
def bench() -> None:
    """Problems with published figures."""


@app.command()
def uci(
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="The unpacked data of the MAF release (five folders)."
        ),
    ],
    only: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Some of power,gas,hepmass,miniboone,bsds300."),
    ] = None,
    time_budget: Annotated[
        str, typer.Option(metavar="TIME", help='For each fit: "90s", "5m", "1h30m".')
    ] = "5m",
    seed: Seed = 0,
) -> None:
    """Fit the five UCI density problems untuned, and print their test figures.

    Each is fitted to the published training and validation rows together, within the time budget,
    and judged on the published test rows: the mean log density in nats per row, more is better,
    and its standard error. Beside it stand the figures of the spline flow RQ-NSF (AR) and of the
    best exact flow published. Data sets that are not in DIR are left out, and said.
    """
    from pushforward.datasets.uci import PROBLEMS, find
    from pushforward.training import seconds

    budget = seconds(time_budget)
    asked = [find(name) for name in names("--only", only)] or list(PROBLEMS.values())
    there = [problem for problem in asked if problem.locate(data)]
    if not there:
        missing = " ".join(problem.missing(data) for problem in asked[:1])
        raise DataError(f"{data} holds none of the data sets asked for; {missing}")
    for problem in asked:
        if problem not in there:
            say.note(problem.missing(data))
    _line("problem", "test rows", "test nats ± error", "RQ-NSF (AR)", "best exact flow")
    failed = False
    for problem in there:
        try:
            _run(problem, data, budget, seed)
        except PushforwardError as error:  # the others may take hours, and are no worse for it
            say.fault(f"{problem.name}: {error}")
            failed = True
    if failed:
        raise typer.Exit(2)


def _run(problem: Problem, folder: Path, budget: float, seed: int) -> None:
    import numpy as np
    import torch

    from pushforward.datasets.uci import load
    from pushforward.density import fit_density  # type: ignore[import-not-found]

    split = load(problem.name, folder)
    for text in split.notes:
        say.note(f"{problem.name}: {text}")
    flow = fit_density(split.known, time_budget=budget, seed=seed).flow
    with torch.no_grad():
        scored = flow.log_prob(torch.as_tensor(split.test).to(flow.dtype))
    nats = scored.double().cpu().numpy()
    error = nats.std(ddof=1) / np.sqrt(len(nats)) if len(nats) > 1 else np.nan
    _line(
        problem.name,
        f"{len(nats):,}",
        f"{nats.mean():.3f} ± {error:.3f}",
        f"{problem.spline:.2f}",
        f"{problem.best:.2f}",
    )


def _line(*cells: str) -> None:
    first, *others = (
        cell.ljust(w) if k == 0 else cell.rjust(w)
        for k, (cell, w) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    say.result("".join([first, *others]))
