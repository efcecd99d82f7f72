"""Folders of PNG and JPEG files, hostile ones among them."""

from __future__ import annotations

import io
import os
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from formats import png
from pushforward.errors import DataError
from pushforward.images import read_images

rng = np.random.default_rng(0)
GRAY = rng.integers(256, size=(6, 8), dtype=np.uint8)
COLOUR = rng.integers(256, size=(6, 8, 3), dtype=np.uint8)


def save(path, array, mode=None, **options):
    image = Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(path, **options)


def test_png_files_in_the_order_of_their_names(tmp_path):
    for name in ("b.png", "a.PNG", "c.png"):
        save(tmp_path / name, GRAY + ord(name[0].lower()), format="PNG")
    (tmp_path / ".hidden.png").write_text("left out")
    (tmp_path / "notes.txt").write_text("left out")
    images = read_images(tmp_path)
    np.testing.assert_array_equal(images.pixels[:, 0], [GRAY + ord(letter) for letter in "abc"])
    assert (images.labels, images.levels, images.classes) == (None, 256, ())
    assert images.source == str(tmp_path)


def test_colours(tmp_path):
    save(tmp_path / "a.png", COLOUR)
    np.testing.assert_array_equal(read_images(tmp_path).pixels[0], np.moveaxis(COLOUR, 2, 0))


@pytest.mark.parametrize(("array", "channels"), [(GRAY, 1), (COLOUR, 3)])
def test_jpeg_is_what_pillow_decodes(array, channels, tmp_path):
    save(tmp_path / "a.jpeg", array)
    save(tmp_path / "b.jpg", array)
    images = read_images(tmp_path)
    assert images.shape == (channels, 6, 8)
    with Image.open(tmp_path / "a.jpeg") as decoded:
        plain = np.asarray(decoded).reshape(6, 8, channels)
    np.testing.assert_array_equal(images.pixels[0], np.moveaxis(plain, 2, 0))


def test_one_bit_is_black_and_white_and_a_palette_is_colour(tmp_path):
    (tmp_path / "bits").mkdir()
    (tmp_path / "palette").mkdir()
    save(tmp_path / "bits" / "a.png", GRAY, "1")
    assert set(np.unique(read_images(tmp_path / "bits").pixels)) == {0, 255}
    save(tmp_path / "palette" / "a.png", COLOUR, "P")
    assert read_images(tmp_path / "palette").shape == (3, 6, 8)


def test_subfolders_are_classes(tmp_path):
    for name, count in (("zebra", 1), ("ant", 2), (".git", 0)):
        (tmp_path / name).mkdir()
        for k in range(count):
            save(tmp_path / name / f"{k}.png", GRAY + k)
    images = read_images(tmp_path)
    assert images.classes == ("ant", "zebra")
    assert images.labels is not None
    assert (images.labels.dtype, images.labels.tolist()) == (np.int64, [0, 0, 1])
    np.testing.assert_array_equal(images.pixels[:, 0], [GRAY, GRAY + 1, GRAY])


