"""`pushforward schema`: a table's columns, printed and written to a file to edit."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pushforward.schema import load

CSV = """id,price,cut,day,empty
00001,"$1,200.50",Fair,2013-01-02,
00002,$3.25,Good,2013-01-03,NA
00003,,Fair,2013-01-03,
"""


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    return path


def test_a_csv(pushforward, csv, tmp_path):
    code, out, err = pushforward("schema", csv, "-o", tmp_path / "s.json")
    assert code == 0
    columns = {column.name: column for column in load(tmp_path / "s.json").columns}
    assert {name: column.kind for name, column in columns.items()} == {
        "id": "category",
        "price": "rounded",
        "cut": "category",
        "day": "datetime",
        "empty": "empty",
    }
    assert columns["price"].format == "$#,##0.00"
    assert all(name in out for name in columns)
    assert "column 'price' holds numbers written as $#,##0.00." in err
    assert "column 'empty' is missing in every row: it is left out." in err
    assert err.endswith("s.json: 4 columns to model, 1 left out.\n")


def test_a_file_is_not_replaced(pushforward, refused, csv, tmp_path):
    target = tmp_path / "s.json"
    target.write_text("mine")
    refused("exists already", "schema", csv, "-o", target)
    assert target.read_text() == "mine"
    assert pushforward("schema", csv, "-o", target, "--force").code == 0
    assert len(load(target).columns) == 5


def test_strict(refused, csv, tmp_path):
    refused(
        "column 'empty' is missing in every row", "schema", csv, "-o", tmp_path / "s", "--strict"
    )
    assert not (tmp_path / "s").exists()


def test_spellings_of_missing(pushforward, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,NA\n-999,b\n,b\n7,NA\n")
    assert pushforward("schema", path, "-o", tmp_path / "s.json", "--na", "-999,unknown").code == 0
    schema = load(tmp_path / "s.json")
    assert schema.na == ["", "-999", "unknown"]
    x, y = schema.columns
    assert (x.kind, x.missing) == ("integer", True)
    assert (y.levels, y.missing) == (["NA", "b"], False)


def test_decimal_commas_are_the_files(pushforward, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x;n\n1,5;1\n2,25;2\n")
    assert pushforward("schema", path, "-o", tmp_path / "s.json").code == 0
    assert load(tmp_path / "s.json").columns[0].format == "0,0#"


def test_parquet_keeps_its_types(pushforward, tmp_path):
    table = pa.table({"k": pa.array([1, 2, 9], pa.int16()), "c": ["a", "b", "a"]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert pushforward("schema", tmp_path / "t.parquet", "-o", tmp_path / "s.json").code == 0
    assert [c.dtype for c in load(tmp_path / "s.json").columns] == ["int16", "string"]


@pytest.mark.parametrize(("content", "said"), [("x\n", "no data rows"), ("x\n1e99\n2\n", "beyond")])
def test_tables_that_are_refused(refused, tmp_path, content, said):
    path = tmp_path / "t.csv"
    path.write_text(content)
    refused(said, "schema", path, "-o", tmp_path / "s.json")
    assert not (tmp_path / "s.json").exists()
