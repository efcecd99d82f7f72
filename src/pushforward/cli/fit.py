"""`pushforward fit`: from a table, or from images, to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pushforward.cli import say
from pushforward.cli.fit_table import fit_into, read_columns, read_numbers
from pushforward.cli.fit_team import fit_team, restarted
from pushforward.cli.options import (
    NA,
    Data,
    Seed,
    assignments,
    is_of_images,
    names,
    refuse_others,
    spellings,
)
from pushforward.cli.unfinished import making, may_begin
from pushforward.errors import ConfigurationError

DEFAULT_BUDGET = "5m"
TYPED = "columns"  # the recipe of typed columns


def fit(
    called: typer.Context,
    data: Data,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="MODEL", help="The folder to make.")
    ],
    columns: Annotated[
        str | None, typer.Option(help="Columns to model, a,b,c; all but the context's if left out.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="Columns to condition on: p(columns | context).")
    ] = None,
    schema: Annotated[
        Path | None,
        typer.Option(metavar="SCHEMA", help="What the columns are: a file made by `schema`."),
    ] = None,
    na: NA = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse a column that would be left out, with its reason."),
    ] = False,
    flow: Annotated[
        str,
        typer.Option(
            help="auto: the best of many, mixed (glow of images); columns: any of them given any "
            "others; or nsf, maf, realnvp, nice, iaf, … of numbers; or glow, realnvp_image, … of "
            "images."
        ),
    ] = "auto",
    scaler: Annotated[
        str | None,
        typer.Option(help="With --flow: standardize, whiten (turn to the principal axes), none."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training rows.")] = None,
    time_budget: Annotated[
        str | None, typer.Option(help=f"Such as 90s, 5m, 1h; {DEFAULT_BUDGET} if left out.")
    ] = None,
    seed: Seed = 0,
    precision: Annotated[
        str | None, typer.Option(help="With --flow: full, or bf16 products while training.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="With --flow: an argument of the recipe, such as layers=8 or hidden=64,64; may be "
            "repeated.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="With --flow: rows or images a step.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="With --flow: AdamW's, at its peak.")
    ] = None,
    by_class: Annotated[
        bool, typer.Option("--class-conditional", help="Of images: condition on their labels.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=2, help="Of images: only so many, drawn at random.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="MODEL", help="Of images: train this model further, as it is."
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="With --flow: plain; lean or recompute: deep flows in little memory."),
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="With --flow: train with torch.compile.")
    ] = False,
    baselines: Annotated[
        bool, typer.Option(help="Also fit a Gaussian and a mixture, to compare with.")
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from MODEL.partial, where there is one.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a finished MODEL, or start afresh.")
    ] = False,
) -> None:
    """Fit a density to the columns of DATA, or to its images.

    Columns may be numbers, categories, dates, with cells missing. Of real numbers alone, Gaussians,
    mixtures, a kernel estimate and flows are tried within the time, and mixed as they foretell rows
    that they have not seen; --flow names a single flow instead. Other columns get a model that
    takes any of them given any others. A tenth of the rows is held out and judged by. The fit is
    kept in MODEL.partial each epoch, and becomes MODEL when it is done.

    Images are a set's name (mnist), a folder of PNG or JPEG files, a .npy or an IDX file; --flow is
    glow, realnvp_image, … of images. A tenth of them chooses the best epoch; the bits/dim are
    theirs.
    """
    if epochs is not None and time_budget is not None:
        raise ConfigurationError("Give either --epochs or --time-budget, one of the two.")
    from pushforward.training import seconds
    from pushforward.training.team import announced

    budget = None
    if epochs is None:
        budget = seconds(DEFAULT_BUDGET if time_budget is None else time_budget)
    limits: dict[str, Any] = {"epochs": epochs, "time_budget": budget, "seed": seed}
    training = {
        name: value
        for name, value in (
            ("batch_size", batch_size),
            ("learning_rate", learning_rate),
            ("precision", precision),
            ("memory", memory),
            ("compile", compiled or None),
        )
        if value is not None
    }
    resume = resume or restarted()
    arguments = assignments(settings or []) | ({} if scaler is None else {"scaler": scaler})
    given = names("--context", context)
    wanted = names("--columns", columns)
    of_images = is_of_images(data)
    refuse_others(
        data,
        of_images,
        {
            "--columns": wanted,
            "--context": given,
            "--schema": schema,
            "--na": na,
            "--strict": strict,
            "--scaler": scaler,
        },
        {"--class-conditional": by_class, "--limit": limit, "--from": start},
    )
    if of_images:
        if announced():
            raise ConfigurationError("Images are fitted by one process; start it without torchrun.")
        if not may_begin(output, resume, force):
            return
        from pushforward.cli.images.fit import fit_images
        from pushforward.images.fitting import ImageRequest

        recipe = None if flow == "auto" else flow
        asked = ImageRequest(
            recipe,
            **limits,
            arguments=arguments,
            training=training,
            by_class=by_class,
            command=called.find_root().obj,
            start=start,
        )
        fit_images(data, output, asked, limit, resume)
        return
    if given and flow == TYPED:
        raise ConfigurationError(
            f"--flow {TYPED} fits a model of any columns given any others, told at `sample "
            "--given`; leave out --context."
        )
    numeric = bool(given) or flow not in ("auto", TYPED)
    if numeric and (schema is not None or na is not None or strict):
        raise ConfigurationError(
            "--schema, --na and --strict are for typed columns; leave out --flow and --context."
        )
    from pushforward.tables.fitting import Request

    request = Request(flow, tuple(given), **limits, arguments=arguments, training=training)
    with fit_team() as team:
        if team.size > 1 and not numeric:
            raise ConfigurationError(
                "Several processes fit one flow of numbers; name it with --flow, such as nsf."
            )
        with team.agreed():
            begins = may_begin(output, resume, force)
        if not begins:
            return
        if numeric:
            table = read_numbers(data, wanted, given, team)
        else:
            table = read_columns(data, wanted, schema, spellings(na), strict, flow == TYPED)
        with making(output, resume, team) as partial:
            figures = fit_into(partial, table, request, resume, baselines, team)
        if team.leads:
            say.figures(figures)
            say.note(f"The model is in {output}.")
