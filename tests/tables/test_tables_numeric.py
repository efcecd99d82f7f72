"""Cells to float64: exact where it is read, refused with a reason where it is not."""

import numpy as np
import pyarrow as pa
import pytest

from pushforward.errors import DataError
from pushforward.tables import Batch
from pushforward.tables.dialect import Dialect

EXACTLY = ["0.1", "1e-30", ".5", "5.", "+2", "-0", "1E+3", "123456789.123456789", " 7 ", "1e30"]


def text(cells: list[str | None], decimal: str = ".") -> Batch:
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    return Batch(0, data, "t.csv", Dialect(decimal=decimal))


@pytest.mark.parametrize("cell", EXACTLY)
def test_numbers_are_read_as_python_reads_them(cell):
    assert text([cell]).numeric(["x"])[0, 0] == float(cell)


def test_random_floats_survive_their_shortest_form():
    values = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(1000).clip(0, 25)
    assert np.array_equal(text([repr(v) for v in values.tolist()]).numeric(["x"])[:, 0], values)


@pytest.mark.parametrize("cell", ["", " ", None, "NA", "1_000", "0x10", "1,5", "١", "1e", "--1"])
@pytest.mark.parametrize("company", [[], ["inf"], ["red"]])
def test_what_is_no_number_is_refused_alone_and_in_company(cell, company):
    with pytest.raises(DataError, match=r"row 2 .*(is empty|is not a number)"):
        text(["1", cell, *company]).numeric(["x"])


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "+INF"])
@pytest.mark.parametrize("company", [[], ["red"]])
def test_infinity_is_refused_alone_and_in_company(cell, company):
    with pytest.raises(DataError, match=r"row 1 .* is infinite"):
        text([cell, *company]).numeric(["x"])


def test_decimal_commas():
    cells = ["1,5", " -2,25e3 ", "+7", ",5"]
    assert text(cells, ",").numeric(["x"])[:, 0].tolist() == [1.5, -2250.0, 7.0, 0.5]
    with pytest.raises(DataError, match=r"'1\.234', which is not a number \(decimals are"):
        text(["1,5", "1.234"], ",").numeric(["x"])


def test_integers_beyond_2_to_53_are_exact_or_refused():
    assert text(["9007199254740992", "-18014398509481984"]).numeric(["x"])[0, 0] == 2.0**53
    assert text(["9.007199254740993e15"]).numeric(["x"])[0, 0] == 2.0**53
    with pytest.raises(DataError, match=r"'9007199254740993', an integer beyond 2\^53"):
        text(["1", "9007199254740993"]).numeric(["x"])


def test_columns_come_in_the_order_asked():
    data = pa.RecordBatch.from_pydict({"a": [1, 2], "b": [3, 4]})
    values = Batch(0, data, "t.parquet").numeric(["b", "a", "b"])
    assert values.tolist() == [[3, 1, 3], [4, 2, 4]]
    assert Batch(0, data, "t.parquet").numeric([]).shape == (2, 0)


def test_the_first_fault_in_the_file_is_named_not_the_first_column_s():
    data = pa.RecordBatch.from_pydict({"a": [1.0, 2.0, None], "b": [1.0, np.inf, 1.0]})
    with pytest.raises(DataError, match="column 'b', row 12 "):
        Batch(10, data, "t.parquet").numeric(["a", "b"])


def test_a_missing_column_is_named_with_its_like():
    data = pa.RecordBatch.from_pydict({"mass": [1], "radius": [3]})
    with pytest.raises(DataError) as caught:
        Batch(0, data, "t.parquet").numeric(["radus"])
    assert str(caught.value) == (
        "t.parquet: there is no column 'radus' (did you mean 'radius'?); "
        "its columns are 'mass', 'radius'."
    )
