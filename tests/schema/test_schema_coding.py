"""Cells to numbers and back: nothing is lost, and what does not fit is named."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pushforward.errors import DataError, ShapeError
from pushforward.schema import Column, Schema, infer

RNG = np.random.default_rng(1)


def batch(**columns):
    return pa.RecordBatch.from_pydict(columns)


def columns_of(table):
    """What came back, with missing cells as None."""
    return {name: cells.to_pylist() for name, cells in table.items()}


TEXTS = {
    "year": ["2013"] * 4,
    "count": ["3", "", "0", "12"],
    "price": ["$1,200.50", "$3.25", "-$0.75", "n/a"],
    "share": ["12.5%", "7.0%", "NA", "99.9%"],
    "tall": ["1.80", "1.75", "1.62", "1.90"],
    "cut": ["Fair", "Good", "?", "Fair"],
    "member": ["yes", "no", "no", "yes"],
    "day": ["31.12.2013", "01.02.2013", "", "15.08.2013"],
    "at": ["2013-01-01T05:15:00Z", "2013-01-01T23:00:00Z", "NA", "2012-02-29T00:45:00Z"],
    "us": ["1/31/2013 5:07 PM", "12/1/2013 12:00 AM", "1/1/2013 12:30 PM", ""],
    "zip": ["02134", "90210", "02134", "10001"],
    "none": ["", "", "", ""],
}


def test_texts_come_back_as_they_were():
    table = pa.table(TEXTS)
    schema = infer(table, "t.csv").schema
    coded = schema.encode(table, "t.csv")
    assert not coded.outside.any()
    back = columns_of(schema.decode(coded.values))
    missing = {"", "NA", "n/a", "?"}
    expected = {n: [None if c in missing else c for c in cells] for n, cells in TEXTS.items()}
    expected["year"], expected["count"] = [2013] * 4, [3, None, 0, 12]
    expected["tall"] = [1.8, 1.75, 1.62, 1.9]
    assert back == expected
    assert list(back) == list(TEXTS)


def test_types_come_back_as_they_were():
    table = pa.table(
        {
            "i": pa.array([3, None, 200], pa.uint8()),
            "f": pa.array([0.1, 0.7, None], pa.float32()),
            "d": pa.array([dt.date(2020, 2, 29), None, dt.date(1969, 1, 1)]),
            "s": pa.array([0, 3_600_000, 7_200_000], pa.timestamp("ms", "Europe/Berlin")),
            "b": pa.array([True, None, False]),
            "c": pa.array(["x", "y", None]).dictionary_encode(),
            "m": pa.array(["1.25", "7.50", "3.00"]).cast(pa.decimal128(9, 2)),
            "k": pa.array([5, 5, 5], pa.int16()),
            "e": pa.array([None] * 3, pa.float32()),
        }
    )
    schema = infer(table, "t.parquet", text=False).schema
    back = schema.decode(schema.encode(table, "t.parquet").values)
    assert columns_of(back) == table.to_pydict()
    assert [cells.type for cells in back.values()] == table.schema.types


def test_identifiers_stay_away_and_order_is_the_tables():
    table = pa.table(
        {"id": [f"n{i}" for i in range(60)], "b": list(range(30)) * 2, "a": [1.5] * 60}
    )
    schema = infer(table, "t").schema
    assert [name for name, _ in schema.left_out] == ["id", "a"]
    assert list(schema.decode(np.array([[3.0]]))) == ["b", "a"]


@pytest.mark.parametrize(("step", "most"), [(0.1, 2000), (0.25, 2000), (0.001, 9000), (1.15078, 9)])
def test_codes_are_whole_and_exact_in_float32(step, most):
    values = np.round(RNG.integers(-9, most, 300).repeat(4) * step, 6)
    schema = infer(pa.table({"x": values}), "t", text=False).schema
    coded = schema.encode(batch(x=values), "t")
    assert not coded.outside.any()
    assert (coded.values == np.round(coded.values)).all()
    assert (coded.values.astype(np.float32) == coded.values).all()
    np.testing.assert_array_equal(schema.decode(coded.values)["x"].to_numpy(), values)


def test_years_are_counted_from_near_the_first():
    values = 16_000_000 + np.arange(50) * 2
    schema = infer(pa.table({"x": values}), "t", text=False).schema
    coded = schema.encode(batch(x=values), "t")
    assert np.abs(coded.values).max() < 2**22
    np.testing.assert_array_equal(schema.decode(coded.values)["x"].to_numpy(), values)


def test_dates_too_fine_to_count_are_real_and_come_back_to_the_second():
    moments = RNG.integers(0, 10**9, 200).astype("datetime64[s]")
    table = pa.table({"x": moments})
    schema = infer(table, "t", text=False).schema
    assert schema.specs() == [{"kind": "real", "lower": None, "upper": None}]
    coded = schema.encode(table, "t")
    assert not coded.outside.any()
    assert schema.decode(coded.values + 0.3)["x"].equals(table["x"].combine_chunks())


def test_reals_keep_every_digit():
    values = RNG.normal(size=100)
    schema = infer(pa.table({"x": values}), "t", text=False).schema
    np.testing.assert_array_equal(
        schema.decode(schema.encode(batch(x=values), "t").values)["x"].to_numpy(), values
    )


def test_values_between_steps_and_beyond_bounds_are_mended_on_the_way_back():
    schema = Schema(
        columns=[
            Column(name="n", kind="integer", lower=0, dtype="int8"),
            Column(name="x", kind="bounded", lower=0, upper=1),
            Column(name="p", kind="periodic", period=360),
            Column(name="b", kind="boolean", levels=["no", "yes"], dtype="string"),
        ]
    )
    back = schema.decode(np.array([[-3.2, 1.5, 370.0, 0.9], [900.0, -0.5, -10.0, 3.0]]))
    assert columns_of(back) == {"n": [0, 127], "x": [1, 0], "p": [10, 350], "b": ["yes", "yes"]}


def test_room_for_other_categories():
    column = Column(name="c", kind="category", levels=["a", "b"], reserve=0.1, dtype="string")
    schema = Schema(columns=[column])
    assert schema.specs() == [{"kind": "category", "size": 3, "reserve": 0.1}]
    coded = schema.encode(batch(c=["b", "zebra"]), "t")
    assert coded.values.tolist() == [[1], [2]]
    assert not coded.outside.any()
    assert schema.decode(coded.values)["c"].to_pylist() == ["b", "(other)"]


def test_specs():
    schema = Schema(
        columns=[
            Column(name="a", kind="ordered", levels=["s", "m"], dtype="string"),
            Column(name="b", kind="rounded", step=0.5, origin=1.0, lower=0, upper=2.2),
            Column(name="c", kind="positive"),
            Column(name="d", kind="periodic", lower=-180, period=360),
            Column(name="e", kind="constant", value="1"),
            Column(name="f", kind="datetime", step=3600, origin="2013-01-01", dtype="string"),
        ]
    )
    assert schema.specs() == [
        {"kind": "category", "size": 2, "ordered": True},
        {"kind": "cells", "lower": -2, "upper": 2},
        {"kind": "real", "lower": 0.0, "upper": None},
        {"kind": "periodic", "lower": -180.0, "upper": 180.0},
        {"kind": "cells", "lower": None, "upper": None},
    ]


CUT = Column(name="x", kind="category", levels=["Fair", "Good", "Ideal"], dtype="string")
WHOLE = Column(name="x", kind="integer", lower=0, upper=9, dtype="int64")
TENTH = Column(name="x", kind="rounded", step=0.1)
HOURS = Column(name="x", kind="datetime", step=3600, origin="2013-01-01", dtype="string")


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        (CUT, "Idael", r"holds 'Idael', which is none of its levels \(did you mean 'Ideal'\?\)"),
        (CUT, "", "is missing, as no cell of this column may be"),
        (WHOLE, "-1", "holds '-1', and must not be below 0"),
        (WHOLE, "12", "holds '12', and must not be above 9"),
        (WHOLE, "1.5", "holds '1.5', which is not a whole number"),
        (WHOLE, "NA", "is missing"),
        (TENTH, "0.25", "holds '0.25', which is no multiple of 0.1"),
        (Column(name="x", kind="positive"), "0", "must be above 0"),
        (HOURS, "2013-01-01 05:30", "no multiple of 3600 seconds, counted from 2013-01-01"),
    ],
)
def test_cells_outside_are_named(column, cell, said):
    good = {"category": "Fair", "datetime": "2013-01-01 02:00"}.get(column.kind, "1")
    coded = Schema(columns=[column]).encode(batch(x=[good, good, cell]), "t.csv", start=10)
    assert coded.outside.tolist() == [[False], [False], [True]]
    with pytest.raises(DataError, match=said) as error:
        coded.refuse_outside()
    assert str(error.value).startswith("t.csv: column 'x', row 13 (the header not counted) ")
    assert coded.first_outside() == str(error.value)


def test_the_first_cell_outside_is_the_first_row_by_row():
    schema = Schema(columns=[WHOLE, CUT.model_copy(update={"name": "y"})])
    rows = batch(x=["1", "1", "99"], y=["Good", "Bad", "Good"])
    said = schema.encode(rows, "t", header=False).first_outside()
    assert said is not None
    assert said.startswith("t: column 'y', row 2 holds 'Bad'")
    assert schema.encode(rows.slice(0, 1), "t").first_outside() is None


def test_a_kind_that_contradicts_the_data_is_asked_about():
    said = Schema(columns=[WHOLE]).encode(batch(x=["1.5", "2.5", "3"]), "t").first_outside()
    assert said is not None
    assert "67% of these rows do not fit: is it integer?" in said


@pytest.mark.parametrize(
    ("column", "cells", "said"),
    [
        (WHOLE, ["1", "many"], "row 2 .*holds 'many', which is no number"),
        (WHOLE, ["1", "1e99"], "no number within"),
        (WHOLE, ["1", "inf"], "holds 'inf'"),
        (HOURS, ["2013-01-01", "soon"], "holds 'soon', which is no date"),
        (
            HOURS.model_copy(update={"format": "%d.%m.%Y %H:%M"}),
            ["31.02.2013 05:00"],
            r"written as %d.%m.%Y %H:%M",
        ),
        (WHOLE, pa.array([[1], [2]]), "which cannot be read as integer"),
        (CUT, pa.array([[1], [2]]), "is of type 'list<item: int64>', which cannot be read"),
        (WHOLE.model_copy(update={"name": "xs"}), ["1"], "no column 'xs'.*did you mean 'x'"),
    ],
)
def test_cells_that_cannot_be_read_are_refused(column, cells, said):
    with pytest.raises(DataError, match=said) as error:
        Schema(columns=[column]).encode(batch(x=cells), "t.csv")
    assert str(error.value).startswith("t.csv: ")
    assert "\n" not in str(error.value)


def test_tables_of_one_schema_may_be_text_or_typed():
    schema = Schema(columns=[WHOLE, HOURS.model_copy(update={"name": "t"})])
    texts = schema.encode(batch(x=["1"], t=["2013-01-02T00:00:00"]), "t.csv").values
    stamp = pa.array([dt.datetime(2013, 1, 2)])
    assert schema.encode(batch(x=[1.0], t=stamp), "t.parquet").values.tolist() == texts.tolist()


def test_shapes_are_checked():
    with pytest.raises(ShapeError, match=r"\(rows, 1\).*\(2, 2\)"):
        Schema(columns=[WHOLE]).decode(np.zeros((2, 2)))


def test_no_rows_at_all():
    schema = Schema(
        columns=[
            WHOLE,
            CUT.model_copy(update={"name": "y"}),
            HOURS.model_copy(update={"name": "z"}),
        ]
    )
    nothing = pa.array([], pa.string())
    coded = schema.encode(batch(x=nothing, y=nothing, z=nothing), "t")
    assert coded.values.shape == (0, 3)
    assert coded.first_outside() is None
    assert [len(cells) for cells in schema.decode(coded.values).values()] == [0, 0, 0]


MOMENT = dt.datetime(2013, 1, 1, 5)


@pytest.mark.parametrize("other", ["missing", "same"])
@pytest.mark.parametrize(
    ("cell", "typed"),
    [
        (MOMENT, pa.timestamp("us")),
        (MOMENT, pa.timestamp("ns", "UTC")),
        (MOMENT, pa.timestamp("us", "Europe/Berlin")),
        (MOMENT.date(), pa.date32()),
        (0.1, pa.float32()),
        (1.0, pa.float64()),
        (1e-7, pa.float64()),
        (True, pa.bool_()),
        ("a", pa.large_string()),
    ],
)
def test_one_value_of_any_type(cell, typed, other):
    cells = pa.array([cell, None if other == "missing" else cell], typed)
    table = pa.table({"x": cells})
    schema = infer(table, "t", text=False).schema
    assert len(schema.modelled) == (other == "missing")
    coded = schema.encode(table, "t")
    assert not coded.outside.any()
    assert schema.decode(coded.values)["x"].equals(cells)


def test_what_is_outside_is_scored_as_infinite_and_named_as_it_stood():
    schema = Schema(columns=[Column(name="n", kind="integer", lower=0)])
    coded = schema.encode(batch(n=[3, -5, None]), "t", header=False)
    assert coded.scored.tolist() == [[3], [np.inf], [np.inf]]
    assert "holds '-5', and must not be below 0" in coded.first_outside()
    gaps = coded.with_gaps()
    assert gaps.outside[:, 0].tolist() == [False, True, False]
    assert np.isnan(gaps.scored[2, 0])


@pytest.mark.parametrize(
    ("column", "cells", "said"),
    [
        ({"kind": "real", "step": 0.25}, ["0.5", "", "0.3", "0.1"], "'0.3', which is no multiple"),
        ({"kind": "positive", "step": 5.0}, ["5", "7"], "'7', which is no multiple of 5"),
        ({"kind": "bounded", "lower": 0, "step": 0.1}, ["0.1", "0.15"], "'0.15', which is no mul"),
        ({"kind": "periodic", "period": 24, "step": 0.5}, ["1.5", "24.7"], "'24.7', which is no"),
        (
            {"kind": "datetime", "step": 60, "origin": "2013-01-01", "fine": True},
            ["2013-01-01 00:01:00", "2013-01-01 00:01:30"],
            "holds '2013-01-01 00:01:30', which is no multiple of 60 seconds",
        ),
    ],
)
def test_a_step_that_cells_are_not_on_is_refused_in_a_fit(column, cells, said):
    schema = Schema(columns=[Column(name="x", missing=True, **column)])
    coded = schema.encode(pa.table({"x": cells}), "t.csv")
    row = next(i for i, cell in enumerate(cells) if repr(cell) in said)
    with pytest.raises(DataError, match=rf"column 'x', row {row + 1} \(the header .*{said}"):
        coded.refuse_unfit()
    assert coded.first_outside() is None  # it has a density all the same
    without = schema.encode(pa.table({"x": cells[:row]}), "t.csv")
    without.refuse_unfit()


@pytest.mark.parametrize(
    ("column", "drawn", "cells"),
    [
        ({"kind": "positive", "step": 0.5}, [1e-9, 0.2, 0.7, 3.1], [0.5, 0.5, 0.5, 3.0]),
        ({"kind": "positive", "step": 0.1, "lower": 0.25}, [0.25, 0.31], [0.3, 0.3]),
        (
            {"kind": "bounded", "lower": 0.1, "upper": 0.95, "step": 0.25},
            [0.1, 0.3, 0.94],
            [0.25, 0.25, 0.75],
        ),
        ({"kind": "bounded", "lower": -0.3, "step": 0.1}, [-0.3, -0.01], [-0.3, 0.0]),
        ({"kind": "bounded", "lower": 0.3, "upper": 0.7, "step": 0.1}, [0.3, 0.7], [0.3, 0.7]),
    ],
)
def test_draws_near_a_bound_go_back_inside_it_and_on_the_step(column, drawn, cells):
    schema = Schema(columns=[Column(name="x", **column)])
    back = schema.decode(np.array(drawn)[:, None])["x"]
    assert back.to_pylist() == cells
    schema.encode(pa.table({"x": back}), "samples").refuse_unfit()
