"""From a person's images to one array of bytes, and back.

    name ────── datasets ─────────┐
    folder ──── folder (PNG, JPEG)┤
                                  ├─ Images ─ write ─ .npy
    .npy ────── npy ──────────────┤
    IDX file ── datasets.idx ─────┘

Every refusal is one sentence that names the file.

Example:
    >>> digits = read_images("digits8", part="test")
    >>> digits.pixels.shape, digits.levels, digits.labels[:3]
    ((297, 1, 8, 8), 17, array([1, 7, 4]))
"""

from pushforward.images.images import Images
from pushforward.images.read import read_images
from pushforward.images.write import write_images

__all__ = ["Images", "read_images", "write_images"]
