"""`pushforward sample`: new rows from a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pushforward.cli import say
from pushforward.cli.options import (
    ExcelSafe,
    Force,
    MaybeOutput,
    Model,
    Seed,
    is_image_model,
    locate,
    needed,
    refuse_others,
    refuse_output,
)
from pushforward.errors import ConfigurationError

if TYPE_CHECKING:
    from pushforward.conditions import Conditional
    from pushforward.tables.model import TableModel

APART = 0.2  # nats between orders of the columns that call for a warning


def sample(
    model: Model,
    n: Annotated[
        int, typer.Option("-n", help="How many rows (for each row of --context), or images.")
    ],
    output: MaybeOutput = None,
    seed: Seed = 0,
    context: Annotated[
        str | None,
        typer.Option(help="For a conditional model: a file with the context columns."),
    ] = None,
    given: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION",
            help="What is told of the rows, such as 'cut=Ideal,price>=5000': =, !=, <, <=, >, >=, "
            "cut=Good|Ideal or cut in {Good;Ideal}; a comma joins, double quotes hold a comma.",
        ),
    ] = None,
    picture: Annotated[
        str | None,
        typer.Option("--grid", metavar="OUT", help="Of images: a .png of them, side by side."),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            metavar="T",
            help="Of images: the deviation of the base's z; less than 1 keeps nearer to the mode.",
        ),
    ] = None,
    chosen: Annotated[
        str | None,
        typer.Option("--class", help="Of class-conditional images: this class alone."),
    ] = None,
    excel_safe: ExcelSafe = False,
    force: Force = False,
) -> None:
    """Draw new rows, or images, from MODEL.

    With --given, of a model of typed columns (any but plain numbers; of these, one by `fit --flow
    columns`): rows given any of its columns, chosen now. The log of the condition's probability is
    said on standard error, in nats.

    Images go to a .npy file (-o), a picture (--grid), or both.
    """
    if n < 1:
        raise ConfigurationError(f"-n must be at least 1, but is {n}.")
    of_images = is_image_model(model)
    refuse_others(
        model,
        of_images,
        {"--context": context, "--given": given, "--excel-safe": excel_safe},
        {"--grid": picture, "--temperature": temperature is not None, "--class": chosen},
    )
    if of_images:
        from pushforward.cli.images.sample import sample_images

        warmth = 1.0 if temperature is None else temperature
        sample_images(model, n, output, picture, warmth, chosen, seed, force)
        return
    output = needed(output)
    refuse_output(output, force)
    import numpy as np

    from pushforward.tables import read_numeric, writing
    from pushforward.tables.model import load_table_model

    fitted = load_table_model(model)
    if bool(fitted.context) != (context is not None):
        raise ConfigurationError(
            f"{model} is conditioned on {', '.join(fitted.context)}; give --context FILE with them."
            if fitted.context
            else f"{model} is not conditional; leave out --context."
        )
    condition = None if given is None else fitted.conditional(given, seed)
    if condition is not None:
        for line in told(condition, fitted, str(given)):
            say.note(line)
    contexts = None if context is None else read_numeric(locate(context), fitted.context).values
    written = 0
    with writing(output, force, excel_safe) as writer:
        for block in fitted.sample(n, seed, contexts, condition):
            columns = fitted.named(block)
            if contexts is not None:  # each row beside what it was drawn for
                part = contexts[np.arange(written, written + len(block)) // n]
                columns |= {name: part[:, j] for j, name in enumerate(fitted.context)}
            writer.write(columns)
            written += len(block)


def told(condition: Conditional, fitted: TableModel, text: str) -> list[str]:
    """How probable a condition is, and what draws given it are worth; one line each."""
    from pushforward.tables.typed import densities, unit_of

    assert fitted.schema is not None
    dense = densities(fitted.schema)
    known = (~condition.row.isnan()).tolist()
    units = [
        unit_of(column)
        for column, density, here in zip(fitted.schema.modelled, dense, known, strict=True)
        if density and here
    ]
    per = f", a log density per unit of {', '.join(units)}" if units else ""
    nats = f"{round(condition.log_prob, 4) + 0.0:.4f}"
    if condition.exact:
        return [f"log P({text}) = {nats} nats{per}.", *_other_order(condition)]
    return [
        f"log P({text}) = {nats} nats{per}: an estimate, with standard error "
        f"{condition.error:.4f}.",
        f"The rows are chosen among weighted draws: {condition.drawn} draws are worth "
        f"{condition.effective:.0f} without weights.",
        *_other_order(condition),
    ]


def _other_order(condition: Conditional) -> list[str]:
    """What another order of the columns says of the condition: nothing of one part alone."""
    other = condition.other_order()
    if other is None:
        return []
    apart = abs(other - condition.log_prob)
    doubt = (
        "; trust it no further than that, or fit longer"
        if apart > APART + 3 * condition.error
        else ""
    )
    return [
        f"With its parts the other way round it is {other:.4f} nats: orders of the columns "
        f"disagree by {apart:.2f} nats on it{doubt}."
    ]
