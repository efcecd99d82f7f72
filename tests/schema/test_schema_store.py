"""The file of a schema: what is written is read again, and mistakes by hand are named."""

import json

import pytest

from pushforward.errors import ConfigurationError, DataError
from pushforward.schema import Column, Schema, load, save

WHOLE = Schema(
    na=["", "k. A."],
    columns=[
        Column(name="größe", kind="rounded", step=0.1, lower=0, missing=True),
        Column(name="cut", kind="ordered", levels=["Fair", "Good"], dtype="string", reserve=0.01),
        Column(name="day", kind="datetime", step=86400, origin="2013-01-01", dtype="date32"),
        Column(name="at", kind="datetime", step=1, origin="2013-01-01", fine=True, dtype="string"),
        Column(name="id", kind="identifier", why="counts the rows"),
    ],
)


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "schema.json"
    save(WHOLE, path)
    assert load(path) == WHOLE
    lines = path.read_text("utf-8").splitlines()
    assert sum('"name"' in line for line in lines) == len(WHOLE.columns)
    assert "größe" in lines[4]


def test_an_existing_file_is_kept(tmp_path):
    path = tmp_path / "schema.json"
    path.write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        save(WHOLE, path, force=False)
    assert path.read_text() == "mine"


def written(tmp_path, content):
    path = tmp_path / "s.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"columns": [}', "is no JSON: .* at line 1, column 14"),
        (b"\xff\xfe", "not text in UTF-8"),
        ("[1]", "must be an object"),
        ("[" * 100_000, "nested too deeply|is no JSON"),
        ('{"columns": [], "columns": []}', "the key 'columns' stands twice"),
        ("{}", "the key 'columns' is missing"),
        ('{"version": 2, "columns": []}', "has version 2"),
        ('{"version": "x", "columns": []}', "version is 'x'"),
        ('{"colums": [], "columns": []}', r"no key 'colums' \(did you mean 'columns'\?\)"),
        ('{"columns": {}}', "columns is '{}'"),
        ('{"columns": [7]}', "column 1: .*dict|column 1: .*object"),
    ],
)
def test_files_that_are_no_schema(tmp_path, content, said):
    path = written(tmp_path, content)
    with pytest.raises((DataError, ConfigurationError), match=said) as error:
        load(path)
    assert str(path) in str(error.value)
    assert str(error.value).isprintable()


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        load(tmp_path / "none.json")


