"""CSV as it comes: each file in `fixtures` is read right, or refused with its place."""

from pathlib import Path

import numpy as np
import pytest

from pushforward.errors import DataError
from pushforward.tables import decode, dialect, open_table, read_numeric, rows

FIXTURES = Path(__file__).parent / "fixtures"
AB = ["a", "b"]
ACCENTED = ["température", "b"]
COLUMNS = ["column_1", "column_2"]
VALUES = [[1.5, 2.0], [-3.0, 400.0]]
WITHOUT_HEADER = "there is no header: the columns are called column_1, column_2 and so on"

READ = {  # file: columns (those called note… aside), values, notes
    "plain.csv": (ACCENTED, VALUES, []),
    "bom.csv": (ACCENTED, VALUES, []),
    "latin1.csv": (ACCENTED, VALUES, []),
    "windows1252.csv": (["prix €", "b"], VALUES, []),
    "utf16_le.csv": (ACCENTED, VALUES, []),
    "utf16_be.csv": (ACCENTED, VALUES, []),
    "utf16_unmarked.csv": (ACCENTED, VALUES, []),
    "late_byte.csv": (["a"], [[i] for i in range(51)], []),
    "semicolon.csv": (AB, VALUES, []),
    "tab.tsv": (AB, VALUES, []),
    "pipe.txt": (AB, VALUES, []),
    "decimal_comma.csv": (["mass", "size"], VALUES, []),
    "decimal_comma_no_header.csv": (COLUMNS, [[1.5, 2.25], [-3, 4.75]], [WITHOUT_HEADER]),
    "quoted_newlines.csv": (AB, VALUES, []),
    "quoted_numbers.csv": (AB, VALUES, []),
    "stray_quote.csv": (AB, VALUES, []),
    "no_header.csv": (COLUMNS, VALUES, [WITHOUT_HEADER]),
    "pandas_numbers_for_names.csv": (
        ["column_1", "0", "1"],
        [[0, 1.5, 2], [1, -3, 400]],
        ["column 1 has no name in the header: it is called column_1"],
    ),
    "empty_header_cell.csv": (
        ["a", "column_2"],
        VALUES,
        ["column 2 has no name in the header: it is called column_2"],
    ),
    "trailing_empty_lines.csv": (AB, VALUES, []),
    "crlf.csv": (AB, VALUES, []),
    "old_mac.csv": (AB, VALUES, []),
    "spaces.csv": (AB, VALUES, []),
    "no_final_newline.csv": (AB, VALUES, []),
    "long_line.csv": (AB, VALUES, []),
    "one_column.csv": (["a"], [[1.5], [-3]], []),
}

