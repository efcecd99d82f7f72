"""`data list` and `data get`: tables to Parquet or CSV, images to .npy."""

from __future__ import annotations

import numpy as np
import pytest

from pushforward.images import read_images


def test_the_list_shows_tables_and_images(pushforward, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = pushforward("data", "list")
    assert code == 0
    for name in ("gaia", "digits", "digits8", "mnist", "fashion_mnist", "1 x 28 x 28"):
        assert name in out


def test_images_become_an_array(pushforward, tmp_path):
    out = tmp_path / "d.npy"
    code, said, note = pushforward("data", "get", "digits8", "-o", out, "--part", "test")
    assert (code, said) == (0, "")
    assert "297 images of 1 x 8 x 8 (test), without their labels" in note
    assert "BSD-3-Clause" in note
    array = np.load(out)
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, read_images("digits8", "test").pixels)
    np.testing.assert_array_equal(read_images(out).pixels, array)


def test_a_draw_of_them(pushforward, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pushforward("data", "get", "digits8", "--rows", 5, "--seed", 3).code == 0
    expected = read_images("digits8", rows=5, seed=3).pixels
    np.testing.assert_array_equal(np.load("digits8.npy"), expected)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("digits8", "-o", "d.parquet"), r"d\.parquet: images are written as \.npy"),
        (("digits8", "-o", "-"), r"-: images are written as \.npy"),
        (("digits8", "-o", "there.npy"), r"there\.npy exists already"),
        (("digits8", "-o", "no/d.npy"), "no is not a folder"),
        (("digits8", "--rows", "1501"), "digits8 has 1,500 images to train; 1,501 were asked for"),
        (("digits8", "--part", "best"), "'best' is not one of"),
        (("iris", "--part", "test"), "iris is a table, which has no parts"),
        (("iris", "-o", "iris.npy"), r"iris\.npy: tables end in"),
    ],
)
def test_refusals_leave_nothing(arguments, said, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.npy").write_text("mine")
    refused(said, "data", "get", *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["there.npy"]
    assert (tmp_path / "there.npy").read_text() == "mine"
