"""`pushforward fit` of images."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.cli import say
from pushforward.cli.unfinished import making
from pushforward.errors import DataError

if TYPE_CHECKING:
    from pushforward.images.fitting import ImageRequest


def fit_images(
    data: str, output: Path, request: ImageRequest, limit: int | None, resume: bool
) -> None:
    """Fit to the images that DATA names, write the model, and say its held-out bits/dim."""
    from pushforward.images import read_images
    from pushforward.images.fitting import fit_images as run
    from pushforward.training.checkpoint import write_history
    from pushforward.training.team import ALONE

    images = read_images(data, rows=limit, seed=request.seed)
    if len(images) < 2:
        raise DataError(f"{images.source}: a flow is fitted to 2 images or more, and there is 1.")
    with making(output, resume, ALONE) as partial:
        model, result = run(images, request, partial, resume, sys.stderr.isatty())
        model.write(partial)
        write_history(partial, result.history)
    say.note(
        f"Fitted to {model.training['images']:,} {model.record.words()}, for "
        f"{result.seconds:.0f} s; the best epoch was {result.best_epoch}; {result.stopped}."
    )
    assert model.record.heldout is not None
    say.result(f"held out: {model.record.heldout.sentence()}")
    say.note(f"The model is in {output}.")
