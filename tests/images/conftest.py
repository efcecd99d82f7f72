"""What every refusal of images is held to."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pushforward.errors import DataError
from pushforward.images import read_images


@pytest.fixture
def refused() -> Callable[[Path, str], None]:
    """Read a path that must be refused: in one line that names a file, begins with it, matches."""

    def check(path: Path, message: str, named: Path | None = None) -> None:
        with pytest.raises(DataError) as refusal:
            read_images(path)
        line = str(refusal.value)
        assert line.isprintable()
        assert line.startswith(f"{named or path}: ")
        assert line.endswith(".")
        assert re.search(message, line), line

    return check
