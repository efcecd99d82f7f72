"""Bad input and bad calls: one line that names file, column, row and remedy; nothing half done."""

import hashlib
import json
import os
import resource
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

import tiny
from pushforward.tables import read_numeric
from pushforward.tables.fitting import Request, fit_table
from tiny import QUICK, write_csv


def only(folder: Path, *names: str) -> bool:
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


BAD_TABLES = {
    "empty file": ("", r"the file is empty"),
    "header only": ("a,b\n", r"there are no data rows, only column names"),
    "one row": ("a,b\n1,2\n", r"2 rows or more, and there is 1"),
    "text": ("a,b\n1,2\n2,red\n3,4\n", r"column 'b', row 2 .*'red', .* not a number; mend it or"),
    "constant": ("a,b\n1,5\n2,5\n3,5\n", r"column 'b' is 5 in every row; leave it out"),
    "equal": ("a,b\n1,1\n2,2\n3,3\n", r"columns 'a' and 'b' are equal .* leave one of them out"),
    "1e300": ("a,b\n1,2\n2,1e300\n", r"column 'b', row 2 .*'1e300', .* beyond ±1e30; rescale"),
    "1e-300": ("a,b\n1,2e-300\n2,1e-300\n", r"column 'b' differ by less than 1e-30.*; rescale it"),
    "inf": ("a,b\n1,2\n-inf,1\n", r"column 'a', row 2 .*'-inf', which is infinite; mend it"),
    "empty cell": ("a,b\n1,\n2,1\n", r"column 'b', row 1 .*is empty; fill it in, or leave out"),
    "nan": ("a,b\n1,2\nnan,1\n", r"column 'a', row 2 .*'nan', which is not a number"),
    "short row": ("a,b\n1,2\n3\n", r"row 2 .*1 cell where the header has 2; mend it"),
    "long row": ("a,b\n1,2\n3,4,5\n", r"row 2 .*3 cells where the header has 2"),
    "a name twice": ("a,a\n1,2\n3,4\n", r"columns 1 and 2 are both called 'a'; rename"),
    "identifiers": ("a,b\n1,2\n2,9007199254740993\n", r"column 'b', row 2 .*beyond 2\^53"),
    "open quote": ('a,b\n1,2\n"3,4\n', r"line 3 opens a quote .* never closed; close it"),
    "NUL": ("a,b\n1,2\n\0,4\n", r"line 3 holds a NUL byte"),
}


@pytest.mark.parametrize(("content", "message"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_tables_that_cannot_be_fitted(refused, tmp_path, content, message):
    table = tmp_path / "t.csv"
    table.write_text(content)
    assert str(table) in refused(message, "fit", table, "-o", tmp_path / "m", *QUICK)
    assert only(tmp_path, "t.csv")


SCORABLE = ("one row", "constant", "equal", "1e-300")  # a density may well be asked there
UNSCORABLE = {name: bad for name, bad in BAD_TABLES.items() if name not in SCORABLE}


@pytest.mark.parametrize("command", ["score", "encode"])
@pytest.mark.parametrize(("content", "message"), UNSCORABLE.values(), ids=UNSCORABLE)
def test_tables_that_cannot_be_scored(refused, pair, tmp_path, command, content, message):
    table = tmp_path / "t.csv"
    table.write_text(content)
    assert str(table) in refused(message, command, pair, table, "-o", tmp_path / "o.csv")
    assert only(tmp_path, "t.csv")


@pytest.mark.parametrize("name", SCORABLE)
def test_tables_that_can_be_scored_though_not_fitted(pushforward, pair, tmp_path, name):
    (tmp_path / "t.csv").write_text(BAD_TABLES[name][0])
    code, out, _ = pushforward("score", pair, tmp_path / "t.csv", "-o", "-")
    assert code == 0
    assert "nan" not in out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.csv", "there is no such file"),
        ("folder.csv", "it is a folder(; give the name of a file|, and holds no table)"),
        ("t.xlsx", r"tables end in \.csv"),
        ("noise.parquet", "it is no Parquet file, or is damaged or cut short"),
        ("cut.parquet", "it is no Parquet file, or is damaged or cut short"),
        ("gaja", r"no data set is named 'gaja'; did you mean 'gaia'"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "score", "encode", "decode", "report", "check"])
def test_files_that_are_no_tables(refused, shelf, plain, tmp_path, name, message, command):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "t.xlsx").touch()
    (tmp_path / "noise.parquet").write_bytes(os.urandom(500))
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + bytes(100))
    data = name if name == "gaja" else tmp_path / name
    call = {
        "fit": ("fit", data, "-o", tmp_path / "m", *QUICK),
        "report": ("report", plain, data, "-o", tmp_path / "o.html"),
        "check": ("check", plain, data),
    }
    refused(message, *call.get(command, (command, plain, data, "-o", tmp_path / "o.csv")))
    assert only(tmp_path, "folder.csv", "t.xlsx", "noise.parquet", "cut.parquet")


