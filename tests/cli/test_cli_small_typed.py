"""Typed tables that are tiny, wide, or full of levels or gaps: a model, or a sentence."""

import random

import pytest

QUICK = ("--flow", "columns", "--epochs", "1", "--no-baselines")


def fitted(pushforward, folder, text):
    """A model of a table, which scores the table and makes as many rows."""
    table, model = folder / "t.csv", folder / "m"
    table.write_text(text)
    code, _, err = pushforward("fit", table, "-o", model, *QUICK)
    assert code == 0, err
    rows = text.count("\n") - 1
    code, out, err = pushforward("score", model, table, "-o", "-")
    assert (code, out.count("\n")) == (0, rows + 1), err
    assert "nan" not in out.lower()
    code, out, err = pushforward("sample", model, "-n", rows, "-o", "-")
    assert (code, out.count("\n")) == (0, rows + 1), err
    return model, out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,x\n", r"no column is left to model \(column 'a' is '1' in every row\)"),
        ("a,b\n1,x\n1,x\n", r"no column is left to model \(column 'a' is '1' in every row\)"),
        ("a,b\n,\n1,x\n", "two rows or more in which a cell is known, but there is 1"),
        ("a,b\n", "no data rows"),
    ],
)
def test_tables_too_small_to_fit(refused, tmp_path, text, said):
    (tmp_path / "t.csv").write_text(text)
    refused(said, "fit", tmp_path / "t.csv", "-o", tmp_path / "m", *QUICK)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("text", ["a,b\n1,x\n2,y\n", "a,b\n1.5,x\n2.25,\n", "a,b\n,x\n1,\n"])
def test_two_rows(pushforward, tmp_path, text):
    fitted(pushforward, tmp_path, text)


@pytest.mark.slow
def test_two_hundred_columns(pushforward, tmp_path):
    draw = random.Random(0)

    def line() -> str:
        kinds = (
            lambda: draw.randrange(6),
            lambda: f"{draw.gauss(0, 1):.6f}",
            lambda: "abc"[draw.randrange(3)],
        )
        return ",".join(str(kinds[j % 3]()) for j in range(200))

    head = ",".join(f"c{j}" for j in range(200))
    _, out = fitted(pushforward, tmp_path, "\n".join([head, *(line() for _ in range(60)), ""]))
    assert {line.count(",") for line in out.splitlines()} == {199}


def test_five_thousand_levels(pushforward, tmp_path):
    rows = [f"L{i % 5000},{i * 37 % 101}" for i in range(10_000)]
    model, out = fitted(pushforward, tmp_path, "\n".join(["k,n", *rows, ""]))
    told = pushforward("sample", model, "-n", 3, "-o", "-", "--given", "k=L4999").out
    assert told.count("L4999,") == 3
    assert len({line.partition(",")[0] for line in out.splitlines()}) > 2000


def test_a_column_without_a_cell_that_is_modelled_all_the_same(pushforward, tmp_path):
    (tmp_path / "t.csv").write_text("e,b\n" + ",x\n,y\n" * 20)
    columns = [
        '{"name": "e", "kind": "real", "missing": true}',
        '{"name": "b", "kind": "boolean", "levels": ["x", "y"]}',
    ]
    (tmp_path / "s.json").write_text(f'{{"columns": [{", ".join(columns)}]}}')
    call = ("fit", tmp_path / "t.csv", "-o", tmp_path / "m", "--schema", tmp_path / "s.json")
    assert pushforward(*call, *QUICK).code == 0
    (tmp_path / "later.csv").write_text("e,b\n5.5,x\n,y\n")
    for command in ("score", "impute"):
        code, out, _ = pushforward(command, tmp_path / "m", tmp_path / "later.csv", "-o", "-")
        assert (code, out.splitlines()[1][:5]) == (0, "5.5,x")
        assert "nan" not in out.lower()
