"""What columns are taken for: one table of cells for each kind, as text and as typed."""

import numpy as np
import pyarrow as pa
import pytest

from pushforward.errors import DataError
from pushforward.schema import infer

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=200).tolist()


def one(cells, name="x", typed=None, **options):
    """The column, the notes and the questions of a table that has this column alone."""
    found = infer(pa.table({name: pa.array(cells, typed)}), "t.csv", **options)
    return found.schema.columns[0], found.notes, found.questions


def texts(values):
    return [str(value) for value in values]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "2", "3", "7"], {"kind": "integer", "dtype": "int64", "lower": 0.0}),
        (["-1", "2", "3", "7"], {"kind": "integer", "lower": None}),
        (["2013", "2014", "2015"], {"kind": "integer", "lower": None}),
        (["1", "", "3", "NA"], {"kind": "integer", "missing": True, "dtype": "int64"}),
        (["1.0", "2.0", "5.0"], {"kind": "integer", "dtype": "float64"}),
        (["0.5", "1.25", "3"], {"kind": "rounded", "step": 0.01, "dtype": "float64"}),
        (texts(np.arange(40) / 4 - 2), {"kind": "rounded", "step": 0.25, "lower": None}),
        (texts(REAL), {"kind": "real", "step": None, "lower": None}),
        (texts(np.exp(3 * np.array(REAL))), {"kind": "positive"}),
        (texts([0.0, *np.abs(REAL)]), {"kind": "bounded", "lower": 0.0}),
        (["0", "1", "1"], {"kind": "boolean", "levels": ["0", "1"], "dtype": "int64"}),
        (["yes", "no", "yes"], {"kind": "boolean", "levels": ["no", "yes"]}),
        (["Yes", "no", "Yes"], {"kind": "boolean", "levels": ["no", "Yes"]}),
        (["T", "F", "T"], {"kind": "boolean", "levels": ["F", "T"]}),
        (["red", "blue", "red"], {"kind": "category", "levels": ["blue", "red"]}),
        (["00123", "02134", "00123"], {"kind": "category", "levels": ["00123", "02134"]}),
        ([f"n{i}" for i in range(60)], {"kind": "identifier"}),
        (["5", "5", "5"], {"kind": "constant", "value": "5", "dtype": "int64"}),
        (["a", "a"], {"kind": "constant", "value": "a", "dtype": "string"}),
        (["", "NA", "?", "n/a"], {"kind": "empty"}),
        (["a", "", "a"], {"kind": "category", "levels": ["a"], "missing": True}),
        (["$1,200.50", "-$3.25"], {"format": "$#,##0.00", "dtype": "string", "step": 0.01}),
        (["12.5%", "7.25%"], {"format": "0.0#%", "dtype": "string"}),
        (["1,5", "2,75"], {"format": "0,0#", "dtype": "string", "step": 0.01}),
        (["1.234,5 €", "20 €"], {"format": "#.##0,# €", "step": 0.1}),
        (["2013-01-02", "2013-01-05"], {"kind": "datetime", "step": 86400.0}),
        (["2013-01-02 05:00", "2013-01-02 07:00"], {"step": 3600.0, "dtype": "string"}),
        (["31.12.2013", "01.01.2013"], {"format": "%d.%m.%Y", "origin": "2013-01-01"}),
        (["5", "5.0", "5.00"], {"kind": "constant", "value": "5"}),
        (["5", "5.0", ""], {"kind": "integer", "missing": True}),
        (["1\u00a0234,5", "567,0"], {"kind": "rounded", "format": "#\u00a0##0,0", "step": 0.1}),
        (["1e-12", "2e-12", "5e-11"], {"kind": "bounded", "step": None}),
        (["May 5, 2013", "May 11, 2013"], {"kind": "datetime", "format": "%b %-d, %Y"}),
        (["1e3", "2.5", "7"], {"kind": "rounded", "dtype": "float64"}),
        (texts(range(1, 21)), {"kind": "identifier", "why": "counts the rows"}),
    ],
)
def test_text(cells, expected):
    column, _, _ = one(cells)
    assert {key: getattr(column, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("cells", "typed", "expected"),
    [
        ([0.1, 0.2, 0.7], pa.float32(), {"kind": "rounded", "step": 0.1, "dtype": "float32"}),
        ([0.1 + 0.2, 0.7], pa.float64(), {"kind": "rounded", "step": 0.1}),
        ([1.0, float("nan"), 4.0], None, {"kind": "integer", "missing": True}),
        ([True, False, None], None, {"kind": "boolean", "dtype": "bool", "missing": True}),
        (["a", "b", "a"], pa.large_string(), {"kind": "category", "dtype": "large_string"}),
        (["1", "2", "5"], None, {"kind": "integer", "dtype": "string", "format": "0"}),
        ([0, 86400], pa.timestamp("s", "UTC"), {"dtype": "timestamp[s, tz=UTC]"}),
        ([0, 400], pa.date32(), {"kind": "datetime", "step": 86400.0, "dtype": "date32"}),
        ([[1], [2]], None, {"why": "is of type list<item: int64>, which is not read"}),
        ([None, None], None, {"kind": "empty", "dtype": "null"}),
        ([2**60, 2**60 + 1, 7], None, {"kind": "identifier"}),
        ([-1, 5_000_000, 3], None, {"kind": "real", "step": 1.0, "dtype": "int64"}),
    ],
)
def test_typed(cells, typed, expected):
    column, _, _ = one(cells, typed=typed, text=False)
    assert {key: getattr(column, key) for key in expected} == expected


def test_an_order_that_came_with_the_table_is_kept():
    cells = pa.DictionaryArray.from_arrays([0, 2, 0], ["low", "middle", "high"], ordered=True)
    column = infer(pa.table({"x": cells}), "t").schema.columns[0]
    assert (column.kind, column.levels) == ("ordered", ["low", "middle", "high"])
    assert column.dtype == "dictionary<string>"


def test_float32_of_hundred_thousands_lies_on_no_grid_of_hundredths():
    values = RNG.uniform(1e5, 9e5, 300).astype(np.float32)
    assert one(values, text=False)[0].kind == "real"


def test_a_unit_that_was_converted():
    knots = RNG.integers(0, 30, 2000)
    column, notes, _ = one(texts(knots * 1.15078))
    assert notes == ["column 'x' holds whole multiples of 1.15078 alone: a converted unit."]
    assert (column.kind, column.step, column.lower) == ("rounded", 1.15078, 0.0)


@pytest.mark.parametrize(
    ("name", "low", "high", "kind"),
    [("ra", 0, 360, "periodic"), ("weight", 0, 360, "bounded"), ("ra", 10, 20, "real")],
)
def test_periods_need_a_name_and_a_range(name, low, high, kind):
    values = np.r_[low, RNG.uniform(low, high, 300)]
    assert one(texts(values), name)[0].kind == kind


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1,234", "999"], "'1,234', which is taken as 1234"),
        (["1.234", "9.871"], "'1.234', which is taken as 1.234"),
        (["01/02/2013", "03/04/2013"], "could be %m/%d/%Y or %d/%m/%Y: the former"),
        (["1", "2", "3", "1"], "holds 3 different integers"),
        (["5", "6", "12", "-999", "-999"], "holds -999 in 2 rows"),
        (["Red", "red", "blue"], "holds 'Red' and 'red'"),
        (["20130101", "20130131", "20131231"], "dates written as 20241231"),
        (["a"] * 90 + ["b", "c"], "about 0.022 of new rows"),
    ],
)
def test_questions(cells, said):
    _, _, questions = one(cells)
    assert len([line for line in questions if said in line]) == 1
    assert all("\n" not in line for line in questions)


