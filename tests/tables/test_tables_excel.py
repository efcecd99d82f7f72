"""CSV that a spreadsheet shows and does not calculate."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pushforward.tables import writing

CELLS = {
    "=1+1": "'=1+1",
    "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0",
    "-x": "'-x",
    "-": "'-",
    "-1+2": "'-1+2",
    "@SUM(A1)": "'@SUM(A1)",
    "\tx": "'\tx",
    "\rx": '"\'\rx"',
    '=A1,"b"': '"\'=A1,""b"""',
    "-1.5": "-1.5",
    "+2e-3": "+2e-3",
    "-1,5": '"-1,5"',
    "a=b": "a=b",
    "": "",
}


@pytest.mark.parametrize("coded", [False, True])
def test_text_that_begins_like_a_formula(tmp_path, coded):
    cells = pa.array([*CELLS, None])
    with writing(tmp_path / "t.csv", excel_safe=True) as table:
        table.write(
            {"=k": np.arange(len(cells)), "b": cells.dictionary_encode() if coded else cells}
        )
    lines = (tmp_path / "t.csv").read_bytes().decode().split("\n")
    assert lines == ["'=k,b", *(f"{k},{c}" for k, c in enumerate([*CELLS.values(), ""])), ""]


def test_numbers_stay_numbers(tmp_path):
    with writing(tmp_path / "t.csv", excel_safe=True) as table:
        table.write({"x": np.array([-1.5, -np.inf]), "n": np.array([-1, 2])})
    assert (tmp_path / "t.csv").read_text() == "x,n\n-1.5,-1\n-inf,2\n"


def test_only_where_it_is_asked_for_and_never_in_parquet(tmp_path):
    for name, safe in (("t.csv", False), ("t.parquet", True)):
        with writing(tmp_path / name, excel_safe=safe) as table:
            table.write({"b": ["=1"]})
    assert (tmp_path / "t.csv").read_text() == "b\n=1\n"
    assert pq.read_table(tmp_path / "t.parquet")["b"].to_pylist() == ["=1"]
