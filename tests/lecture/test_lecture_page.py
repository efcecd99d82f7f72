"""The page stands by itself, and what cannot be drawn is refused in a sentence."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pushforward.cli import app
from pushforward.errors import ConfigurationError, DataError
from pushforward.lecture import Row, draw
from pushforward.lecture.build import chosen
from pushforward.lecture.clouds import CLOUDS
from pushforward.lecture.pictures import mass
from pushforward.lecture.timing import cost, exponent

DRAWN = [2, 3, 12, 16]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lecture of a few rows."""
    target: Path = tmp_path_factory.mktemp("lecture") / "new" / "folder"
    draw(target, DRAWN)
    return target


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    """Its page."""
    return (folder / "lecture.html").read_text(encoding="utf-8")


def test_files_are_written(folder: Path) -> None:
    expected = {f"row-{n:02d}.{form}" for n in DRAWN for form in ("svg", "png")}
    assert {path.name for path in folder.iterdir()} == {*expected, "lecture.html"}
    assert (folder / "row-12.svg").read_bytes().startswith(b"<svg")
    assert (folder / "row-12.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_needs_nothing_else(page: str) -> None:
    for source in re.findall(r'src="([^"]*)"', page):
        assert source.startswith("data:image/")
    for link in re.findall(r'href="([^"]*)"', page):
        assert link.startswith("#row-")
    assert "<script" not in page
    assert "url(" not in page
    assert "@import" not in page
    assert not re.search(r"https?://", page)
    assert "default-src 'none'" in page


def test_every_row_is_there_with_its_parts(page: str, row_of: Callable[[int], Row]) -> None:
    for number in DRAWN:
        row = row_of(number)
        assert f'id="row-{number}"' in page
        assert f'href="#row-{number}"' in page
        for part in (row.title, row.claim, row.caption, row.alt, row.listing):
            assert html.escape(part) in page
    assert page.count("<figure>") == len(DRAWN)
    assert page.count('class="formula"') == len(DRAWN)
    assert all(alt.strip() for alt in re.findall(r'alt="([^"]*)"', page))
    assert page.count("<img") == len(re.findall(r'alt="', page))


def test_the_library_is_quoted(page: str) -> None:
    assert page.count("<blockquote>") == 4


def test_a_known_number_stands_beside_the_measured_one(page: str) -> None:
    assert "<td>density of X at 4</td><td>0.125</td><td>0.125</td>" in page


def test_the_same_page_twice(folder: Path, tmp_path: Path) -> None:
    draw(tmp_path, [12])
    for name in ("row-12.svg", "row-12.png"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_rows_are_told_as_they_are_done(tmp_path: Path) -> None:
    told: list[int] = []
    measured = draw(tmp_path, [13, 12, 12], lambda row: told.append(row.number))
    assert told == [12, 13]
    assert list(measured) == [12, 13]


@pytest.mark.parametrize(
    ("number", "words"),
    [(99, "no row 99; its rows are 1, 2"), (0, "no row 0")],
)
def test_an_unknown_row_is_refused(number: int, words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        chosen([12, number])


def test_the_command_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app(["lecture", "-o", str(tmp_path), "--row", "12"], standalone_mode=False)
    said = capsys.readouterr()
    assert "density of X at 4" in said.out
    assert "1 of 20 rows are in" in said.err
    assert (tmp_path / "lecture.html").exists()


def test_the_command_refuses_before_it_writes(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(ConfigurationError, match="no row 99"):
        app(["lecture", "-o", str(target), "--row", "99"], standalone_mode=False)
    assert not target.exists()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(DataError, match="is a file; give the name of a folder"):
        draw(file, [12])
    with pytest.raises(DataError, match="cannot be written"):
        draw(file / "below", [12])


@pytest.mark.parametrize("name", CLOUDS)
def test_the_clouds_are_what_they_say(name: str) -> None:
    cloud = CLOUDS[name]
    assert abs(mass(cloud.log_prob, 4.0) - 1) < 1e-4
    torch.manual_seed(0)
    points = cloud.sample(20_000)
    assert points.shape == (20_000, 2)
    assert (points.mean(0) - cloud.centres.mean(0)).abs().max() < 0.05
    # E log p over the samples against the integral of p·log p
    by_samples = cloud.log_prob(points).mean().item()
    weighted = mass(lambda x: cloud.log_prob(x) + (cloud.log_prob(x) + 50).clamp(min=0).log(), 4.0)
    assert abs(by_samples - (weighted - 50)) < 0.05


def test_a_slope_is_found() -> None:
    sizes = [1, 10, 100, 1000]
    slope, level = exponent(sizes, [1.0, 2.0, 2e3, 2e6], least=10)
    assert slope == pytest.approx(3.0)
    assert level == pytest.approx(2e-3)


def test_cost_keeps_the_number_of_threads() -> None:
    before = torch.get_num_threads()
    seconds = cost(lambda _: torch.linalg.slogdet, sizes=[2, 3])
    assert len(seconds) == 2
    assert all(s > 0 for s in seconds)
    assert torch.get_num_threads() == before


def test_a_folder_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(DataError, match="cannot be written"):
        draw(tmp_path, [12])
    assert list(tmp_path.iterdir()) == []
