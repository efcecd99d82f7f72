"""Text from data (column names, paths) cannot act: not in the terminal, not in the card."""

import os
import subprocess
import sys

import numpy as np
import pytest

import tiny
from pushforward.storage.words import cell
from pushforward.tables import writing
from tiny import QUICK

HOSTILE = {
    "script": "a</script><script>alert(1)</script>",
    "markup": "[/red][link=http://evil.example]b",
    "escape": "\x1b[31mc\x1b]0;owned\x07",
    "newline": "d\nd,\r\n",
    "image": "![e](http://evil.example/x.png)",
    "cell": "f|`g`|",
    "order": "\u202egnp\u2066",
    "wide": "é𝛼漢",
}


@pytest.fixture
def hostile(tmp_path):
    """A table whose columns bear such names."""
    path = tmp_path / "t.parquet"
    values = tiny.rows(40, len(HOSTILE)).double().numpy()
    with writing(path) as table:
        table.write(dict(zip(HOSTILE.values(), values.T, strict=True)))
    return path


def assert_tame(text: str) -> None:
    assert all(line.isprintable() for line in text.splitlines())
    assert not set(text) & set("\x1b\x07\r\u202e\u2066")


def test_names_in_the_terminal_and_the_card(pushforward, hostile, tmp_path):
    model = tmp_path / "m"
    code, out, err = pushforward("fit", hostile, "-o", model, *QUICK)
    assert code == 0
    assert_tame(out + err)
    info = pushforward("info", model).out
    assert_tame(info)
    for key in ("script", "markup", "wide"):  # nothing in these moves a terminal
        assert HOSTILE[key] in info
    for shown in (r"\x1b[31mc\x1b]0;owned\x07", r"d\nd,\r\n", r"\u202egnp\u2066"):
        assert shown in info
    card = (model / "README.md").read_text()
    assert_tame(card)
    for active in ("<", "![", "](", "|`", "\x1b", "://"):
        assert active not in card
    for line in card.splitlines():
        assert line.count("|") == 3 if "modelled" in line else True


def test_the_names_themselves_are_kept(pushforward, hostile, tmp_path):
    pushforward("fit", hostile, "-o", tmp_path / "m", *QUICK)
    out = tmp_path / "s.parquet"
    assert pushforward("sample", tmp_path / "m", "-n", 3, "-o", out).code == 0
    scored = tmp_path / "s.csv"
    assert pushforward("score", tmp_path / "m", out, "-o", scored).code == 0
    assert pushforward("score", tmp_path / "m", hostile, "-o", "-").code == 0


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_names_in_refusals(refused, tmp_path, name):
    path = tmp_path / "t.parquet"
    with writing(path) as table:
        table.write({name: np.ones(30), "b": np.arange(30.0)})
    call = ("fit", path, "-o", tmp_path / "m", *QUICK)
    assert_tame(refused("is 1 in every row; leave it out", *call))
    wanted = '"' + name.replace('"', '""') + '!"'
    assert_tame(refused("there is no column", *call, "--columns", wanted))
    assert_tame(refused("there is no column", *call, "--context", wanted))
    assert_tame(refused("names column .* twice", *call, "--columns", f"{wanted},{wanted}"))


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_paths_in_refusals_and_notes(refused, pushforward, table, plain, tmp_path, name):
    name = name.replace("/", "_")
    path = tmp_path / f"{name}.csv"
    assert_tame(refused("there is no such file", "fit", path, "-o", tmp_path / "m"))
    assert_tame(refused("there is no such folder", "info", tmp_path / name))
    assert_tame(refused("unexpected extra argument", "info", plain, name))
    assert_tame(refused("No such option", "info", f"--{name}"))
    assert_tame(refused("is not a folder", "score", plain, table, "-o", tmp_path / name / "o.csv"))
    path.write_text(table.read_text())
    code, out, err = pushforward("fit", path, "-o", tmp_path / name, *QUICK)
    assert code == 0
    assert_tame(out + err)
    assert_tame(pushforward("info", tmp_path / name).out)


def test_a_terminal_without_the_letters(plain):
    """Names go out as escapes rather than as a traceback."""
    call = [sys.executable, "-m", "pushforward", "info", str(plain)]
    result = subprocess.run(
        call, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=True
    )
    assert result.stderr == b""
    assert result.stdout.isascii()


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_cell_of_the_card_is_one_cell_of_plain_text(name):
    assert not set(cell(name)) & set("|<>`[]!*\n\r\x1b")
