"""Data frames in and out; pandas and polars only where they are installed."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pushforward.errors import DataError
from pushforward.schema import infer
from pushforward.schema.frames import is_frame, like, to_arrow

CELLS = {
    "n": [1, 2, 7, 4],
    "x": [0.5, 1.25, None, -3.0],
    "c": ["red", "blue", None, "red"],
    "b": [True, False, True, True],
    "t": [dt.datetime(2020, 1, day) for day in (1, 2, 5, 9)],
}


@pytest.fixture(params=["pandas", "polars", "pyarrow"])
def frame(request):
    if request.param == "pyarrow":
        return pa.table(CELLS)
    library = pytest.importorskip(request.param)
    return library.DataFrame(CELLS)


def rows(frame):
    """The cells of any frame as Python has them, missing ones as None."""
    return to_arrow(frame).to_pydict()


def test_there_and_back(frame):
    assert is_frame(frame)
    assert rows(frame) == CELLS
    back = like(frame)(to_arrow(frame))
    assert type(back) is type(frame)
    assert rows(back) == CELLS
    if not isinstance(frame, pa.Table):
        assert list(back.dtypes) == list(frame.dtypes)


def test_a_schema_of_a_frame(frame):
    schema = infer(to_arrow(frame), "the frame", text=False).schema
    kinds = ["integer", "rounded", "category", "boolean", "datetime"]
    assert [column.kind for column in schema.columns] == kinds
    coded = schema.encode(to_arrow(frame), "the frame", header=False)
    back = like(frame)(pa.table(schema.decode(coded.values)))
    assert rows(back) == CELLS
    if not isinstance(frame, pa.Table):
        assert list(back.dtypes) == list(frame.dtypes)


def test_other_columns_come_back_as_the_library_has_them(frame):
    back = like(frame)(pa.table({"log_prob": [0.5], "n": [3]}))
    assert type(back) is type(frame)
    assert rows(back) == {"log_prob": [0.5], "n": [3]}


def test_an_order_of_pandas():
    pandas = pytest.importorskip("pandas")
    levels = ["low", "high"]
    frame = pandas.DataFrame({"c": pandas.Categorical(["high", None, "low"], levels, ordered=True)})
    schema = infer(to_arrow(frame), "f", text=False).schema
    assert (schema.columns[0].kind, schema.columns[0].levels) == ("ordered", levels)
    back = like(frame)(pa.table(schema.decode(np.array([[1.0], [np.nan], [0.0]]))))
    pandas.testing.assert_frame_equal(back, frame)


def test_an_index_of_pandas_is_no_column():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1.5, 2.5]}, index=[7, 9])
    assert to_arrow(frame).column_names == ["x"]


@pytest.mark.parametrize(
    ("columns", "cells", "said"),
    [
        ([0], [[1]], "a column called 0, which is no text; rename it to '0'"),
        (["a", "a"], [[1, 2]], "Two columns of the data frame are called 'a'"),
        (["a"], [[1], ["x"]], "Column 'a' of the data frame cannot be read"),
    ],
)
def test_frames_of_pandas_that_are_refused(columns, cells, said):
    pandas = pytest.importorskip("pandas")
    with pytest.raises(DataError, match=said) as error:
        to_arrow(pandas.DataFrame(cells, columns=columns, dtype=object))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("thing", [np.eye(2), [[1.0]], {"a": [1]}, None])
def test_what_is_no_frame(thing):
    assert not is_frame(thing)
    for function in (to_arrow, like):
        with pytest.raises(DataError, match="Expected a data frame"):
            function(thing)
