"""Images to a `.npy` file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pushforward.files import naming, replacing
from pushforward.images.images import Images
from pushforward.text import refusal


def require_npy(path: str | Path) -> None:
    """Refuse to write images to a file whose name says that it is of another format.

    Raises:
        DataError: it does not end in `.npy`.
    """
    if Path(path).suffix.lower() != ".npy":
        raise refusal(str(path), "images are written as .npy; give a name that ends so.")


def write_images(images: Images, path: str | Path, force: bool = False) -> None:
    """Write pixels as one uint8 array (n, channels, height, width), whole or not at all.

    Labels, and that there are fewer levels than 256, are not kept.

    Args:
        images: what to write.
        path: a name that ends in `.npy`.
        force: replace an existing file.

    Raises:
        DataError: another ending, an existing file without `force`, or a disk that refuses.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "i.npy"
        >>> write_images(Images(np.zeros((5, 1, 8, 8), np.uint8), "zeros"), path)
        >>> np.load(path).shape
        (5, 1, 8, 8)
    """
    require_npy(path)
    with replacing(path, force) as draft, naming(path), open(draft, "wb") as handle:
        np.save(handle, images.pixels, allow_pickle=False)
