"""Fetching: verified, cached, mended, and safe where two do it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pushforward import files
from pushforward.datasets.cache import cache_folder
from pushforward.datasets.fetch import fetch, fetch_first
from pushforward.errors import DataError


def test_fetched_once_and_then_taken_from_the_cache(shop, cache):
    first, second = fetch(shop.package), fetch(shop.package)
    assert first == second == cache / shop.package.filename
    assert first.read_bytes() == shop.file.read_bytes()
    assert shop.visits == 1


def test_a_wrong_hash_is_refused_with_both_hashes_and_nothing_is_kept(shop, cache):
    expected = "0" * 64
    with pytest.raises(DataError) as refusal:
        fetch(replace(shop.package, sha256=expected))
    assert expected in str(refusal.value)
    assert shop.package.sha256 in str(refusal.value)
    assert list(cache.iterdir()) == []


class TestOneOfSeveral:
    def test_the_first_that_can_be_had(self, shop):
        broken = replace(shop.package, filename="other.whl", sha256="0" * 64)
        which, kept = fetch_first([broken, shop.package])
        assert (which, kept.name) == (1, shop.package.filename)

    def test_what_the_cache_holds_comes_before_what_must_be_fetched(self, shop):
        fetch(shop.package)
        other = replace(shop.package, filename="other.whl")
        assert fetch_first([other, shop.package])[0] == 1
        assert shop.visits == 1

    def test_none_and_the_reasons_of_all(self, shop):
        broken = [replace(shop.package, sha256=digit * 64) for digit in "01"]
        with pytest.raises(DataError, match=r"0{64} is recorded.* 1{64} is recorded"):
            fetch_first(broken)


@pytest.mark.parametrize("damage", [b"", b"something else"])
def test_a_damaged_cache_is_fetched_anew(shop, damage):
    kept = fetch(shop.package)
    kept.write_bytes(damage)
    assert fetch(shop.package).read_bytes() == shop.file.read_bytes()
    assert shop.visits == 2


def test_a_file_put_into_the_cache_by_hand_is_used(shop, cache):
    cache.mkdir()
    (cache / shop.package.filename).write_bytes(shop.file.read_bytes())
    fetch(shop.package)
    assert shop.visits == 0


def test_many_at_once_all_get_the_whole_file(shop, cache):
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(fetch, [shop.package] * 16))
    assert {files.sha256(path) for path in paths} == {shop.package.sha256}
    assert [path.name for path in cache.iterdir()] == [shop.package.filename]


def test_a_cache_that_cannot_be_made_says_what_to_set(shop, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("PUSHFORWARD_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match="set PUSHFORWARD_CACHE"):
        fetch(shop.package)


class TestCacheFolder:
    def test_own_variable_first(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        assert cache_folder() == tmp_path / "cache"

    def test_then_xdg(self, monkeypatch, tmp_path):
        monkeypatch.delenv("PUSHFORWARD_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache_folder() == tmp_path / "pushforward"

    @pytest.mark.parametrize("xdg", ["", "relative/path"])
    def test_else_the_usual_place(self, monkeypatch, tmp_path, xdg):
        monkeypatch.setenv("PUSHFORWARD_CACHE", "")
        monkeypatch.setenv("XDG_CACHE_HOME", xdg)
        monkeypatch.setattr("sys.platform", "linux")
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
        assert cache_folder() == tmp_path / ".cache" / "pushforward"
        monkeypatch.setattr("sys.platform", "darwin")
        assert cache_folder() == tmp_path / "Library" / "Caches" / "pushforward"

    def test_no_home(self, monkeypatch):
        def homeless():
            raise RuntimeError

        monkeypatch.delenv("PUSHFORWARD_CACHE")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setattr(Path, "home", homeless)
        with pytest.raises(DataError, match="PUSHFORWARD_CACHE"):
            cache_folder()
