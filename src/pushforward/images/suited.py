"""Are these images of the kind that a model is of?"""

from __future__ import annotations

from pushforward.images.images import Images, sized
from pushforward.storage import ImageRecord
from pushforward.text import refusal


def refuse_unsuited(images: Images, record: ImageRecord) -> None:
    """Refuse images that a model of `record` cannot take.

    Raises:
        DataError: of another shape or number of values, or without the labels that it needs.
    """
    if images.shape != record.shape:
        raise refusal(
            images.source,
            f"its images are {sized(images.shape)}, but the model is of {record.words()}.",
        )
    # A .npy file does not say that there are fewer levels than 256.
    unsaid = images.levels == 256 and images.pixels.max() < record.levels
    if images.levels != record.levels and not unsaid:
        raise refusal(
            images.source,
            f"its pixels have {images.levels} values from 0, but the model's {record.levels}.",
        )
    if not record.classes:
        return
    if images.labels is None:
        raise refusal(
            images.source,
            "it has no labels, and the model is conditioned on them; give a set by name, an "
            "IDX file with its labels beside, or a folder with one folder for each class.",
        )
    if images.labels.max() >= len(record.classes):
        raise refusal(
            images.source,
            f"a label is {images.labels.max()}, but the model knows {len(record.classes)} "
            "classes, from 0.",
        )


def classes_of(images: Images) -> list[str]:
    """What the classes of labelled images are called: their names, or the labels 0, 1, ….

    Raises:
        DataError: the images have no labels.
    """
    if images.labels is None:
        raise refusal(images.source, "it has no labels to be conditioned on.")
    return list(images.classes) or [str(k) for k in range(int(images.labels.max()) + 1)]
