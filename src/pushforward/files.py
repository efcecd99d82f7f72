"""Writing files so that a reader sees the old content or the new, never half of it.

Everything that the package puts on disk (tables, reports, checkpoints, models) goes through here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from pushforward.errors import DataError


def sync_directory(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut, where folders can be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        with naming(folder):
            os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Push the content of `path` to the disk."""
    with open(path, "rb+") as handle:
        os.fsync(handle.fileno())


def default_mode() -> int:
    """The permission bits that an ordinary new file gets under the current umask."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def refuse_existing(path: Path, force: bool) -> None:
    """Raise `DataError` where `path` exists and `force` was not given, or its folder does not."""
    with naming(path):
        if path.exists() and not force:
            raise DataError(
                f"{path} exists already; replace it with --force (force=True in Python), "
                "or give another name."
            )
        if not path.parent.is_dir():
            raise DataError(
                f"{path.parent} is not a folder; create it first, or give another name."
            )


def refuse_file(path: Path, force: bool) -> None:
    """As `refuse_existing`, for a file: a folder is never replaced by one."""
    with naming(path):
        if path.is_dir():
            raise DataError(f"{path} is a folder; give the name of a file.")
    refuse_existing(path, force)


@contextmanager
def naming(target: str | Path) -> Iterator[None]:
    """Turn an `OSError` inside (a full disk, no permission) into one sentence that names `target`.

    A broken pipe is let through: who writes to a pipe knows what to do when its reader has gone.

    Raises:
        DataError: for any other `OSError`.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise DataError(f"{target} cannot be written: {reason}.") from error


@contextmanager
def replacing(path: str | Path, force: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it takes `path`'s place, on failure it goes.

    Args:
        path: the file to write.
        force: where False, an existing file is refused before anything is written.

    Raises:
        DataError: the target exists and `force` is False, its folder does not exist, or the disk
            refuses the file.

    Example:
        >>> import tempfile, pathlib
        >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
        >>> with replacing(target) as draft:
        ...     _ = draft.write_text("whole")
        >>> target.read_text()
        'whole'
    """
    path = Path(path)
    refuse_file(path, force)
    # mkstemp makes the file private (0600): give it the mode the target has, or a new file's.
    mode = path.stat().st_mode & 0o777 if path.exists() else default_mode()
    with naming(path):
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix
        )
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        with naming(path):
            os.chmod(draft, mode)
            sync_file(draft)
            os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_text(path: str | Path, text: str, force: bool = True) -> None:
    """Write `text` (UTF-8) to `path` whole or not at all."""
    write_bytes(path, text.encode(), force)


def write_bytes(path: str | Path, data: bytes, force: bool = True) -> None:
    """Write `data` to `path` whole or not at all."""
    with replacing(path, force) as draft, naming(path):
        draft.write_bytes(data)


def replace_directory(draft: Path, target: Path) -> None:
    """Rename the folder `draft` to `target`; an older `target` is set aside, then removed.

    Whoever is killed in between finds `draft` whole, and the older one as `.target.old`.

    Raises:
        DataError: the disk refuses; `target` is then as it was.
    """
    aside = _aside(target)
    discard_aside(target)
    with naming(target):
        if target.exists():
            os.replace(target, aside)
        try:
            os.replace(draft, target)
        except OSError:
            if aside.exists():
                os.replace(aside, target)
            raise
    sync_directory(target.parent)
    discard_aside(target)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def discard_aside(target: Path) -> None:
    """Remove what `replace_directory` set aside for `target`; of a link to a folder, the link."""
    aside = _aside(target)
    if aside.is_symlink():
        aside.unlink()
    else:
        shutil.rmtree(aside, ignore_errors=True)


def discard_drafts(path: Path) -> None:
    """Remove the temporary files that a killed `replacing(path)` left beside it."""
    for draft in path.parent.glob(f".{path.name}.*"):
        draft.unlink()


def abandon(stream: TextIO) -> None:
    """Point a stream that has failed to nowhere.

    Python flushes it again at its exit, and would then complain a second time.
    """
    with suppress(OSError, ValueError):  # no file descriptor below: nothing to redirect
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
