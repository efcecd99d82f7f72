"""A set of images of one size, in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pushforward.errors import ShapeError
from pushforward.text import refusal

CHANNELS = (1, 3)  # gray, or red, green and blue


def sized(shape: tuple[int, ...]) -> str:
    """The shape (C, H, W) of an image, in words.

    Example:
        >>> sized((1, 28, 28))
        'gray of 28 x 28 (height, width)'
    """
    channels, height, width = shape
    return f"{'gray' if channels == 1 else 'RGB'} of {height} x {width} (height, width)"


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one size, with one label each or none.

    Attributes:
        pixels: uint8 (n, channels, height, width), n at least 1, with one channel or three.
        source: where they came from, for messages.
        labels: int64 (n), or None.
        levels: how many values a pixel can have: 0 to levels - 1.
        classes: what the labels 0, 1, … are called, where that is known.

    Raises:
        ShapeError: pixels or labels of another shape or dtype.
        DataError: there is no image, or a pixel is not below `levels`.

    Example:
        >>> Images(np.zeros((5, 1, 8, 8), np.uint8), "zeros").shape
        (1, 8, 8)
    """

    pixels: np.ndarray
    source: str
    labels: np.ndarray | None = None
    levels: int = 256
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        pixels, labels = self.pixels, self.labels
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1] not in CHANNELS:
            raise ShapeError(
                f"pixels are {pixels.dtype} {pixels.shape}; give uint8 (n, channels, height, "
                "width) with one channel or three."
            )
        if labels is not None and (labels.dtype != np.int64 or labels.shape != pixels.shape[:1]):
            raise ShapeError(
                f"labels are {labels.dtype} {labels.shape}; give int64 ({len(pixels)},), one for "
                "each image."
            )
        if not pixels.size:
            raise refusal(self.source, f"its shape is {pixels.shape}: there is no pixel.")
        if self.levels < 256 and pixels.max() >= self.levels:
            raise refusal(
                self.source,
                f"a pixel is {pixels.max()}, but there are {self.levels} levels, from 0.",
            )

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one image: channels, height, width."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    def draw(self, rows: int, seed: int = 0) -> Images:
        """Images drawn at random, without replacement.

        With one seed, a smaller draw is the beginning of a larger one.

        Raises:
            DataError: there are not so many images, or none was asked for, or the seed is negative.

        Example:
            >>> Images(np.zeros((5, 1, 8, 8), np.uint8), "zeros").draw(2).pixels.shape
            (2, 1, 8, 8)
        """
        if not 1 <= rows <= len(self):
            raise refusal(self.source, f"it has {len(self):,} images; {rows:,} were asked for.")
        if seed < 0:
            raise refusal(self.source, f"the seed is {seed}; give 0 or a greater whole number.")
        return self.take(np.random.default_rng(seed).permutation(len(self))[:rows])

    def take(self, index: np.ndarray) -> Images:
        """The images of that index (m), one at least, in its order, with their labels."""
        labels = None if self.labels is None else self.labels[index]
        return replace(self, pixels=self.pixels[index], labels=labels)
