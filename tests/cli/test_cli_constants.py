"""Columns that are one constant: told, contradicted, filled; and others that are left out."""

import csv
import io
import json
from pathlib import Path

import pytest

from pushforward.cli.app import run

HEAD = "id,year,rate,who,n,cut,none\n"


def row(i: int, year: str = "2013", n: str | None = None) -> str:
    number = str(i * i % 17) if n is None else n
    return f"r{i},{year},2.50,Bob,{number},{'ab'[i * i % 3 % 2]},\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a table `t.csv` and a model `m` of its columns n and cut."""
    folder = tmp_path_factory.mktemp("constants")
    (folder / "t.csv").write_text(HEAD + "".join(map(row, range(100))))
    quick = ("--flow", "columns", "--epochs", "2", "--no-baselines")
    assert run(["fit", str(folder / "t.csv"), "-o", str(folder / "m"), *quick]) == 0
    return folder


@pytest.mark.parametrize("told", ["year=2013", "rate=2.5", "who=Bob", "year>=2010,year<2014"])
def test_what_is_certain_is_accepted(pushforward, place, told):
    code, out, err = pushforward("sample", place / "m", "-n", 3, "-o", "-", "--given", told)
    assert code == 0
    assert err == f"log P({told}) = 0.0000 nats.\n"
    drawn = list(csv.DictReader(io.StringIO(out)))
    assert [line["year"] for line in drawn] == ["2013"] * 3
    plain = pushforward("sample", place / "m", "-n", 3, "-o", "-", "--given", f"{told},n>=4")
    assert all(int(line["n"]) >= 4 for line in csv.DictReader(io.StringIO(plain.out)))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("year=2014", "No row can meet the condition year=2014: 'year' is '2013' in every row"),
        ("rate!=2.5", "'rate' is '2.50' in every row"),
        ("who=bob", "'who' is 'Bob' in every row"),
        ("who>Al", "is the text 'Bob' in every row, which has no bounds; use ="),
        ("id=r1", "does not hold column 'id', which is different in nearly every row"),
        ("none=1", "does not hold column 'none', which is missing in every row"),
    ],
)
def test_what_is_impossible_is_refused(refused, place, tmp_path, told, said):
    refused(said, "sample", place / "m", "-n", 3, "-o", tmp_path / "o.csv", "--given", told)
    assert not any(tmp_path.iterdir())


def test_gaps_of_a_constant_are_filled(pushforward, place, tmp_path):
    (tmp_path / "g.csv").write_text(HEAD + row(1, year="") + "x,,,NA,3,a,\n" + row(2, n=""))
    code, out, err = pushforward("impute", place / "m", tmp_path / "g.csv", "-o", "-")
    assert code == 0
    filled = list(csv.DictReader(io.StringIO(out)))
    assert [line["year"] for line in filled] == ["2013"] * 3
    assert [line["rate"] for line in filled] == ["2.50"] * 3
    assert [line["who"] for line in filled] == ["Bob"] * 3
    assert err == "5 cells filled in 3 rows.\n"
    drawn = pushforward("impute", place / "m", tmp_path / "g.csv", "-o", "-", "--draws", 2)
    assert [line["year"] for line in csv.DictReader(io.StringIO(drawn.out))] == ["2013"] * 6
    assert drawn.err == "5 cells filled in 3 rows, 2 times each.\n"


def test_another_value_than_the_constant_is_impossible(refused, place, tmp_path):
    (tmp_path / "g.csv").write_text(HEAD + row(1) + row(2, year="2014"))
    said = "g.csv: column 'year', row 2 .*holds '2014', which is impossible: it is '2013' in every"
    refused(said, "impute", place / "m", tmp_path / "g.csv", "-o", tmp_path / "o.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["g.csv"]


def test_a_column_without_cells_in_the_fit_may_have_some_later(pushforward, place, tmp_path):
    (tmp_path / "g.csv").write_text(HEAD + row(1).replace(",\n", ",7\n"))
    for command in ("score", "impute"):
        code, out, _ = pushforward(command, place / "m", tmp_path / "g.csv", "-o", "-")
        assert code == 0
        assert next(csv.DictReader(io.StringIO(out)))["none"] == "7"


def fit_by(place: Path, tmp_path: Path, *records: dict) -> tuple[object, ...]:
    """The command that fits the table by a schema of these columns."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"columns": list(records)}))
    model = tmp_path / "m"
    return ("fit", place / "t.csv", "-o", model, "--schema", path, "--epochs", 1, "--no-baselines")


CUT = {"name": "cut", "kind": "category", "levels": ["a", "b"]}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"name": "n", "kind": "constant", "value": "3"}, "t.csv: column 'n', row 1 .*impossible"),
        (
            {"name": "n", "kind": "integer", "origin": 1e9},
            r"t.csv: column 'n', row 1 .*holds '0', which lies 1e\+09 steps from its origin",
        ),
        ({"name": "n", "kind": "integer", "step": 0.5}, "s.json: column 'n': kind integer counts"),
    ],
)
def test_a_schema_that_the_table_contradicts(refused, place, tmp_path, record, said):
    refused(said, *fit_by(place, tmp_path, record, CUT))
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


def test_one_level_with_room_for_others(pushforward, place, tmp_path):
    record = {"name": "cut", "kind": "category", "levels": ["a"], "reserve": 0.5}
    assert pushforward(*fit_by(place, tmp_path, record)).code == 0
    out = pushforward("sample", tmp_path / "m", "-n", 50, "-o", "-").out
    assert set(out.split()) == {"cut", "a", "(other)"}
