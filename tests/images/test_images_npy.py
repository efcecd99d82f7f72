""".npy files: three layouts, three kinds of numbers, and no Python objects."""

from __future__ import annotations

import io
import os
from contextlib import suppress

import numpy as np
import pytest

from formats import program, string
from pushforward.errors import DataError
from pushforward.images import Images, read_images, write_images

GRAY = np.arange(5 * 4 * 6, dtype=np.uint8).reshape(5, 4, 6)
COLOUR = np.arange(5 * 4 * 6 * 3, dtype=np.uint32).reshape(5, 4, 6, 3).astype(np.uint8)


def saved(path, array):
    np.save(path / "i.npy", array)
    return path / "i.npy"


def header(text: str, content: bytes = b"") -> bytes:
    """A file whose header says what it likes, of any length."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin-1") + content


def described(descr="'|u1'", fortran="False", shape="(2, 3, 4)", content=bytes(24)) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"
    return header(text, content)


@pytest.mark.parametrize(
    ("array", "pixels"),
    [
        (GRAY, GRAY[:, None]),
        (GRAY[:, None], GRAY[:, None]),
        (GRAY[..., None], GRAY[:, None]),
        (COLOUR, np.moveaxis(COLOUR, 3, 1)),
        (np.moveaxis(COLOUR, 3, 1), np.moveaxis(COLOUR, 3, 1)),
        (np.asfortranarray(COLOUR), np.moveaxis(COLOUR, 3, 1)),
        (np.zeros((2, 3, 5, 3), np.uint8), np.zeros((2, 3, 5, 3), np.uint8)),
    ],
    ids=["n h w", "n 1 h w", "n h w 1", "n h w 3", "n 3 h w", "columns first", "either"],
)
def test_layouts(array, pixels, tmp_path):
    images = read_images(saved(tmp_path, array))
    assert images.pixels.dtype == np.uint8
    np.testing.assert_array_equal(images.pixels, pixels)
    assert (images.labels, images.levels) == (None, 256)
    assert not isinstance(images.pixels, np.memmap)


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8"])
def test_floats_come_back_as_the_levels_that_they_were(dtype, tmp_path):
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    images = read_images(saved(tmp_path, (levels / 255).astype(dtype)))
    np.testing.assert_array_equal(images.pixels[:, 0], levels)


def test_more_images_than_are_turned_at_once(tmp_path):
    levels = np.random.default_rng(0).integers(256, size=(2_500, 2, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_images(saved(tmp_path, levels / 255)).pixels[:, 0], levels)


def test_booleans_have_two_levels(tmp_path):
    images = read_images(saved(tmp_path, GRAY % 2 == 1))
    assert images.levels == 2
    np.testing.assert_array_equal(images.pixels[:, 0], GRAY % 2)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((3, 4)), r"its shape is \(3, 4\); give \(n, height, width\)"),
        (np.zeros((3, 5, 4, 2)), r"its shape is \(3, 5, 4, 2\)"),
        (np.zeros((3, 4, 6, 4), np.uint8), "an alpha channel is left out first"),
        (np.zeros((3, 4, 6, 6), np.uint8), "an alpha channel is left out first"),
        (np.uint8(3), r"its shape is \(\)"),
        (GRAY[:0], r"\(0, 4, 6\): there is no pixel"),
        (GRAY[:, :0], r"\(5, 0, 6\): there is no pixel"),
        (GRAY.astype(np.int64), "its numbers are 'int64'; give uint8"),
        (GRAY.astype(np.uint16), "'uint16'"),
        (GRAY.astype(complex), "'complex128'"),
        (np.full((2, 3, 4), "a"), "'<U1'"),
        (np.zeros((2, 3, 4), "M8[s]"), "datetime64"),
        (np.zeros((2, 3, 4), [("a", "u1")]), "its numbers are"),
    ],
)
def test_other_shapes_and_numbers(array, said, tmp_path, refused):
    refused(saved(tmp_path, array), said)


@pytest.mark.parametrize("value", [1.0000001, -1e-9, 255.0, np.nan, np.inf, -np.inf])
def test_floats_out_of_range_are_placed(value, tmp_path, refused):
    array = np.zeros((2_000, 3, 4))
    array[1_500, 2, 3] = value
    refused(saved(tmp_path, array), rf"image 1500 \(counted from 0\) holds {value}")


# A pickle that runs a command for whoever unpickles it, as its bare instructions.
EVIL = program(b"cos\nsystem\n", string(b"exit 1"), b"\x85R")


def test_objects_are_refused_and_never_unpickled(tmp_path, refused, monkeypatch):
    monkeypatch.setattr(os, "system", lambda _: pytest.fail("a command was run"))
    packed = io.BytesIO()
    np.savez(packed, a=GRAY)
    objects, others = (
        "it holds Python objects, which are never unpickled",
        r"it is not a \.npy file",
    )
    for content, said in (
        (described("'|O'", shape="(1, 1, 1)", content=EVIL), objects),
        (described("[('a', '|O'), ('b', '|u1')]", shape="(1, 1, 1)", content=EVIL), objects),
        (EVIL, others),
        (packed.getvalue(), others),
    ):
        (tmp_path / "i.npy").write_bytes(content)
        refused(tmp_path / "i.npy", said)


DAMAGED = {
    "nothing": b"",
    "the magic alone": b"\x93NUMPY",
    "an unknown version": b"\x93NUMPY\x09\x00" + bytes(200),
    "cut in its header": described()[:30],
    "cut in its content": described(content=bytes(23)),
    "two arrays": described(content=bytes(48)),
    "10^12 images": described(shape="(1000000000000, 28, 28)"),
    "more than a number holds": described(shape="(9999999999999999999999, 28, 28)"),
    "sizes that overflow": described(shape="(4294967296, 4294967296, 4)"),
    "less than none": described(shape="(-2, -3, 4)"),
    "no tuple": described(shape="24"),
    "a sum": described(shape="(1 + 1, 3, 4)"),
    "a call": described(shape="__import__('os').system('exit 1')"),
    "no type": described(descr="'zz'"),
    "a type that nests": described(descr="[" * 50 + "]" * 50),
    "a tower of brackets": header("(" * 5_000),
    "a long header": header("{" + " " * 60_000 + "}"),
    "no dictionary": header("[]\n"),
    "control characters": header("{'\x1b[31m': '\n'}\n"),
    "another key": header("{'descr': '|u1', 'shape': (1,), 'fortran_order': False, 'x': 1}\n"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damage(content, tmp_path, refused):
    (tmp_path / "i.npy").write_bytes(content)
    refused(tmp_path / "i.npy", r"damaged|bytes, but \d+ follow|not a \.npy file")


def test_any_damage_is_refused_or_harmless(tmp_path):
    path = saved(tmp_path, GRAY)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(500):
        bad = bytearray(good)
        for at in rng.integers(128, size=rng.integers(1, 4)):
            bad[at] = rng.integers(256)
        path.write_bytes(bad)
        with suppress(DataError):  # any other error fails the test
            assert read_images(path).pixels.dtype == np.uint8


class TestWriting:
    def test_it_comes_back(self, tmp_path):
        images = Images(np.moveaxis(COLOUR, 3, 1), "colours")
        write_images(images, tmp_path / "o.npy")
        np.testing.assert_array_equal(read_images(tmp_path / "o.npy").pixels, images.pixels)

    def test_nothing_is_replaced_unasked(self, tmp_path):
        images = Images(GRAY[:, None], "grays")
        (tmp_path / "o.npy").write_text("mine")
        with pytest.raises(DataError, match="exists already"):
            write_images(images, tmp_path / "o.npy")
        write_images(images, tmp_path / "o.npy", force=True)
        assert [p.name for p in tmp_path.iterdir()] == ["o.npy"]

    def test_another_ending(self, tmp_path):
        with pytest.raises(DataError, match=r"o\.png: images are written as \.npy"):
            write_images(Images(GRAY[:, None], "grays"), tmp_path / "o.png")
