"""The 8 x 8 digits that come inside scikit-learn, as images: nothing to fetch.

As a table, without labels, they are `digits`.
"""

from __future__ import annotations

from pushforward.datasets.image_set import ImageSet, Part, Pixels

TRAIN, TEST = 1_500, 297


def read(part: Part) -> Pixels:
    """The first 1,500 images of `sklearn.datasets.load_digits` (train), or the last 297 (test).

    Source: scikit-learn, BSD-3-Clause.

    Example:
        >>> read("test").images.shape
        (297, 1, 8, 8)
    """
    import numpy as np
    from sklearn.datasets import load_digits

    bunch = load_digits()
    rows = slice(TRAIN) if part == "train" else slice(TRAIN, None)
    images = bunch.images[rows, None].astype(np.uint8)
    return Pixels(images, bunch.target[rows].astype(np.int64))


ENTRIES = (
    ImageSet(
        name="digits8",
        summary=(
            "Handwritten digits of 8 x 8 gray pixels with values 0 to 16; the labels are the "
            "digits. The parts are cut here: scikit-learn has none."
        ),
        licence="BSD-3-Clause",
        shape=(1, 8, 8),
        levels=17,
        train=TRAIN,
        test=TEST,
        readers=(read,),
        credit="Alpaydin and Kaynak (1998)",
    ),
)