class TestRefusals:
    @pytest.fixture
    def folder(self, tmp_path):
        save(tmp_path / "a.png", GRAY)
        return tmp_path

    def test_no_images(self, tmp_path, refused):
        refused(tmp_path, "it holds no PNG or JPEG file")
        (tmp_path / "empty").mkdir()
        refused(tmp_path, "it holds no PNG or JPEG file; remove it", tmp_path / "empty")

    def test_images_beside_classes(self, folder, refused):
        (folder / "more").mkdir()
        refused(folder, "images beside the folders 'more'")

    @pytest.mark.parametrize("name", ["b.gif", "b.webp", "b.TIFF"])
    def test_other_kinds_of_images_are_not_left_out_silently(self, folder, refused, name):
        (folder / name).write_bytes(b"")
        refused(folder, "only PNG and JPEG files are read; convert it", folder / name)

    def test_another_size(self, folder, refused):
        save(folder / "b.png", GRAY.T)
        said = r"gray of 8 x 6 \(height, width\), but 'a\.png' is gray of 6 x 8"
        refused(folder, said, folder / "b.png")

    def test_gray_and_colour(self, folder, refused):
        save(folder / "b.png", COLOUR)
        refused(folder, "it is RGB of 6 x 8", folder / "b.png")

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_alpha(self, folder, refused, mode):
        save(folder / "b.png", COLOUR, mode)
        refused(folder, "it has an alpha channel; lay it on a background", folder / "b.png")

    @pytest.mark.parametrize("mode", ["L", "RGB", "P"])
    def test_a_colour_that_is_transparent(self, folder, refused, mode):
        transparency = (0, 0, 0) if mode == "RGB" else 0
        save(folder / "b.png", COLOUR, mode, transparency=transparency)
        refused(folder, "alpha channel", folder / "b.png")

    def test_sixteen_bits(self, folder, refused):
        save(folder / "b.png", GRAY.astype(np.uint16) * 257)
        refused(folder, "pixels are of the kind I;16; convert it to gray", folder / "b.png")

    def test_inks(self, folder, refused):
        save(folder / "b.jpg", COLOUR, "CMYK")
        refused(folder, "of the kind CMYK", folder / "b.jpg")

    @pytest.mark.parametrize("content", [b"", b"hello", b"GIF89a" + bytes(99), bytes(999)])
    def test_not_an_image(self, folder, refused, content):
        (folder / "b.png").write_bytes(content)
        refused(folder, r"cannot be read \(not a PNG or JPEG image", folder / "b.png")

    def test_another_decoder_of_pillow_is_not_tried(self, folder, refused):
        save(folder / "b.png", COLOUR, format="BMP")
        refused(folder, "not a PNG or JPEG image", folder / "b.png")

    @pytest.mark.parametrize("name", ["b.png", "b.jpg"])
    @pytest.mark.parametrize("keep", [10, 60, -20])
    def test_cut_short(self, folder, refused, name, keep):
        save(folder / name, rng.integers(256, size=(6, 8), dtype=np.uint8))
        (folder / name).write_bytes((folder / name).read_bytes()[:keep])
        refused(folder, "cannot be read", folder / name)

    @pytest.mark.parametrize("pixels", [90_000_000, 2_000_000_000, 2**62])
    def test_a_bomb_is_known_by_its_header(self, tmp_path, refused, pixels):
        # Pillow allows some 89 million, warns up to twice as many, and only then refuses.
        width = min(pixels, 2**31 - 1)
        (tmp_path / "b.png").write_bytes(png(width, pixels // width))
        refused(tmp_path, r"more than the [\d,]+ pixels allowed", tmp_path / "b.png")

    def test_who_allows_fewer_pixels_is_obeyed(self, folder, refused, monkeypatch):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 47)
        refused(folder, "more than the 47 pixels allowed", folder / "a.png")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        assert len(read_images(folder)) == 1

    def test_a_flipped_bit(self, folder, refused):
        content = bytearray((folder / "a.png").read_bytes())
        content[-20] ^= 1  # in the packed rows, or their checksum
        (folder / "a.png").write_bytes(content)
        refused(folder, "cannot be read", folder / "a.png")

    def test_a_pipe_is_not_waited_for(self, folder, refused):
        os.mkfifo(folder / "b.png")
        refused(folder, "it is not a file", folder / "b.png")

    def test_a_name_that_would_act_in_a_terminal(self, tmp_path):
        (tmp_path / "\x1b[31m\n.png").write_bytes(b"hello")
        with pytest.raises(DataError) as refusal:
            read_images(tmp_path)
        assert str(refusal.value).isprintable()


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_any_damage_is_refused_or_harmless(name, tmp_path):
    packed = io.BytesIO()
    save(packed, COLOUR, format="PNG" if name == "a.png" else "JPEG")
    good, noise = packed.getvalue(), np.random.default_rng(1)
    for _ in range(400):
        bad = bytearray(good)
        for at in noise.integers(len(bad), size=noise.integers(1, 6)):
            bad[at] = noise.integers(256)
        (tmp_path / name).write_bytes(bad)
        with suppress(DataError):  # any other error fails the test
            assert read_images(tmp_path).pixels.dtype == np.uint8
