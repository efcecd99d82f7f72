"""Cells written in several ways, or nearly something else: read right, or asked about."""

import numpy as np
import pyarrow as pa
import pytest

from pushforward.schema import Column, Schema, infer

DAYS = [str(day) for day in np.datetime64("2024-01-01") + np.arange(200)]
SLASHED = ["/".join(day.split("-")[::-1]) for day in DAYS]


def one(cells, typed=None):
    """The column, the notes and the questions of a table that has this column alone."""
    found = infer(pa.table({"x": pa.array(cells, typed)}), "t.csv", text=typed is None)
    return found.schema.columns[0], found.notes, found.questions


def codes(column, cells):
    """The cells as numbers; all of them fit."""
    coded = Schema(columns=[column]).encode(pa.table({"x": cells}), "t.csv")
    assert coded.first_outside() is None
    return coded.values[:, 0]


def back(column, values):
    decoded = Schema(columns=[column]).decode(np.array(values, dtype=float)[:, None])
    return decoded["x"].to_pylist()


@pytest.mark.parametrize(
    ("cells", "form", "step"),
    [
        (DAYS[::2] + SLASHED[1::2], "%Y-%m-%d|%d/%m/%Y", 86400),
        (SLASHED[:150] + DAYS[150:], "%d/%m/%Y|%Y-%m-%d", 86400),
        (["3 Jan 2024", "2024-01-05", "2024-01-09"], "%Y-%m-%d|%-d %b %Y", 86400),
        (["2024-01-05", "2024-01-05T06:00:00"], "%Y-%m-%dT%H:%M:%S|%Y-%m-%d", 3600),
    ],
)
def test_dates_written_in_several_ways(cells, form, step):
    column, notes, questions = one(cells)
    assert (column.kind, column.format, column.step) == ("datetime", form, step)
    assert len(notes) == 1
    assert notes[0].endswith(f"they go back as {form.split('|')[0]}.")
    assert questions == []


def test_all_ways_are_the_same_days():
    mixed = [SLASHED[i] if i % 2 else DAYS[i] for i in range(200)]
    column, _, _ = one(mixed)
    assert codes(column, mixed).tolist() == list(range(200))
    assert back(column, range(200)) == DAYS


def test_a_mixture_in_which_a_day_may_be_a_month_is_a_question():
    _, _, questions = one(["2024-01-31", "2024-02-01", "2024-03-01", "01/02/2024", "03/04/2024"])
    assert len(questions) == 1
    assert "could be %Y-%m-%d|%m/%d/%Y or %Y-%m-%d|%d/%m/%Y: the former" in questions[0]


@pytest.mark.parametrize(
    ("cells", "form", "step", "seconds"),
    [
        (["08:15", "23:59", "00:00"], "%H:%M", 60, [29700, 86340, 0]),
        (["08:15:30", "23:59:00"], "%H:%M:%S", 1, [29730, 86340]),
        (["8:15", "12:30", "17:45:00"], "%-H:%M:%S", 60, [29700, 45000, 63900]),
        (["8:00 AM", "12:00 PM", "12:00 am"], "%-I:%M %p", 3600, [28800, 43200, 0]),
        (["08:00", "17:00"], "%H:%M", 3600, [28800, 61200]),
    ],
)
def test_times_of_the_day(cells, form, step, seconds):
    column, notes, questions = one(cells)
    assert (column.kind, column.format, column.step) == ("time", form, step)
    assert (notes, questions) == ([f"column 'x' holds times of the day written as {form}."], [])
    values = codes(column, cells)
    assert (values * step).tolist() == seconds
    again = codes(column, back(column, values))
    assert again.tolist() == values.tolist()


def test_a_time_ends_with_the_day():
    column = Column(name="x", kind="time", step=900)
    assert column.spec() == {"kind": "cells", "lower": 0, "upper": 95}
    assert back(column, [-3, 96, 33, np.nan]) == ["00:00", "23:45", "08:15", None]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("08:20", "row 1 .* holds '08:20', which is no multiple of 900 seconds"),
        ("24:00", "holds '24:00', which is no time of the day"),
    ],
)
def test_times_that_do_not_fit(cell, said):
    schema = Schema(columns=[Column(name="x", kind="time", step=900)])
    with pytest.raises(ValueError, match=said):
        schema.encode(pa.table({"x": [cell]}), "t.csv").refuse_outside()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([*DAYS, "soon"], "holds what looks like dates, but also 'soon'"),
        ([*SLASHED, "01/31/2024"], "dates, but no one way to read them fits all of them"),
        (["2024-01-01T05:00Z", "2024-01-02T05:00", "2024-01-03T05:00"], "looks like dates"),
        (["08:15", "36:15", "09:00"], "looks like times of the day, but no one way"),
        (["08:15", "09:00", "10:00", "late"], "looks like times of the day, but also 'late'"),
        ([*map(str, range(1, 30)), "many"], "looks like numbers, but also 'many'"),
        ([*(f"(${i})" for i in range(1, 30)), "€5"], "looks like numbers, but no one way"),
    ],
)
def test_what_is_nearly_something_else_is_a_question(cells, said):
    column, _, questions = one(cells)
    assert column.kind in ("category", "identifier")
    assert len([line for line in questions if said in line]) == 1
    assert all("\n" not in line for line in questions)


