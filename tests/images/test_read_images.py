"""The entrance: what a name or a path is taken for, and the value that comes out."""

from __future__ import annotations

import gzip
import os

import numpy as np
import pytest

import pushforward as pf
from formats import idx
from pushforward.errors import DataError, ShapeError
from pushforward.images import Images, read_images

PIXELS = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
LABELS = np.array([7, 2, 1], np.uint8)


class TestNames:
    def test_both_parts(self):
        train, test = read_images("digits8"), pf.images.read_images("digits8", part="test")
        assert (len(train), len(test)) == (1_500, 297)
        assert (train.shape, train.levels) == ((1, 8, 8), 17)
        assert test.labels is not None
        assert test.labels.shape == (297,)
        assert test.source == "digits8 (test)"

    def test_a_folder_of_that_name_comes_first(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "digits8").mkdir()
        with pytest.raises(DataError, match=r"^digits8: it holds no PNG"):
            read_images("digits8")

    def test_a_table(self):
        with pytest.raises(DataError, match="iris is a table, not images"):
            read_images("iris")

    def test_an_unknown_name(self):
        with pytest.raises(DataError, match="no data set is named 'mnits'; did you mean 'mnist'"):
            read_images("mnits")

    def test_an_unknown_part(self):
        with pytest.raises(DataError, match="digits8 has the parts train and test, not 'best'"):
            read_images("digits8", part="best")

    def test_too_many_is_known_before_anything_is_fetched(self, monkeypatch):
        monkeypatch.setenv("PUSHFORWARD_CACHE", "/nowhere")
        with pytest.raises(DataError, match="mnist has 10,000 images to test; 10,001 were asked"):
            read_images("mnist", "test", rows=10_001)


class TestIdxFiles:
    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
    @pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "x-images.idx3-ubyte"])
    def test_with_the_labels_beside(self, name, pack, tmp_path):
        (tmp_path / name).write_bytes(pack(idx(PIXELS)))
        assert read_images(tmp_path / name).labels is None
        beside = name.replace("images", "labels").replace("idx3", "idx1")
        (tmp_path / beside).write_bytes(pack(idx(LABELS)))
        images = read_images(tmp_path / name)
        np.testing.assert_array_equal(images.pixels[:, 0], PIXELS)
        assert images.labels is not None
        assert (images.labels.dtype, images.labels.tolist()) == (np.int64, [7, 2, 1])

    def test_labels_of_others(self, tmp_path):
        (tmp_path / "a-images").write_bytes(idx(PIXELS))
        (tmp_path / "a-labels").write_bytes(idx(LABELS[:2]))
        with pytest.raises(DataError, match=r"a-labels: it has 2 labels for the 3 images of a-im"):
            read_images(tmp_path / "a-images")

    def test_damage_and_labels_alone(self, tmp_path, refused):
        path = tmp_path / "a"
        path.write_bytes(idx(PIXELS)[:-1])
        refused(path, "60 bytes, but 59 follow it")
        path.write_bytes(idx(LABELS))
        refused(path, "1 dimensions where 3 are wanted")
        path.write_bytes(idx(PIXELS, sizes=(10**9, 1000, 1)))
        refused(path, "but 60 follow it")


class TestRefusals:
    def test_nothing_there(self, tmp_path, refused):
        refused(tmp_path / "a.npy", "there is no such file; images are a folder of PNG")

    def test_one_image(self, tmp_path, refused):
        (tmp_path / "a.jpg").write_bytes(b"")
        refused(tmp_path / "a.jpg", "it is one image; give the folder")

    @pytest.mark.parametrize(
        "content", [b"", b"a,b\n1,2\n", b"PK\x03\x04", b"\x80\x02cos\nsystem\n"]
    )
    def test_a_file_of_something_else(self, content, tmp_path, refused):
        (tmp_path / "a.dat").write_bytes(content)
        refused(tmp_path / "a.dat", "it holds no images that can be read; images are")

    def test_a_pipe(self, tmp_path, refused):
        os.mkfifo(tmp_path / "a")
        refused(tmp_path / "a", "neither a file nor a folder")

    def test_a_part_of_a_file(self, tmp_path):
        np.save(tmp_path / "a.npy", PIXELS)
        with pytest.raises(DataError, match=r"a\.npy: only data sets by name have parts"):
            read_images(tmp_path / "a.npy", part="test")


class TestDraws:
    def test_the_seed_decides_and_a_smaller_draw_begins_a_larger_one(self):
        drawn = read_images("digits8", rows=20, seed=7)
        again, other = (read_images("digits8", rows=20, seed=seed) for seed in (7, 8))
        np.testing.assert_array_equal(drawn.pixels, again.pixels)
        assert (drawn.pixels != other.pixels).any()
        assert drawn.labels is not None
        few = read_images("digits8", rows=5, seed=7).labels
        np.testing.assert_array_equal(few, drawn.labels[:5])

    def test_labels_stay_with_their_images(self):
        whole, drawn = read_images("digits8"), read_images("digits8", rows=1_500)
        assert whole.labels is not None
        assert drawn.labels is not None
        key = [(p.tobytes(), y) for p, y in zip(whole.pixels, whole.labels, strict=True)]
        again = [(p.tobytes(), y) for p, y in zip(drawn.pixels, drawn.labels, strict=True)]
        assert key != again
        assert sorted(key) == sorted(again)

    def test_too_many_or_none(self, tmp_path):
        np.save(tmp_path / "a.npy", PIXELS)
        for rows in (0, 4):
            with pytest.raises(DataError, match=f"it has 3 images; {rows} were asked for"):
                read_images(tmp_path / "a.npy", rows=rows)
        with pytest.raises(DataError, match="the seed is -1"):
            read_images(tmp_path / "a.npy", rows=2, seed=-1)


class TestImages:
    def test_other_arrays(self):
        for wrong in (PIXELS, PIXELS[:, None].astype(float), np.zeros((1, 2, 3, 4), np.uint8)):
            with pytest.raises(ShapeError, match="give uint8"):
                Images(wrong, "some")
        for labels in (LABELS, np.zeros(4, np.int64), np.zeros((3, 1), np.int64)):
            with pytest.raises(ShapeError, match=r"give int64 \(3,\)"):
                Images(PIXELS[:, None], "some", labels)

    def test_more_than_the_levels(self):
        assert Images(PIXELS[:, None], "some", levels=60).levels == 60
        with pytest.raises(DataError, match="some: a pixel is 59, but there are 59 levels"):
            Images(PIXELS[:, None], "some", levels=59)
