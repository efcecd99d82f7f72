"""IDX files: read where every byte is accounted for, refused by name where not."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from formats import idx as made
from pushforward.datasets import idx
from pushforward.datasets.idx import read_idx
from pushforward.errors import DataError

PIXELS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_bytes_come_back_from_memory_and_from_a_file(pack, tmp_path):
    content = pack(made(PIXELS))
    (tmp_path / "images").write_bytes(content)
    for given in (content, tmp_path / "images"):
        array = read_idx(given, "images", 3)
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, PIXELS)


def test_no_images_at_all():
    assert read_idx(made(PIXELS[:0]), "images", 3).shape == (0, 3, 4)


REFUSED = {
    "nothing": (b"", "it is not an IDX file"),
    "another format": (b"\x89PNG\r\n\x1a\n" + bytes(40), "it is not an IDX file"),
    "a lost header": (made(PIXELS)[:9], "it ends within its header"),
    "labels": (made(PIXELS.ravel()), "its array has 1 dimensions where 3 are wanted"),
    "two hundred dimensions": (b"\0\0\x08\xc8" + bytes(800), "its array has 200 dimensions"),
    "floats": (made(PIXELS, code=0x0D), "the code 0x0d"),
    "a byte too few": (made(PIXELS)[:-1], "2 x 3 x 4, which is 24 bytes, but 23 follow"),
    "a byte too many": (made(PIXELS) + b"x", "24 bytes, but 25 or more follow"),
    "a billion images": (
        made(PIXELS, sizes=(10**9, 1000, 1000)),
        "1,000,000,000 x 1,000 x 1,000, which is .* bytes, but 24 follow",
    ),
    "all the sizes there are": (made(PIXELS, sizes=(2**32 - 1,) * 3), "but 24 follow"),
}


@pytest.mark.parametrize(("content", "said"), REFUSED.values(), ids=REFUSED)
def test_refusals_name_the_file(content, said, tmp_path):
    (tmp_path / "images").write_bytes(content)
    for given in (content, tmp_path / "images"):
        with pytest.raises(DataError, match=rf"^some\\n/images: .*({said})") as refusal:
            read_idx(given, "some\n/images", 3)
        assert str(refusal.value).isprintable()


class TestGzipped:
    def test_too_few_or_too_many_bytes(self):
        with pytest.raises(DataError, match="but 23 follow"):
            read_idx(gzip.compress(made(PIXELS)[:-1]), "images", 3)
        with pytest.raises(DataError, match="but 25 or more follow"):
            read_idx(gzip.compress(made(PIXELS) + bytes(10**6)), "images", 3)

    def test_more_promised_than_is_allowed(self):
        packed = gzip.compress(made(PIXELS, sizes=(10**6, 1000, 1000)))
        with pytest.raises(DataError, match="more than the 4,294,967,296 bytes allowed"):
            read_idx(packed, "images", 3)

    def test_a_bomb_is_unpacked_no_further_than_allowed(self, monkeypatch):
        monkeypatch.setattr(idx, "LIMIT", 1 << 20)
        honest = gzip.compress(made(np.zeros((1, 1 << 10, 1 << 10), np.uint8)))
        assert read_idx(honest, "images", 3).shape == (1, 1 << 10, 1 << 10)
        with pytest.raises(DataError, match="bytes allowed"):
            read_idx(gzip.compress(made(np.zeros((2, 1 << 10, 1 << 10), np.uint8))), "images", 3)

    @pytest.mark.parametrize("keep", [2, 10, 20, -1, -8])
    def test_cut_short(self, keep):
        with pytest.raises(DataError, match=r"cannot be read|not an IDX file|within its header"):
            read_idx(gzip.compress(made(PIXELS))[:keep], "images", 3)

    def test_a_wrong_checksum(self):
        packed = bytearray(gzip.compress(made(PIXELS)))
        packed[-6] ^= 1
        with pytest.raises(DataError, match="cannot be read"):
            read_idx(bytes(packed), "images", 3)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="images: it cannot be read"):
        read_idx(tmp_path / "images", "images", 3)