def test_a_direction_in_whole_degrees_is_a_question():
    column, _, questions = one(texts(range(10, 361, 10)) * 2, "wind_dir")
    assert column.kind == "integer"
    assert any("periodic with lower 0 and period 360" in line for line in questions)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["a", "a"], "'a' in every row"),
        (["", ""], "missing in every row"),
        ([f"n{i}" for i in range(99)], "different in nearly every row"),
    ],
)
def test_what_is_left_out_is_said_or_refused(cells, said):
    column, notes, _ = one(cells)
    assert not column.modelled
    assert any(said in line and "left out" in line for line in notes)
    with pytest.raises(DataError, match=said):
        one(cells, strict=True)


def test_a_name_that_says_identifier():
    numbers = texts(RNG.permutation(5000)[:200])
    assert one(numbers, "customerId")[0].kind == "identifier"
    assert one(numbers, "steps")[0].kind == "integer"


def batches(*columns):
    return [pa.RecordBatch.from_pydict({"x": cells}) for cells in columns]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((["1", "2"], ["3.5"]), {"kind": "rounded", "step": 0.1, "dtype": "float64"}),
        ((["1", "2"], ["three"]), {"kind": "category", "levels": ["1", "2", "three"]}),
        ((["999", "5"], ["1,234,567"]), {"format": "#,##0"}),
        ((["1,234", "5,678"], ["1,5"]), {"format": "0,0##", "step": 0.001}),
        ((["1.50 €"], ["2 €"]), {"format": "0.## €"}),
        ((["01/02/2013"], ["25/12/2013"]), {"format": "%d/%m/%Y"}),
        ((["2013-01-01"], ["soon"]), {"kind": "category"}),
        (
            (["2013-01-01"], ["2013-01-01 05:00"]),
            {"kind": "datetime", "format": "%Y-%m-%d %H:%M|%Y-%m-%d", "step": 3600.0},
        ),
        ((["1", "2"], ["(3)"]), {"kind": "integer", "format": "0;(0)"}),
        ((["(1)", "2"], ["-3.5", "1,000"]), {"kind": "rounded", "format": "#,##0.#;(#,##0.#)"}),
        ((["08:15", "09:00"], ["10:30:01"]), {"kind": "time", "step": 1.0}),
        ((["11/12/2013"], ["1/5/2013"]), {"format": "%-m/%-d/%Y"}),
        (
            (["2013-01-01 05:00:00"], ["2013-01-01 05:00:00.25"]),
            {"format": "%Y-%m-%d %H:%M:%S.%2f"},
        ),
        ((["2013-01-01 05:00+01:00"], ["2013-07-01 05:00+02:00"]), {"format": "%Y-%m-%d %H:%M%z"}),
        ((["", "NA"], ["7", "9"]), {"kind": "integer", "missing": True}),
        ((["", "NA"], ["2013-01-01", "2013-01-03"]), {"kind": "datetime"}),
        ((["123", "45"], ["00123", "45"]), {"kind": "category"}),
        ((texts(range(9)), texts(range(9, 30))), {"kind": "identifier"}),
        ((texts(range(9)), texts(range(8, 30))), {"kind": "integer"}),
    ],
)
def test_later_batches_change_what_earlier_ones_showed(parts, expected):
    column = infer(iter(batches(*parts)), "t.csv").schema.columns[0]
    assert {key: getattr(column, key) for key in expected} == expected