@pytest.mark.parametrize("command", ["score", "encode", "report", "check"])
def test_a_column_that_is_missing(refused, plain, tmp_path, command):
    table = write_csv(tmp_path / "t.csv", {"b": np.arange(3), "aa": np.arange(3)})
    output = () if command == "check" else ("-o", tmp_path / "o.csv")
    message = r"there is no column 'a' \(did you mean 'aa'\?\); its columns are 'b', 'aa'"
    refused(message, command, plain, table, *output)
    assert only(tmp_path, "t.csv")


def test_latents_that_are_missing(refused, table, plain, given, tmp_path):
    refused("there is no column 'z_1'", "decode", plain, table, "-o", tmp_path / "o.csv")
    latents = write_csv(tmp_path / "z.csv", {"z_1": np.arange(3), "z_2": np.arange(3)})
    refused("there is no column 'c'", "decode", given, latents, "-o", tmp_path / "o.csv")


def test_a_fault_far_down_leaves_no_output(refused, plain, tmp_path):
    table = write_csv(tmp_path / "t.csv", tiny.columns(70_000))
    with table.open("a") as file:
        file.write("1,2,red\n")
    message = r"column 'c', row 70001 .*'red'"
    refused(message, "score", plain, table, "-o", tmp_path / "o.csv")
    assert only(tmp_path, "t.csv")
    (tmp_path / "o.csv").write_text("old")
    refused(message, "score", plain, table, "-o", tmp_path / "o.csv", "--force")
    assert (tmp_path / "o.csv").read_text() == "old"


@pytest.mark.parametrize("name", ["log_prob", "rarity"])
def test_scores_are_there_already(refused, plain, tmp_path, name):
    table = write_csv(tmp_path / "t.csv", tiny.columns() | {name: np.arange(80)})
    refused(f"has a column '{name}' already", "score", plain, table, "-o", tmp_path / "o.csv")


CALLS = {
    "score": lambda model, table: ("score", model, table),
    "encode": lambda model, table: ("encode", model, table),
    "decode": lambda model, table: ("decode", model, table),
    "sample": lambda model, _: ("sample", model, "-n", 3),
    "report": lambda model, _: ("report", model),
    "check": lambda model, _: ("check", model),
    "info": lambda model, _: ("info", model),
}
WRITING = ("score", "encode", "decode", "sample", "report")


@pytest.mark.parametrize("command", WRITING)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("old.csv", r"old\.csv exists already; replace it with --force"),
        ("missing/o.csv", "missing is not a folder; create it first, or give another name"),
        ("old.csv/o.csv", "old.csv is not a folder|Not a directory"),
        ("folder", "folder is a folder; give the name of a file"),
        (f"{'x' * 300}.csv", "File name too long"),
    ],
)
def test_outputs_that_cannot_be(refused, table, plain, tmp_path, command, name, message):
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "folder").mkdir()
    refused(message, *CALLS[command](plain, table), "-o", tmp_path / name)
    assert only(tmp_path, "old.csv", "folder")
    assert (tmp_path / "old.csv").read_text() == "old"


