"""Fashion-MNIST: articles of clothing in the format and sizes of MNIST, from a Debian package."""

from __future__ import annotations

from pathlib import Path

from pushforward.datasets.archive import read_member
from pushforward.datasets.image_set import ImageSet, Part, Pixels
from pushforward.datasets.mnist import SIDE, from_idx
from pushforward.datasets.package import Package

_FILES = {"train": "train", "test": "t10k"}


def member(part: str, what: str) -> str:
    """The file of a part's "images-idx3" or "labels-idx1", inside the Debian package."""
    return f"./usr/share/datasets/fashion-mnist/{_FILES[part]}-{what}-ubyte.gz"


def read(package: Path, part: Part) -> Pixels:
    """A part out of the Debian package; raises `DataError` where that is not as it should be.

    Source: Debian dataset-fashion-mnist, MIT (there called Expat).
    """
    images, labels = member(part, "images-idx3"), member(part, "labels-idx1")
    return from_idx(read_member(package, images), read_member(package, labels), images, labels)


ENTRIES = (
    ImageSet(
        name="fashion_mnist",
        summary=(
            "Articles of clothing of 28 x 28 gray pixels; the labels are T-shirt, trouser, "
            "pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot, from 0."
        ),
        licence="MIT",
        shape=(1, SIDE, SIDE),
        levels=256,
        train=60_000,
        test=10_000,
        readers=(read,),
        packages=(
            Package(
                client="apt",
                name="dataset-fashion-mnist",
                version="0.0~git20200523.55506a9-1",
                filename="dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb",
                sha256="39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
            ),
        ),
        credit="Xiao, Rasul and Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747; Zalando SE",
    ),
)