NOT_COUNTED = "(the header not counted)"
NO_NUMBER = "which is not a number; mend it or leave out the column."
LONGER = "cells where the header has"
EMPTY = "is empty; fill it in, or leave out the row or the column."
REFUSED = {
    "mixed_encodings.csv": "line 3 is not valid UTF-8 text; save the file as UTF-8.",
    "truncated_utf16.csv": "line 3 is not valid UTF-16 text; save the file as UTF-8.",
    "nul.csv": "line 3 holds a NUL byte, so that it is no plain text; save it as CSV again.",
    "decimal_comma_with_point.csv": (
        f"column 'a', row 1 {NOT_COUNTED} holds '1,5', which is not a number "
        "(decimals are written with '.' here); mend it or leave out the column."
    ),
    "decimal_comma_in_comma_file.csv": (
        f"column 'a', row 2 {NOT_COUNTED} holds '3,25', which is not a number "
        "(decimals are written with '.' here); mend it or leave out the column."
    ),
    "no_header_missing_value.csv": f"column 'column_2', row 1 {EMPTY}",
    "duplicate_header.csv": "columns 1 and 3 are both called 'a'; rename one of them.",
    "row_too_short.csv": f"row 3 {NOT_COUNTED} has 1 cell where the header has 2; mend it: '5'.",
    "row_too_long.csv": f"row 2 {NOT_COUNTED} has 3 {LONGER} 2; mend it: '3,4,5'.",
    "ragged_header.csv": f"row 1 {NOT_COUNTED} has 2 {LONGER} 1; mend it: '1,2'.",
    "unterminated_quote.csv": 'line 3 opens a quote (") that is never closed; close it.',
    "text_after_quote.csv": (
        'line 2 has text after a closing quote; write a quote inside a cell as "".'
    ),
    "one_column_gap.csv": f"column 'a', row 2 {NOT_COUNTED} {EMPTY}",
    "empty_cell.csv": f"column 'b', row 2 {NOT_COUNTED} {EMPTY}",
    "text.csv": f"column 'b', row 2 {NOT_COUNTED} holds 'red', {NO_NUMBER}",
    "nan.csv": f"column 'b', row 2 {NOT_COUNTED} holds 'nan', {NO_NUMBER}",
    "infinite.csv": (
        f"column 'b', row 2 {NOT_COUNTED} holds '-inf', which is infinite; "
        "mend it or leave out the row."
    ),
    "huge.csv": (
        f"column 'b', row 2 {NOT_COUNTED} holds '1e300', which is beyond ±1e30; "
        "rescale the column or leave out the row."
    ),
    "overflow.csv": (
        f"column 'b', row 2 {NOT_COUNTED} holds '1e400', which is beyond ±1e30; "
        "rescale the column or leave out the row."
    ),
    "identifier.csv": (
        f"column 'id', row 2 {NOT_COUNTED} holds '4472832130942575873', an integer beyond 2^53 "
        "that float64 would round; leave out the column if it is an identifier, "
        "or write it as a decimal."
    ),
    "escape.csv": (
        f"column 'b', row 2 {NOT_COUNTED} holds "
        rf"'\x1b[31mred\x07 and very much more text than a…', {NO_NUMBER}"
    ),
    "header_only.csv": "there are no data rows, only column names.",
    "empty.csv": "the file is empty.",
    "only_newlines.csv": "the file is empty.",
    "bom_only.csv": "the file is empty.",
}

any_block = pytest.mark.parametrize("block", [1, 7, 1 << 20])


def numbers(path: Path):
    """All columns that are not called note."""
    notes = [name for name in open_table(path).names if name.startswith("note")]
    return read_numeric(path, exclude=notes)


