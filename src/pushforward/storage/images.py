"""What a model's folder says of the images that the model is of, and how well it foretold some."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Size = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(max_length=200)]


class Bits(BaseModel):
    """-log₂ P of images for each number of theirs, bits/dim, over some images.

    Attributes:
        mean: bits/dim.
        error: the standard error of the mean; None of one image.
        median: bits/dim.
        images: how many they were.
        kind: "exact" where P is a probability; "bound" where log P was bounded from below by
            draws of noise, so that the bits are too many on average; else as a flow's `kind`.
        draws: of noise for each image, 1 where none is drawn.

    Example:
        >>> Bits(mean=1.25, error=0.01, median=1.2, images=500, kind="bound", draws=3).sentence()
        '1.2500 ± 0.0100 bits/dim (bound, 3 draws an image), median 1.2000, on 500 images'
    """

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")
    mean: float
    error: float | None
    median: float
    images: Size
    kind: Literal["exact", "numerical", "estimate", "bound"]
    draws: Size = 1

    @property
    def label(self) -> str:
        """What kind of number it is, in words."""
        if self.kind == "bound":
            return f"bound, {self.draws} draw{'s' if self.draws > 1 else ''}"
        return self.kind

    def sentence(self) -> str:
        """All of it in a line."""
        each = " an image" if self.kind == "bound" else ""
        images = f"{self.images:,} image{'s' if self.images > 1 else ''}"
        spread = "" if self.error is None else f" ± {self.error:.4f}"
        return (
            f"{self.mean:.4f}{spread} bits/dim ({self.label}{each}), "
            f"median {self.median:.4f}, on {images}"
        )


class ImageRecord(BaseModel):
    """The images that a flow models.

    Attributes:
        shape: channels, height, width.
        levels: how many values a pixel can have, from 0.
        classes: what the classes are called that the flow is conditioned on; none where it is not.
        heldout: its bits/dim on images that it was not trained on.
    """

    model_config = ConfigDict(extra="forbid")
    shape: tuple[Size, Size, Size]
    levels: Annotated[int, Field(ge=2, le=256)] = 256
    classes: list[Name] = Field(default_factory=list)
    heldout: Bits | None = None

    @model_validator(mode="after")
    def _refuse_what_cannot_be(self) -> ImageRecord:
        if self.shape[0] not in (1, 3):
            raise ValueError("images have one channel or three")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("two of its classes have one name")
        return self

    @property
    def numbers(self) -> int:
        """How many numbers an image is."""
        return math.prod(self.shape)

    def words(self) -> str:
        """What they are, for a person.

        Example:
            >>> ImageRecord(shape=(1, 28, 28), classes=["0", "1"]).words()
            'gray images of 28 x 28 (height, width), 256 values a pixel, given one of 2 classes'
        """
        colour = "gray" if self.shape[0] == 1 else "RGB"
        given = f", given one of {len(self.classes)} classes" if self.classes else ""
        return (
            f"{colour} images of {self.shape[1]} x {self.shape[2]} (height, width), "
            f"{self.levels} values a pixel{given}"
        )
