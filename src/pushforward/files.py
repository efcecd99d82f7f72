"""Writing files so that a reader sees the old content or the new, never half of it.

Everything that the package puts on disk (tables, reports, checkpoints, models) goes through here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pushforward.errors import DataError


def sync_directory(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut, where folders can be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
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
    """Raise `DataError` where `path` exists and `force` was not given."""
    if path.exists() and not force:
        raise DataError(f"{path} exists already; give --force to replace it, or another name.")


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
    refuse_existing(path, force)
    if path.is_dir():
        raise DataError(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise DataError(f"{path.parent} is not a folder; create it first, or give another name.")
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
    with replacing(path, force) as draft:
        draft.write_text(text, encoding="utf-8")


def write_bytes(path: str | Path, data: bytes, force: bool = True) -> None:
    """Write `data` to `path` whole or not at all."""
    with replacing(path, force) as draft:
        draft.write_bytes(data)


def replace_directory(draft: Path, target: Path) -> None:
    """Rename the folder `draft` to `target`; an older `target` is set aside, then removed."""
    aside = target.with_name(f".{target.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        os.replace(target, aside)
    os.replace(draft, target)
    sync_directory(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