DAY = {"kind": "datetime", "step": 1, "origin": "2013-01-01", "dtype": "string"}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"kind": "reel"}, r"kind is 'reel' \(did you mean 'real'\?\), and must be one of 'real'"),
        ({}, "the key 'kind' is missing"),
        ({"kind": "real", "lwer": 0}, r"no key 'lwer' \(did you mean 'lower'\?\)"),
        ({"kind": "bounded", "lower": 2, "upper": 1}, "lower is 2, and upper, 1, is not above it"),
        ({"kind": "bounded"}, "kind bounded needs lower or upper"),
        ({"kind": "positive", "lower": -1}, "positive column has none below 0"),
        ({"kind": "category", "levels": ["a", "a"], "dtype": "string"}, "levels hold 'a' twice"),
        ({"kind": "category"}, "kind category needs levels"),
        ({"kind": "category", "levels": []}, "needs one or more levels"),
        ({"kind": "boolean", "levels": ["a"]}, "needs two levels, not 1"),
        ({"kind": "category", "levels": ["a"], "reserve": 1.5}, "reserve is '1.5': input"),
        ({"kind": "rounded"}, "kind rounded needs step"),
        ({"kind": "rounded", "step": 0}, "step is '0'"),
        ({"kind": "periodic"}, "kind periodic needs period"),
        ({"kind": "datetime", "step": 1, "origin": "soon"}, "'soon' is no date"),
        ({"kind": "rounded", "step": 1, "origin": "soon"}, "must be a number"),
        ({"kind": "real", "levels": ["a"]}, "levels means nothing for kind real"),
        ({"kind": "real", "dtype": "flaot64"}, "there is no dtype 'flaot64'"),
        ({"kind": "real", "format": "%d"}, "'%d' is no format of a number"),
        (DAY | {"format": "0.0"}, "no format of a date"),
        (DAY | {"format": "%Y-%m"}, "no format of a date"),
        ({"kind": "real", "dtype": "date32"}, "dtype date32 cannot hold a column of kind real"),
        (DAY | {"dtype": "int64"}, "dtype int64 cannot hold a column of kind datetime"),
        ({"kind": "category", "levels": ["a"], "dtype": "int64"}, "not all of dtype int64"),
        ({"kind": "constant"}, "kind constant needs value"),
        ({"kind": "real", "missing": "perhaps"}, "missing is 'perhaps'"),
        ({"kind": "real", "lower": True}, "lower is true, and must be a number"),
        ({"kind": "real", "lower": 1e31}, r"lower is 1e\+31, and must lie within ±1e\+30"),
        ({"kind": "real", "step": 1e-310}, "step is 1e-310, and must be 1e-30 or more"),
        ({"kind": "bounded", "lower": 1e9, "upper": 1e9 + 1}, "too near it for float32"),
        ({"kind": "positive", "upper": 0}, "upper is 0, but a positive column lies above 0"),
        ({"kind": "periodic", "period": 5, "step": 5}, "step is 5, and must be below period, 5"),
        ({"kind": "integer", "origin": 0.5}, "counts whole numbers, and origin is 0.5"),
        ({"kind": "integer", "step": 0.5}, "counts whole numbers, and step is 0.5"),
        ({"kind": "rounded", "step": 0.5, "dtype": "int64"}, "int64 holds whole numbers alone"),
        ({"kind": "real", "step": 0.5, "dtype": "int8"}, "int8 holds whole numbers alone"),
        ({"kind": "integer", "upper": 128, "dtype": "int8"}, "dtype int8 ends at 127"),
        ({"kind": "integer", "lower": -1, "dtype": "uint8"}, "dtype uint8 ends at 0"),
        ({"kind": "integer", "origin": 1e16}, r"origin is 1e\+16, to which steps of 1 cannot be"),
        ({"kind": "rounded", "step": 0.25, "format": "0.0"}, "fewer decimals than step 0.25 needs"),
        ({"kind": "category", "levels": ["a", "b "]}, "level 'b ' has blanks around it"),
        ({"kind": "category", "levels": ["(other)"], "reserve": 0.1}, "what reserve calls a level"),
        ({"kind": "category", "levels": ["1", "01"], "dtype": "int8"}, "'1' and '01' are one int8"),
        ({"kind": "boolean", "levels": ["no", "NO"]}, "'no' and 'NO' are one word"),
        ({"kind": "constant", "value": "a", "dtype": "int64"}, "value is 'a', which is no int64"),
        ({"kind": "constant", "value": "a", "missing": True}, "a constant is never missing"),
        (DAY | {"step": 1e-9}, "dates are told apart to 1e-06 of one"),
        (DAY | {"format": "%Y-%m-%d"}, "writes no time of day, and dates lie 1 seconds apart"),
        (DAY | {"format": "%Y-%m-%d %H:%M"}, "writes no seconds"),
        (DAY | {"step": 86400, "origin": "2013-01-01T05:00", "dtype": "date32"}, "counted from"),
        (DAY | {"format": "%Y-%Y-%m-%d"}, "no format of a date"),
    ],
)
def test_columns_that_contradict_themselves(tmp_path, record, said):
    content = json.dumps({"columns": [{"name": "x", **record}]})
    with pytest.raises(ConfigurationError, match=f"s.json: column 'x': .*{said}") as error:
        load(written(tmp_path, content))
    assert str(error.value).endswith(".")
    assert str(error.value).isprintable()


def test_two_columns_of_one_name(tmp_path):
    content = json.dumps({"columns": [{"name": "x", "kind": "real"}] * 2})
    with pytest.raises(ConfigurationError, match="two columns are called 'x'"):
        load(written(tmp_path, content))


@pytest.mark.parametrize("level", ["NA", "k. a."])
def test_a_level_that_says_missing(tmp_path, level):
    record = {"name": "x", "kind": "category", "levels": ["a", level]}
    content = json.dumps({"na": ["na", "k. A."], "columns": [record]})
    with pytest.raises(ConfigurationError, match=f"level '{level}' of column 'x' is in na"):
        load(written(tmp_path, content))


def test_numbers_are_never_spelled_as_a_text_that_says_missing():
    column = Column(name="x", kind="category", levels=["-999", "0"], dtype="int64")
    assert Schema(na=["-999"], columns=[column]).modelled == [column]


@pytest.mark.parametrize(
    ("record", "dtype"),
    [
        ({"kind": "category", "levels": ["a"]}, "string"),
        ({"kind": "integer"}, "int64"),
        ({"kind": "positive"}, "float64"),
        ({"kind": "datetime", "step": 1, "origin": "2013-01-01"}, "string"),
    ],
)
def test_a_record_without_a_dtype(record, dtype):
    assert Column(name="x", **record).dtype == dtype


def test_bounds_between_which_no_step_lies_are_refused():
    with pytest.raises(ValueError, match=r"no multiple of 1 lies between 0.2 and 0.8"):
        Column(name="n", kind="integer", lower=0.2, upper=0.8)
    with pytest.raises(ValueError, match=r"no multiple of 0.25 lies between 0.1 and 0.2"):
        Column(name="n", kind="bounded", lower=0.1, upper=0.2, step=0.25)
