"""Every row's code runs as it is shown, and its numbers are what theory says."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import torch
from PIL import Image

from pushforward.errors import ShapeError
from pushforward.lecture import ROWS, Row, timing
from pushforward.lecture.row import Number, Result, digits
from pushforward.lecture.rows import cost
from pushforward.pages.theme import render

LENGTHY = (6, 7, 20)
PROMISED = {*range(1, 21)}

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))


@pytest.fixture(autouse=True)
def small_sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 20 measures small sizes, but for the slow tests."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(timing, "SIZES", [2, 4, 8])
        monkeypatch.setattr(timing, "BUDGET", 0.01)
        monkeypatch.setattr(cost, "LEAST", 2)


def test_the_lecture_is_whole_and_in_order() -> None:
    numbers = [row.number for row in ROWS]
    assert numbers == sorted(numbers)
    assert set(numbers) == PROMISED


@every_row
def test_a_listing_is_short_and_not_wrapped(row: Row) -> None:
    lines = [line for line in row.listing.splitlines() if line.strip()]
    assert 1 <= len(lines) <= 7
    for line in lines:
        code = line.split("  #")[0].rstrip()
        assert len(line) <= 96
        assert not code.endswith(("(", "[", "{", ",")), "ruff wrapped this listing"


@every_row
def test_words_are_there(row: Row) -> None:
    for words in (row.title, row.claim, row.formula, row.alt, row.caption):
        assert words
        assert words == words.strip()
    assert "  " not in row.claim + row.caption + row.alt + row.more
    assert row.claim.endswith(".")
    assert row.alt.endswith(".")


@pytest.mark.parametrize("number", sorted(PROMISED - set(LENGTHY)))
def test_numbers_hold(
    number: int, result_of: Callable[[int], Result], row_of: Callable[[int], Row]
) -> None:
    result = result_of(number)
    with torch.no_grad():
        numbers = row_of(number).numbers(result)
    assert numbers
    for found in numbers:
        assert found.holds, found


@every_row
def test_a_figure_is_drawn(row: Row, result_of: Callable[[int], Result]) -> None:
    result = result_of(row.number)
    with torch.no_grad():
        data = render(lambda sheet: row.draw(sheet, result), *row.size, "png", True)
    picture = Image.open(io.BytesIO(data)).convert("L")
    assert abs(picture.width / picture.height - row.size[0] / row.size[1]) < 0.05
    low, high = picture.getextrema()
    assert low < 90 < 240 < high  # ink on paper


def test_shapes_that_do_not_fit_are_refused_by_name(
    result_of: Callable[[int], Result], row_of: Callable[[int], Row]
) -> None:
    said = row_of(2).says(result_of(2))
    assert len(said) == 2
    assert "(2,)" in said[0]
    assert "(5, 3)" in said[0]
    assert "2 features" in said[1]
    assert "(3,)" in said[1]


def test_maps_that_are_no_bijections_are_refused(
    result_of: Callable[[int], Result], row_of: Callable[[int], Row]
) -> None:
    folds, flattens = row_of(3).says(result_of(3))
    assert "not monotone" in folds
    assert "(2, 5)" in flattens
    assert "R^5 → R^2" in flattens


def test_each_step_has_a_density(result_of: Callable[[int], Result]) -> None:
    result = result_of(4)
    for k, step in enumerate(result.steps):
        direct = result.flow.upto(k).log_prob(step.value)
        assert (direct - step.log_prob).abs().median() < 1e-4


def test_the_first_term_gives_way_to_the_second(result_of: Callable[[int], Result]) -> None:
    terms = torch.tensor(result_of(11).terms)
    assert terms[-1, 0] > terms[0, 0]
    assert terms[-1, 1] < terms[0, 1] - 5
    assert terms[-1].sum() < terms[0].sum() - 5


def test_the_way_through_latents_keeps_to_the_data(
    result_of: Callable[[int], Result], row_of: Callable[[int], Row]
) -> None:
    by_name = {n.what: n.measured for n in row_of(19).numbers(result_of(19))}
    through = by_name["least true log p on the way through z"]
    assert through > by_name["least true log p on the straight way"] + 5


def test_untrained_planar_maps_are_the_same_each_time() -> None:
    from pushforward.lecture.planar_maps import random_planar

    z = torch.randn(5, 2)
    one, two = (random_planar("Gaussian", 10).decode(z) for _ in range(2))
    assert one.equal(two)
    assert not one.equal(z)


@pytest.mark.slow
def test_more_planar_maps_come_nearer(
    row_of: Callable[[int], Row], executed: Callable[..., Result]
) -> None:
    kl = executed(row_of(6), smaller=False).kl
    for base in ("Gaussian", "uniform"):
        values = [kl[base, m] for m in (0, 1, 2, 10)]
        assert values == sorted(values, reverse=True)
        assert values[-1] < 0.3


@pytest.mark.slow
def test_families_come_near_the_truth(
    row_of: Callable[[int], Row], executed: Callable[..., Result]
) -> None:
    row = row_of(7)
    result = executed(row, smaller=False)
    with torch.no_grad():
        found = {n.what: n.measured for n in row.numbers(result)}
    for cloud in ("two moons", "two rings", "eight Gaussians"):
        before = found[f"KL(p‖q), {cloud}, before"]
        for family in ("realnvp", "maf", "nsf"):
            assert found[f"KL(p‖q), {cloud}, {family}"] < before
        assert found[f"KL(p‖q), {cloud}, nsf"] < 0.15


@pytest.mark.slow
def test_costs_rise_as_theory_says(
    row_of: Callable[[int], Row], executed: Callable[..., Result]
) -> None:
    row = row_of(20)
    for found in row.numbers(executed(row, smaller=False)):
        assert found.holds, found


def test_a_number_is_shown_as_it_reads_best() -> None:
    assert Number("x", -1.0, 0.0).shown == "−1"
    assert digits(float("-inf")) == "−∞"
    assert digits(123456.7) == "123457"
    assert digits(3.2e-7) == "3.2·10⁻⁷"
    assert Number("x", 1.0).shown_known == "–"
    assert not Number("x", 1.0, 1.1).holds
    assert not Number("x", float("nan"), 1.0).holds


def test_running_a_row_leaves_the_callers_random_numbers_alone(
    row_of: Callable[[int], Row],
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    row_of(5).run()
    assert torch.get_num_threads() == threads
    assert torch.rand(3).equal(expected)


def test_a_row_is_the_same_twice(row_of: Callable[[int], Row]) -> None:
    assert row_of(2).run().x.equal(row_of(2).run().x)


def test_row_2_refuses_with_the_errors_of_the_library(result_of: Callable[[int], Result]) -> None:
    result = result_of(2)
    with pytest.raises(ShapeError):
        result.flow.log_prob(result.points_of_three)
    with pytest.raises(ShapeError):
        type(result.flow)(type(result.flow.base)(3), [result.turn])