@pytest.mark.parametrize(
    "cells", [["A1", "B2", "C3"], ["02134", "90210", "10001"], ["1", "2", "x"]]
)
def test_texts_that_are_nothing_else_raise_no_question(cells):
    assert one(cells)[2] == []


def test_brackets_alone_are_a_question():
    column, notes, questions = one(["(1)", "(2)", "(7)"])
    assert (column.kind, column.format) == ("integer", "0;(0)")
    assert "column 'x' holds numbers written as 0;(0)." in notes
    assert any("holds '(1)', which is taken as below 0, as every cell is" in q for q in questions)


@pytest.mark.parametrize(
    ("cells", "levels", "said"),
    [
        (["Yes", "NO", "no", "yes", "yes", "no"], ["no", "yes"], ["'no' and 'NO'", "'yes' and"]),
        (["TRUE", "TRUE", "False", "true"], ["False", "TRUE"], ["'TRUE' and 'true'"]),
        (["Y", "n", "N", "N", ""], ["N", "Y"], ["'N' and 'n'"]),
    ],
)
def test_yes_and_no_in_any_case(cells, levels, said):
    column, _, questions = one(cells)
    assert (column.kind, column.levels) == ("boolean", levels)
    assert len(questions) == len(said)
    assert all(part in line for part, line in zip(said, questions, strict=True))
    known = [cell for cell in cells if cell]
    low = levels[0].lower()
    column = column.model_copy(update={"missing": False})
    assert codes(column, known).tolist() == [float(cell.lower() != low) for cell in known]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([str(2**53 + i * i) for i in range(100)], {"kind": "identifier", "dtype": "int64"}),
        ([str(2**64 + i * i) for i in range(100)], {"kind": "identifier", "dtype": "string"}),
        ([str(2**53 + 1)] * 9, {"kind": "constant", "dtype": "int64", "value": str(2**53 + 1)}),
        ([str(2**64 + 1)] * 9, {"kind": "constant", "dtype": "string", "value": str(2**64 + 1)}),
    ],
)
def test_integers_beyond_float64_are_left_out_with_their_digits(cells, expected):
    column, notes, _ = one(cells)
    assert {key: getattr(column, key) for key in expected} == expected
    assert len(notes) == 1
    assert notes[0].endswith("it is left out.")


@pytest.mark.parametrize("typed", [None, pa.int64(), pa.uint64()])
def test_large_codes_keep_every_digit_as_categories(typed):
    cells = [2**53 + 1, 2**53 + 2, 2**60 + 1]
    given = [str(cell) for cell in cells] if typed is None else cells
    column, _, _ = one(given * 30, typed)
    assert column.kind == "identifier"
    levels = [str(cell) for cell in cells]
    category = Column(name="x", kind="category", levels=levels, dtype=column.dtype)
    values = codes(category, pa.array(given, typed))
    assert values.tolist() == [0, 1, 2]
    assert back(category, values) == cells
    assert not category.textual


def test_zeros_in_front_are_told_as_such():
    cells = [f"{k:05}" for k in range(300, 99_999, 331)]
    column, _, told = one(cells)
    assert column.kind in ("identifier", "category")
    assert len(told) == 1
    assert (
        "some with zeros in front, such as '00300', as codes have: it is taken as text" in told[0]
    )


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["-0.132", "-0.250"], [-0.132, -0.25]),
        (["0,132", "-0,444"], [0.132, -0.444]),
        (["-$0.132", "$0.001"], [-0.132, 0.001]),
        (["(0.132)", "1.455"], [-0.132, 1.455]),
        (["-1.132", "-0.250"], [-1.132, -0.25]),
    ],
)
def test_no_thousands_begin_with_zero(cells, values):
    column, _, questions = one(cells)
    assert not any("is taken as" in question for question in questions)
    found = Schema(columns=[column]).decode(codes(column, cells)[:, None])["x"]
    assert found.to_pylist() == (cells if column.textual else values)


def test_a_thousand_that_may_be_one_is_still_asked_about():
    _, _, questions = one(["-1.132", "2.250"])
    assert any("'-1.132', which is taken as -1.132" in question for question in questions)
