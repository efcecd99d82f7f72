"""Numbers and dates as text: what is written in any way is read as the same."""

import numpy as np
import pyarrow as pa
import pytest

from pushforward.errors import ConfigurationError
from pushforward.schema import infer
from pushforward.schema.date_format import date_patterns
from pushforward.schema.dates import iso, microseconds, read_dates, write_dates
from pushforward.schema.numbers import number_patterns, read_numbers, write_numbers
from pushforward.schema.pattern import parse_pattern

RNG = np.random.default_rng(2)
PATTERNS = ["0", "0.00", "0,0##", "$#,##0.00", "#.##0,0# €", "# ##0", "#'##0.0", "£ 0.0", "0.0#%"]
FORMATS = [
    "%Y-%m-%d",
    "%-d.%-m.%Y",
    "%m/%d/%y",
    "%d %B %Y",
    "%b %-d, %Y",
    "%Y-%m-%dT%H:%M:%S.%3fZ",
    "%Y/%m/%d %H:%M:%S+05:30",
    "%-m/%-d/%Y %-I:%M %p",
    "%d-%b-%Y %H:%M:%S",
]


@pytest.mark.parametrize("text", PATTERNS)
def test_numbers_there_and_back(text):
    pattern = parse_pattern(text)
    values = np.round(RNG.normal(scale=10.0 ** RNG.integers(0, 6, 300)), pattern.most)
    values[::7] = np.nan
    cells = write_numbers(values, pattern)
    read, wrong = read_numbers(cells, pattern)
    assert not wrong.any()
    np.testing.assert_array_equal(read, values + 0.0)
    found = [str(p) for p in number_patterns(cells, pattern.decimal)]
    assert found == [text]


@pytest.mark.parametrize("text", ["", "abc", "#,##0,00", "%d", "0.0.0", "$"])
def test_what_is_no_format_of_a_number(text):
    with pytest.raises(ConfigurationError, match="is no format of a number"):
        parse_pattern(text)


@pytest.mark.parametrize(
    "cell", ["1,23,456", "1.2.3", "--1", "+-5", "-$-5", "1e", "$", "", "1 2", "5%5", "0x1"]
)
def test_what_is_no_number(cell):
    for text in PATTERNS:
        _, wrong = read_numbers(pa.array(["5", cell]), parse_pattern(text))
        assert wrong.tolist() == [False, True]


@pytest.mark.parametrize("form", FORMATS)
def test_dates_there_and_back(form):
    seconds = RNG.integers(microseconds("1970-01-01"), microseconds("2060-01-01"), 400) // 10**6
    step = 1 if "%S" in form else 60 if "%M" in form else 86400
    moments = (seconds // step * step) * 10**6 + ("%3f" in form) * 123_000
    cells = write_dates(pa.array(moments).cast(pa.timestamp("us")), form)
    read, wrong = read_dates(cells, form)
    assert not wrong.any()
    year = "%y" in form
    kept = moments < microseconds("2060-01-01") if not year else np.ones(400, dtype=bool)
    np.testing.assert_array_equal(read[kept], moments[kept])
    assert date_patterns(cells)[0] == form


@pytest.mark.parametrize(
    "cell", ["2013-13-01", "2013-02-29", "2013-01-01T25:00", "2013-01-01 12:60", "soon", "2013"]
)
def test_what_is_no_date(cell):
    assert date_patterns(pa.array(["2013-01-01", cell])) == []
    _, wrong = read_dates(pa.array([cell, None]), "%Y-%m-%d %H:%M")
    assert wrong.tolist() == [True, False]


def test_several_zones():
    cells = pa.array(["2013-01-01T00:00:00+01:00", "2013-01-01T00:00:00-0530"])
    assert date_patterns(cells) == ["%Y-%m-%dT%H:%M:%S%z"]
    moments, _ = read_dates(cells, "%Y-%m-%dT%H:%M:%S%z")
    assert [iso(int(moment)) for moment in moments] == [
        "2012-12-31T23:00:00",
        "2013-01-01T05:30:00",
    ]


@pytest.mark.parametrize("text", ["1969-12-31T23:59:59.500000", "0001-01-01", "9999-12-31"])
def test_iso(text):
    assert iso(microseconds(text)) == text


@pytest.mark.parametrize(
    ("cells", "form", "values"),
    [
        (["(5)", "7", "0"], "0;(0)", [-5, 7, 0]),
        (["(1,234.50)", "3.25", "1,000.00"], "#,##0.00;(#,##0.00)", [-1234.5, 3.25, 1000]),
        (["($2.50)", "$12.00"], "$0.00;($0.00)", [-2.5, 12]),
        (["(1.5 %)", "2 %"], "0.# %;(0.# %)", [-1.5, 2]),
    ],
)
def test_brackets_are_a_minus(cells, form, values):
    (pattern, *_) = number_patterns(pa.array(cells))
    assert str(pattern) == form
    assert parse_pattern(form) == pattern
    read, wrong = read_numbers(pa.array(cells), pattern)
    assert (read.tolist(), wrong.any()) == (values, False)
    written = write_numbers(read, pattern).to_pylist()
    assert read_numbers(pa.array(written), pattern)[0].tolist() == values


@pytest.mark.parametrize("cells", [["(-5)"], ["((5))", "1"], ["(5", "1"], ["()", "1"]])
def test_brackets_that_are_no_minus(cells):
    column = infer(pa.table({"x": [*cells, "2", "3"]}), "t").schema.columns[0]
    assert column.kind == "category"