def test_the_cut_into_batches_changes_nothing():
    table = pa.table(
        {
            "n": texts(RNG.integers(0, 50, 1000)),
            "x": texts(np.round(RNG.normal(size=1000), 2)),
            "c": RNG.choice(["a", "b", "NA"], 1000).tolist(),
            "day": [f"2013-01-{k:02}" for k in RNG.integers(1, 29, 1000)],
        }
    )
    whole, parts = infer(table, "t"), infer(table.to_batches(max_chunksize=17), "t")
    assert whole == parts


def test_more_texts_than_are_kept():
    cells = [f"n{i}" for i in range(100_001)] * 2
    parts = [
        pa.RecordBatch.from_pydict({"x": cells[i : i + 60_000]}) for i in range(0, 200_002, 60_000)
    ]
    column = infer(parts, "t").schema.columns[0]
    assert column.kind == "identifier"
    assert column.why is not None
    assert "more than 100,000" in column.why


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pa.table({"x": pa.array([], pa.string())}), "t.csv: there are no data rows"),
        (pa.Table.from_arrays([pa.array(["1"])] * 2, ["x", "x"]), "two columns are called 'x'"),
        (pa.table({"x": ["1", "1e31"]}), "t.csv: column 'x': it holds a number beyond"),
        (pa.table({"x": [1.0, float("inf")]}), "beyond"),
    ],
)
def test_refusals(table, said):
    with pytest.raises(DataError, match=said):
        infer(table, "t.csv")


def test_other_spellings_of_missing():
    column, _, _ = one(["1", "-999", "x", "2"], na=["-999", "X"])
    assert (column.kind, column.missing) == ("integer", True)
    assert one(["1", "NA"], na=[""])[0].levels == ["1", "NA"]


@pytest.mark.parametrize(
    ("low", "high"), [(10**15, 10**15 + 1000), (10**14, 10**15), (2**52, 2**53)]
)
@pytest.mark.parametrize("typed", [pa.int64(), pa.float64(), None])
def test_large_integers_stay_integers(low, high, typed):
    whole = np.random.default_rng(3).integers(low, high, 300)
    cells = pa.array([str(k) for k in whole]) if typed is None else pa.array(whole).cast(typed)
    schema = infer(pa.table({"x": cells}), "t.csv", text=typed is None).schema
    assert schema.columns[0].kind == ("integer" if high - low == 1000 else "real")
    coded = schema.encode(pa.table({"x": cells}), "t.csv")
    assert not coded.outside.any()
    back = schema.decode(coded.values)["x"]
    assert back.type == (typed or pa.int64())
    assert back.to_pylist() == whole.tolist()
    moved = schema.decode(coded.values + 0.3)["x"].cast(pa.int64())
    assert moved.to_pylist() == whole.tolist()