@any_block
@pytest.mark.parametrize("name", READ)
def test_is_read_right_whatever_the_blocks(name, block, monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", block)
    table = numbers(FIXTURES / name)
    names, values, notes = READ[name]
    assert table.names == names
    assert table.values.dtype == np.float64
    assert table.values.tolist() == values
    assert table.notes == notes


@any_block
@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_with_its_place_whatever_the_blocks(name, block, monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", block)
    with pytest.raises(DataError) as caught:
        numbers(FIXTURES / name)
    assert str(caught.value) == f"{FIXTURES / name}: {REFUSED[name]}"


def test_each_fixture_has_its_test():
    files = {path.name for path in FIXTURES.iterdir() if not path.name.startswith(".")}
    assert files == READ.keys() | REFUSED.keys()


@any_block
def test_carried_text_stays_as_it_is(block, monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", block)
    [batch] = open_table(FIXTURES / "quoted_newlines.csv").batches()
    assert batch.data.schema.names == ["a", "note\nof two lines", "b"]
    assert batch.data.column(1).to_pylist() == ["first\n\nthird", 'say "hi", then']
    [batch] = open_table(FIXTURES / "spaces.csv").batches()
    assert batch.data.column("a").to_pylist() == [" 1.5 ", "\t-3"]


def lines(path: Path, count: int, last: bytes = b"") -> Path:
    """A file with a header and `count` rows of two numbers, longer than what is sniffed."""
    path.write_bytes(b"a,b\n" + b"".join(b"%d,0.25\n" % i for i in range(count)) + last)
    assert path.stat().st_size > dialect.HEAD
    return path


@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    return lines(tmp_path_factory.mktemp("long") / "long.csv", 120_000)


@pytest.mark.parametrize("size", [1000, 65_536, 10**6])
def test_batches_have_the_size_that_is_asked_for(long_file, size):
    batches = list(open_table(long_file).batches(rows=size))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert [batch.start for batch in batches] == list(range(0, 120_000, size))
    values = np.concatenate([batch.numeric(["a"]) for batch in batches])
    assert np.array_equal(values[:, 0], np.arange(120_000.0))


def test_a_late_byte_of_another_encoding_is_read(tmp_path):
    path = lines(tmp_path / "late.csv", 120_000, b"7,caf\xe9\n")
    *_, last = open_table(path).batches()
    assert last.data.column("b").to_pylist()[-1] == "café"


def test_a_late_bad_byte_after_utf8_is_refused_with_its_line(tmp_path):
    path = lines(tmp_path / "late.csv", 120_000, "7,é\n".encode() + b"8,caf\xe9\n")
    with pytest.raises(DataError, match=r"line 120003 is not valid UTF-8"):
        list(open_table(path).batches())


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (b"1,red\n", r"column 'b', row 120001 \(the header not counted\) holds 'red'"),
        (b"1\n", r"row 120001 \(the header not counted\) has 1 cell where the header has 2"),
        (b'1,"2\n3,4\n', r"line 120002 opens a quote"),
        (b'1,"2"3\n', r"line 120002 has text after a closing quote"),
    ],
)
def test_a_late_fault_is_refused_with_its_place(tmp_path, last, message):
    with pytest.raises(DataError, match=message):
        read_numeric(lines(tmp_path / "late.csv", 120_000, last))


@pytest.mark.parametrize("size", [1, 100])
def test_the_first_fault_in_the_file_is_named_whatever_the_batch(tmp_path, size):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,red\nblue,4\n")
    batches = open_table(path).batches(rows=size)
    with pytest.raises(
        DataError, match=r"column 'b', row 2 \(the header not counted\) holds 'red'"
    ):
        np.concatenate([batch.numeric(["a", "b"]) for batch in batches])


def test_a_row_longer_than_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", 1024)
    wide = 5000
    path = tmp_path / "wide.csv"
    path.write_text(f"{','.join(f'x{j}' for j in range(wide))}\n{','.join(['0.125'] * wide)}\n")
    table = read_numeric(path)
    assert table.values.shape == (1, wide)
    assert np.all(table.values == 0.125)


def test_a_very_long_cell(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text(f'a,note\n1,"{"word, " * (1 << 19)}"\n2,short\n')
    assert read_numeric(path, ["a"]).values.tolist() == [[1.0], [2.0]]


def test_an_endless_row_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "LONGEST_ROW", 1 << 20)
    path = tmp_path / "endless.csv"
    path.write_text("a,b\n1," + "2" * (3 << 20))
    with pytest.raises(DataError, match="line 2 is longer than 1 million characters"):
        read_numeric(path)


def test_memory_stays_flat(tmp_path):
    import pyarrow as pa

    path = tmp_path / "big.csv"
    block = b"0.1234567890123456,1.234567890123456,some text that is carried through\n" * 10_000
    with open(path, "wb") as file:
        file.write(b"a,b,note\n")
        for _ in range(40):
            file.write(block)
    before = pa.total_allocated_bytes()
    peak = count = 0
    for batch in open_table(path).batches(rows=8192):
        count += len(batch.numeric(["a", "b"]))
        peak = max(peak, pa.total_allocated_bytes() - before)
    assert count == 400_000
    assert peak < 10e6 < path.stat().st_size / 2


def test_numbers_that_count_are_names_only_above_decimals(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("0,1\n0.5,2\n")
    assert open_table(path).names == ["0", "1"]
    path.write_text("0,1\n2,3\n")
    assert open_table(path).names == ["column_1", "column_2"]


def test_a_quote_fault_counts_the_empty_lines_before_the_header(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('\n\na,b\n1,"2\n')
    with pytest.raises(DataError, match="line 4 opens a quote"):
        read_numeric(path)
