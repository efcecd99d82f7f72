"""A folder of PNG and JPEG files, or of such folders, one for each class."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np

from pushforward.errors import DataError
from pushforward.images.images import Images, sized
from pushforward.text import excerpt, listed, refusal

SUFFIXES = (".png", ".jpg", ".jpeg")
OTHERS = (".bmp", ".gif", ".tif", ".tiff", ".webp", ".heic", ".avif")  # refused, not left out
FORMATS = ("PNG", "JPEG")  # Pillow's other decoders are never tried, whatever a file holds
_MODES = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}
# What Pillow's decoders give way with.
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError),
    *(OverflowError, MemoryError, struct.error, zlib.error),
)


def read_folder(folder: Path) -> Images:
    """The images in a folder, in the order of their names.

    Files end in .png, .jpg or .jpeg. Where there are none, the subfolders are the classes: each
    holds the images of one, and their names in order have the labels 0, 1, …. Hidden files, and
    files of other kinds than images, are left out. Palettes become red, green and blue;
    pixels stay where they are stored, whatever a photograph notes of how the camera was held.

    Raises:
        DataError: there is no image, or there are images beside subfolders; a file is damaged, not
            what its name says, of another size or number of channels than the first, has an alpha
            channel or more than 8 bits, or more pixels than `PIL.Image.MAX_IMAGE_PIXELS`.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name, gray in (("cats", 10), ("dogs", 20)):
        ...     (folder / name).mkdir()
        ...     Image.new("L", (4, 3), gray).save(folder / name / "0.png")
        >>> images = read_folder(folder)
        >>> images.pixels.shape, images.labels, images.classes
        ((2, 1, 3, 4), array([0, 1]), ('cats', 'dogs'))
    """
    files, labels, classes = _found(folder)
    first = read_picture(files[0])
    try:
        pixels = np.empty((len(files), *first.shape), np.uint8)
    except MemoryError as error:
        raise refusal(
            str(folder),
            f"{len(files):,} images of {sized(first.shape)} are too much for the memory.",
        ) from error
    for row, file in enumerate(files):
        image = read_picture(file)
        if image.shape != first.shape:
            raise refusal(
                str(file),
                f"it is {sized(image.shape)}, but {excerpt(files[0].name)} is "
                f"{sized(first.shape)}; bring all images to one size, and to gray or colour.",
            )
        pixels[row] = image
    return Images(pixels, str(folder), labels, classes=classes)


def _found(folder: Path) -> tuple[list[Path], np.ndarray | None, tuple[str, ...]]:
    """The files, with their labels and the labels' names where subfolders are the classes."""
    files, folders = _listed(folder)
    if files and folders:
        raise refusal(
            str(folder),
            f"it holds images beside the folders {listed([f.name for f in folders])}; put all "
            "images into folders, one for each class, or none.",
        )
    if not files and not folders:
        raise refusal(str(folder), "it holds no PNG or JPEG file.")
    if files:
        return files, None, ()
    by_class = [_listed(inner)[0] for inner in folders]
    for inner, found in zip(folders, by_class, strict=True):
        if not found:
            raise refusal(
                str(inner), "it holds no PNG or JPEG file; remove it, or give the folder above it."
            )
    labels = np.repeat(np.arange(len(folders), dtype=np.int64), [len(c) for c in by_class])
    every = [file for found in by_class for file in found]
    return every, labels, tuple(inner.name for inner in folders)


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Image files and subfolders that are not hidden, sorted by name."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise refusal(str(folder), f"it cannot be read ({error.strerror}).") from error
    for entry in entries:
        if entry.suffix.lower() in OTHERS and entry.is_file():
            raise refusal(str(entry), "only PNG and JPEG files are read; convert it, or remove it.")
    files = [e for e in entries if e.suffix.lower() in SUFFIXES and not e.is_dir()]
    return files, [e for e in entries if e.is_dir()]


def read_picture(file: Path) -> np.ndarray:
    """The pixels of one PNG or JPEG file, uint8 (channels, height, width).

    Raises:
        DataError: as `read_folder`.
    """
    from PIL import Image

    if not file.is_file():  # a pipe would be waited for
        raise refusal(str(file), "it is not a file.")
    try:
        with warnings.catch_warnings():
            # Pillow only warns of up to twice the pixels that it allows.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
            with open(file, "rb") as handle:
                with Image.open(handle, formats=FORMATS) as image:
                    mode = _mode(image.mode, "transparency" in image.info, file)
                    image.verify()  # the checksums of PNG, which decoding alone lets pass
                handle.seek(0)
                with Image.open(handle, formats=FORMATS) as image:
                    values = np.asarray(image.convert(mode))
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise refusal(
            str(file),
            f"it has more than the {Image.MAX_IMAGE_PIXELS:,} pixels allowed: refused.",
        ) from error
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or "not a PNG or JPEG image, or damaged"
        raise refusal(str(file), f"it cannot be read ({reason}); replace or remove it.") from error
    return values[None] if values.ndim == 2 else np.moveaxis(values, 2, 0)


def _mode(mode: str, transparent: bool, file: Path) -> str:
    """The mode to convert to."""
    if transparent or mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        raise refusal(
            str(file),
            "it has an alpha channel; lay it on a background first, or drop the channel by "
            "`image.convert('RGB')` of Pillow.",
        )
    if mode not in _MODES:
        raise refusal(
            str(file),
            f"its pixels are of the kind {mode}; convert it to gray or RGB of 8 bits a channel.",
        )
    return _MODES[mode]
