"""Where fetched package files are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pushforward.errors import DataError


def cache_folder() -> Path:
    """The folder of fetched package files (it need not exist yet).

    `PUSHFORWARD_CACHE` where set; else the folder `pushforward` inside `XDG_CACHE_HOME` or the
    platform's usual place (`~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`).

    Returns:
        An absolute path. Deleting the folder costs nothing but a new download.

    Raises:
        DataError: no home folder is known, so that none of these can be told.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict("os.environ", PUSHFORWARD_CACHE="/data/cache"):
        ...     cache_folder() == Path("/data/cache").absolute()
        True
    """
    chosen = os.environ.get("PUSHFORWARD_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return _usual_place() / "pushforward"


def _usual_place() -> Path:
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(xdg):  # the XDG specification: a relative path is to be ignored
        return Path(xdg)
    local = os.environ.get("LOCALAPPDATA")
    if sys.platform == "win32" and local:
        return Path(local)
    try:
        home = Path.home()
    except RuntimeError as error:
        raise DataError("no home folder is known; set PUSHFORWARD_CACHE to a folder.") from error
    return home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