@pytest.mark.parametrize("command", WRITING[:-1])
def test_outputs_of_no_known_kind(refused, table, plain, tmp_path, command):
    if command == "decode":
        table = write_csv(tmp_path / "z.csv", {f"z_{k}": np.arange(9) for k in (1, 2, 3)})
    for name in ("o.xlsx", "o", "o.csv.gz"):
        refused(r"tables end in \.csv", *CALLS[command](plain, table), "-o", tmp_path / name)
        assert not (tmp_path / name).exists()


def damaged(model: Path, folder: Path, how: str) -> Path:
    """A copy of the model with something wrong."""
    copy = Path(shutil.copytree(model, folder / "bad"))
    tensors, config = copy / "model.safetensors", copy / "config.json"
    match how:
        case "truncated":
            tensors.write_bytes(tensors.read_bytes()[:-10])
        case "altered":
            data = bytearray(tensors.read_bytes())
            data[-1] ^= 1
            tensors.write_bytes(data)
        case "altered config":
            config.write_text(config.read_text().replace("maf", "iaf"))
        case "newer":
            config.write_text(config.read_text().replace('"format": 1', '"format": 7'))
            hashes = json.loads((copy / "manifest.json").read_text())
            hashes["config.json"] = hashlib.sha256(config.read_bytes()).hexdigest()
            (copy / "manifest.json").write_text(json.dumps(hashes))
        case "incomplete":
            (copy / "manifest.json").unlink()
        case "missing":
            shutil.rmtree(copy)
        case _:
            shutil.rmtree(copy)
            copy.write_text("a file")
    return copy


@pytest.mark.parametrize("command", CALLS)
@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("truncated", r"model\.safetensors was altered or damaged: .* Get the model anew"),
        ("altered", r"model\.safetensors was altered or damaged: .* Get the model anew"),
        ("altered config", r"config\.json was altered or damaged"),
        ("newer", r"has format 7, but this version .* reads up to 1; upgrade pushforward"),
        ("incomplete", r"is not a whole model: manifest\.json is missing"),
        ("missing", "is not a model: there is no such folder"),
        ("a file", "is not a model: there is no such folder"),
    ],
)
def test_models_that_are_none(refused, table, plain, tmp_path, command, how, message):
    model = damaged(plain, tmp_path, how)
    output = ("-o", tmp_path / "o.csv") if command in WRITING else ()
    assert str(model) in refused(message, *CALLS[command](model, table), *output)
    assert not (tmp_path / "o.csv").exists()


def test_a_verdict_as_json_without_data(refused, plain, tmp_path):
    call = ("report", plain, "-o", tmp_path / "o.html", "--json", tmp_path / "v.json")
    refused("--json needs DATA", *call)
    assert only(tmp_path)


@pytest.mark.parametrize("text", [None, "{\n", '["no entry"]\n', "\x80\n"])
def test_a_report_without_a_history(refused, plain, tmp_path, text):
    model = Path(shutil.copytree(plain, tmp_path / "m"))
    (model / "history.jsonl").unlink()
    if text:
        (model / "history.jsonl").write_text(text, encoding="latin-1")
    message = r"history\.jsonl cannot be read, or is damaged"
    refused(message, "report", model, "-o", tmp_path / "o.html")


