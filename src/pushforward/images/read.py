"""The one entrance: images by a data set's name, or from a folder, a `.npy` or an IDX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pushforward.datasets import ImageSet, catalogue, find
from pushforward.datasets.idx import GZIP, read_idx
from pushforward.datasets.image_set import Part
from pushforward.errors import DataError
from pushforward.images.folder import SUFFIXES, read_folder
from pushforward.images.images import Images
from pushforward.images.npy import MAGIC, read_npy
from pushforward.text import refusal

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")  # suffixes that no image has

KNOWN = "images are a folder of PNG or JPEG files, a .npy file, or an IDX file"


def read_images(
    data: str | Path, part: Part = "train", rows: int | None = None, seed: int = 0
) -> Images:
    """Read images into memory.

    Args:
        data: a data set's name (see `pushforward data list`); a folder of PNG or JPEG files, of
            which subfolders are classes; a `.npy` file; or an IDX file, gzipped or not. Beside an
            IDX file that is named as MNIST's are (`train-images-idx3-ubyte`), the labels are
            read as well (`train-labels-idx1-ubyte`).
        part: of a data set: "train" or "test". Files have no parts.
        rows: how many images to draw at random, without replacement; None for all, in order.
        seed: of the draw, and of nothing else.

    Returns:
        The images as uint8 (n, channels, height, width), with labels where they are known.

    Raises:
        DataError: whatever is given is no images, in one sentence that names the file: see
            `read_folder`, `read_npy`, `read_idx`, `ImageSet.read`, `Images.draw`.

    Example:
        >>> read_images("digits8").pixels.shape
        (1500, 1, 8, 8)
    """
    path = Path(data)
    if path.exists() or path.suffix or path.parent != Path():
        images = _from_path(path, part)
    else:
        images = _by_name(str(data), part, rows)
    return images if rows is None else images.draw(rows, seed)


def read_judged(
    data: str, part: Part | None = None, rows: int | None = None, seed: int = 0
) -> Images:
    """As `read_images`, to judge a model by: of a data set the test part, where none is named.

    Raises:
        DataError: as `read_images`.

    Example:
        >>> read_judged("digits8").source
        'digits8 (test)'
    """
    chosen: Part = "test" if isinstance(catalogue().get(data), ImageSet) else "train"
    return read_images(data, part or chosen, rows, seed)


def at_most(images: Images, rows: int | None, seed: int = 0) -> Images:
    """Images drawn at random, or all where there are no more than that."""
    return images if rows is None or rows >= len(images) else images.draw(rows, seed)


def are_images(data: str | Path) -> bool:
    """Does what is given look like images, rather than a table? Whoever reads it checks.

    A set of images by name; a folder, a `.npy` file or one picture; a file that begins as IDX does.

    Example:
        >>> are_images("digits8"), are_images("iris"), are_images("t.csv"), are_images("a.npy")
        (True, False, False, True)
    """
    path = Path(data)
    if path.suffix.lower() in TABLES:
        return False
    if path.is_dir():
        return not any(p.suffix.lower() in TABLES for p in path.iterdir())
    if path.suffix.lower() in (".npy", *SUFFIXES):
        return True
    if path.is_file():
        try:
            with open(path, "rb") as handle:
                return handle.read(2) in (b"\0\0", GZIP)
        except OSError:
            return False
    return isinstance(catalogue().get(str(data)), ImageSet)


def _by_name(name: str, part: Part, rows: int | None) -> Images:
    dataset = find(name)
    if not isinstance(dataset, ImageSet):
        raise DataError(f"{name} is a table, not images; {KNOWN}, or digits8, mnist, ….")
    if rows is not None and not 1 <= rows <= dataset.size(part):  # before anything is fetched
        raise DataError(
            f"{name} has {dataset.size(part):,} images to {part}; {rows:,} were asked for."
        )
    pixels, labels = dataset.read(part)
    return Images(pixels, f"{name} ({part})", labels, dataset.levels)


def _from_path(path: Path, part: str) -> Images:
    if part != "train":
        raise refusal(str(path), f"only data sets by name have parts, and {part!r} was asked for.")
    if path.is_dir():
        return read_folder(path)
    if not path.exists():
        raise refusal(str(path), f"there is no such file; {KNOWN}.")
    if not path.is_file():
        raise refusal(str(path), f"it is neither a file nor a folder; {KNOWN}.")
    if path.suffix.lower() in SUFFIXES:
        raise refusal(str(path), "it is one image; give the folder that holds it and others.")
    return _from_file(path)


def _from_file(path: Path) -> Images:
    """What kind of file it is, its first bytes tell; an IDX file's name often has no suffix."""
    try:
        with open(path, "rb") as handle:
            begins = handle.read(len(MAGIC))
    except OSError as error:
        raise refusal(str(path), f"it cannot be read ({error.strerror}).") from error
    if begins == MAGIC or path.suffix.lower() == ".npy":
        return read_npy(path)
    if begins[:2] in (b"\0\0", GZIP):
        return _from_idx(path)
    raise refusal(str(path), f"it holds no images that can be read; {KNOWN}.")


def _from_idx(path: Path) -> Images:
    images = read_idx(path, str(path), 3)[:, None]
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if beside == path or not beside.is_file():
        return Images(images, str(path))
    labels = read_idx(beside, str(beside), 1).astype(np.int64)
    if len(labels) != len(images):
        raise refusal(
            str(beside),
            f"it has {len(labels):,} labels for the {len(images):,} images of {path.name}; put "
            "the labels beside that belong to them.",
        )
    return Images(images, str(path), labels)
