"""A fit under way: MODEL.partial, what may be begun, what is left behind, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.cli import say
from pushforward.errors import DataError
from pushforward.files import discard_aside, discard_drafts, replace_directory

if TYPE_CHECKING:
    from pushforward.training.team import Team


def partial_of(output: Path) -> Path:
    """Where a fit to `output` is kept until it is done.

    Raises:
        DataError: `output` is no name for a folder.
    """
    if not output.name:
        raise DataError(f"{output} is no name for a new folder; give another.")
    return output.with_name(f"{output.name}.partial")


def may_begin(output: Path, resume: bool, force: bool) -> bool:
    """Refuse to touch what was not offered; False where there is nothing left to do."""
    from pushforward.storage.folder import is_model, refuse_folder

    partial = partial_of(output)
    if resume and not partial.exists() and is_model(output):
        _tidy(output)
        say.note(f"{output} is finished; there is nothing to resume.")
        return False
    refuse_folder(output, force)
    if partial.exists() and not (resume or force):
        raise DataError(
            f"{partial} holds an unfinished fit; go on with --resume, or start afresh with --force."
        )
    return True


@contextmanager
def making(output: Path, resume: bool, team: Team) -> Iterator[Path]:
    """Give the folder to fit in; it becomes `output` at the end, and stays where the fit fails.

    Of several processes the leader alone tidies and renames.
    """
    partial = partial_of(output)
    with team.agreed():  # before the others look into it
        if partial.exists() and not resume and team.leads:
            _tidy(partial)  # of another fit, which --force gives up
    if not team.leads:
        yield partial
        return
    try:
        yield partial
    except BaseException as error:
        _leave(partial, interrupted=isinstance(error, KeyboardInterrupt))
        raise
    replace_directory(partial, output)
    _tidy(output)


def _leave(partial: Path, interrupted: bool) -> None:
    """A fit has ended before its time: keep what it saved, and say how it goes on."""
    from pushforward.training.checkpoint import CHECKPOINT

    if any(partial.rglob(CHECKPOINT)):
        if interrupted:
            say.note(f"{partial} keeps the last whole epoch: go on with --resume.")
    elif partial.is_dir() and not any(partial.iterdir()):
        partial.rmdir()


def _tidy(model: Path) -> None:
    """Remove what only a fit under way needs, also where one was killed while doing so."""
    from pushforward.density.splines import discard_folds
    from pushforward.storage.folder import FILES
    from pushforward.training.checkpoint import CHECKPOINT, HISTORY

    for name in (*FILES, CHECKPOINT, HISTORY):
        discard_drafts(model / name)
    (model / CHECKPOINT).unlink(missing_ok=True)
    discard_folds(model)
    discard_aside(model)