BAD_OPTIONS = [
    (("--flow", "nfs"), "no flow called 'nfs'; there are .*nsf"),
    (("--flow", "glow"), "no flow of tables called 'glow'; there are .*nsf"),
    (
        ("--flow", "nsf", "--scaler", "minmax"),
        "scaler must be one of whiten, standardize, none, but is 'minmax'",
    ),
    (("--scaler", "none"), "scaler: settings of one flow; name it with --flow"),
    (("--time-budget", "soon"), r'A time budget looks like "75s", "5m" or "1h30m", not \'soon\''),
    (("--time-budget", "0s"), "A time budget must be positive"),
    (("--time-budget", ""), "A time budget looks like"),
    (("--time-budget", "5"), "A time budget looks like"),
    (("--time-budget", "-5m"), "A time budget looks like"),
    (("--epochs", "2", "--time-budget", "5m"), "either --epochs or --time-budget, one of the two"),
    (("--epochs", "0"), "epochs must be a whole number of at least 1, but is 0"),
    (("--epochs", "-3"), "epochs must be a whole number of at least 1, but is -3"),
    (("--epochs", "many"), "'--epochs'.*integer"),
    (("--seed", "-1"), "'--seed'.*greater than or equal to 0"),
    (("--seed", str(2**32)), "'--seed'.*less than or equal to 4294967295"),
    (("--columns", "a,d"), "there is no column 'd'; its columns are 'a', 'b', 'c'"),
    (("--columns", ""), "--columns names no column"),
    (("--columns", "a,a"), "--columns names column 'a' twice"),
    (("--columns", 'a,"b'), "--columns 'a,\"b' is no list of names"),
    (("--columns", "a,,b"), "there is no column ''"),
    (("--context", "d"), "there is no column 'd'"),
    (("--context", "a,b,c"), "every column is a context; none is left to model"),
    (("--columns", "a,b", "--context", "b"), "Column 'b' is in --columns and in --context"),
    (("--frobnicate",), "No such option: --frobnicate.*; see pushforward fit --help"),
    (("more.csv",), "unexpected extra argument"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS, ids=lambda v: str(v)[:30])
def test_options_without_a_meaning(refused, table, tmp_path, options, message):
    refused(message, "fit", table, "-o", tmp_path / "m", *options)
    assert only(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fit",), "Missing argument 'DATA'; see pushforward fit --help"),
        (("fit", "t.csv"), "Missing option '--output' / '-o'"),
        (("bogus",), "No such command 'bogus'"),
        (("data",), "Missing command"),
        (("data", "get", "gaja"), "no data set is named 'gaja'"),
        (("--version",), "No such option"),
    ],
)
def test_calls_that_are_none(refused, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    refused(message, *arguments)
    assert only(tmp_path)


@pytest.mark.parametrize("n", [0, -1, "x", "1.5", ""])
def test_numbers_of_samples_that_are_none(refused, plain, n):
    refused("-n must be at least 1|'-n'", "sample", plain, "-n", n, "-o", "-")


def test_a_context_that_is_missing_or_too_much(refused, table, plain, given, tmp_path):
    few = ("-n", 3, "-o", tmp_path / "o.csv")
    refused("is conditioned on c; give --context FILE with them", "sample", given, *few)
    refused("is not conditional; leave out --context", "sample", plain, *few, "--context", table)
    wrong = write_csv(tmp_path / "c.csv", {"d": np.arange(3)})
    refused("there is no column 'c'", "sample", given, *few, "--context", wrong)
    assert only(tmp_path, "c.csv")


@pytest.fixture
def little_room():
    """No file may grow beyond so many bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_full_disk_while_fitting(refused, pushforward, table, tmp_path, little_room, size):
    call = ("fit", table, "-o", tmp_path / "m", *QUICK)
    little_room(size)
    refused(r"m\.partial/.* cannot be written: File too large", *call)
    little_room(resource.RLIM_INFINITY)
    assert not (tmp_path / "m").exists()
    assert pushforward(*call, "--resume").code == 0
    assert only(tmp_path, "m")


@pytest.mark.parametrize("command", WRITING)
def test_a_full_disk_while_writing(refused, table, plain, tmp_path, little_room, command):
    if command == "decode":
        table = write_csv(tmp_path / "z.csv", {f"z_{k}": np.arange(9) for k in (1, 2, 3)})
    before = [path.name for path in tmp_path.iterdir()]
    output = tmp_path / ("o.html" if command == "report" else "o.csv")
    little_room(10)
    call = (*CALLS[command](plain, table), "-o", output)
    refused(rf"{output} cannot be written: File too large", *call)
    assert only(tmp_path, *before)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["score", "encode", "sample", "info", "check", "data"])
def test_a_full_disk_behind_standard_output(monkeypatch, capsys, table, plain, command):
    from pushforward.cli.app import run

    call = ("data", "list") if command == "data" else CALLS[command](plain, table)
    if command in WRITING:
        call = (*call, "-o", "-")
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert run([str(part) for part in call]) == 2
        full.flush()  # as Python does at its exit: by then there is nothing left to complain of
    err = capsys.readouterr().err
    assert "standard output" in err
    assert err.endswith("No space left on device.\n")
    assert err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(refused, table, plain, tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    refused("Permission denied", "fit", table, "-o", tmp_path / "m", *QUICK)
    refused("Permission denied", "score", plain, table, "-o", tmp_path / "o.csv")


FIT_TARGETS = {
    "existing": "exists already; replace it with --force",
    "file": "exists already",
    "missing/m": "missing is not a folder; create it first",
    "file/m": "file is not a folder|Not a directory",
    ".": r"\. is no name for a new folder",
    "..": "exists already",
    "/": "/ is no name for a new folder",
    "x" * 300: "File name too long",
}


@pytest.mark.parametrize(("name", "message"), FIT_TARGETS.items(), ids=range(len(FIT_TARGETS)))
def test_where_no_model_can_be_made(refused, table, tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    Path("existing").mkdir()
    Path("file").write_text("mine")
    refused(message, "fit", table, "-o", name, *QUICK)
    assert only(tmp_path, "existing", "file")


@pytest.mark.parametrize("name", ["letters", "file", ".."])
def test_force_replaces_models_only(refused, table, tmp_path, monkeypatch, name):
    inner = tmp_path / "inner"
    (inner / "letters").mkdir(parents=True)
    (inner / "letters" / "love.txt").write_text("dear")
    (inner / "file").write_text("mine")
    monkeypatch.chdir(inner)
    refused("is no model, so it is not replaced", "fit", table, "-o", name, *QUICK, "--force")
    assert only(inner, "letters", "file")
    assert only(inner / "letters", "love.txt")


def test_an_unfinished_fit_is_refused(refused, table, tmp_path):
    (tmp_path / "m.partial").mkdir()
    (tmp_path / "m.partial" / "checkpoint.safetensors").touch()
    call = ("fit", table, "-o", tmp_path / "m", *QUICK)
    message = (
        r"m\.partial holds an unfinished fit; go on with --resume, or start afresh with --force"
    )
    refused(message, *call)
    refused(r"checkpoint\.safetensors is damaged", *call, "--resume")
    assert only(tmp_path, "m.partial")


@pytest.mark.parametrize(
    ("name", "options"), [("log_prob", ()), ("rarity", ()), ("z_1", ("--context", "z_1"))]
)
def test_columns_called_like_what_will_be_added(refused, tmp_path, name, options):
    columns = dict(zip(("a", "b", name), tiny.columns().values(), strict=True))
    table = write_csv(tmp_path / "t.csv", columns)
    message = f"a column called '{name}' is what pushforward itself will write; rename it"
    refused(message, "fit", table, "-o", tmp_path / "m", *options, *QUICK)
    assert only(tmp_path, "t.csv")


def test_a_context_called_like_a_latent(refused, tmp_path):
    columns = dict(zip(("a", "b", "z_1"), tiny.columns().values(), strict=True))
    data = read_numeric(write_csv(tmp_path / "t.csv", columns))
    fitted, _ = fit_table(data, Request("maf", ("z_1",), 1))
    fitted.write(tmp_path)
    for command in ("encode", "decode"):
        refused("conditioned on a column called 'z_1'", command, tmp_path, data.source, "-o", "-")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--precision", "fp8"), "precision must be one of full, bf16, but is 'fp8'"),
        (("--memory", "none"), "memory must be one of .*plain, lean, recompute, but is 'none'"),
        (("--memory", "lean", "--compile"), "does not go with memory='lean'"),
    ],
)
def test_ways_of_computing_that_there_are_not(refused, table, tmp_path, options, message):
    refused(message, "fit", table, "-o", tmp_path / "m", "--flow", "nsf", "--epochs", 1, *options)
    assert list(tmp_path.iterdir()) == []
