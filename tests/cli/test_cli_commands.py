"""Every command does what it says, on CSV, Parquet and standard output."""

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest

import pushforward as pf
import tiny
from pushforward.tables import read_numeric, writing
from pushforward.tables.model import load_table_model
from pushforward.training.checkpoint import read_history
from tiny import QUICK, write_csv


def copied(table, path):
    with writing(path) as writer:
        data = read_numeric(table)
        writer.write(dict(zip(data.names, data.values.T, strict=True)))
    return path


def test_fit_makes_a_model(pushforward, table, tmp_path):
    code, out, err = pushforward("fit", table, "-o", tmp_path / "m", *QUICK)
    assert code == 0
    assert "8 held-out rows" in out
    assert "this flow" in out
    assert "Gaussian mixture" in out
    assert "Gaussian, full covariance" in out
    assert "The model is in" in err
    files = sorted(path.name for path in (tmp_path / "m").iterdir())
    assert files == [
        *["README.md", "config.json", "history.jsonl", "manifest.json", "model.safetensors"]
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert [entry["epoch"] for entry in read_history(tmp_path / "m")] == [1, 2]
    config = pf.storage.read_config(tmp_path / "m")
    assert [column.name for column in config.table.columns] == ["a", "b", "c"]
    assert config.flow.recipe == "maf"
    assert config.training["rows"] == 72
    assert len(config.figures["models"]) == 3


@pytest.mark.parametrize(
    "flow", sorted({*pf.flows.vector_recipes()} - {"columns"})
)  # which has none
@pytest.mark.parametrize("scaler", ["standardize", "whiten", "none"])
def test_fit_with_any_flow_and_scaler(pushforward, table, tmp_path, flow, scaler):
    options = ("--flow", flow, "--scaler", scaler, "--epochs", 1, "--no-baselines")
    code, out, _ = pushforward("fit", table, "-o", tmp_path / "m", *options)
    assert (code, out) == (0, "")
    assert load_table_model(tmp_path / "m").flow.made_by["arguments"]["scaler"] == scaler


def test_fit_in_lower_precision_and_little_memory(pushforward, table, tmp_path):
    computed = ("--precision", "bf16", "--memory", "recompute")
    options = ("--flow", "nsf", "--epochs", 2, "--no-baselines", *computed)
    assert pushforward("fit", table, "-o", tmp_path / "m", *options).code == 0
    settings = pf.storage.read_config(tmp_path / "m").training["settings"]
    assert (settings["precision"], settings["memory"]) == ("bf16", "recompute")
    assert settings["compile"] is False


def test_fit_reads_parquet_and_gives_the_same_model(pushforward, table, tmp_path):
    other = copied(table, tmp_path / "t.parquet")
    for data, name in ((table, "one"), (other, "two")):
        assert pushforward("fit", data, "-o", tmp_path / name, *QUICK).code == 0
    for name in ("model.safetensors", "config.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_fit_some_columns_given_others(pushforward, table, tmp_path):
    options = ("--columns", "c,a", "--context", "b", *QUICK)
    assert pushforward("fit", table, "-o", tmp_path / "m", *options).code == 0
    fitted = load_table_model(tmp_path / "m")
    assert (fitted.columns, fitted.context) == (["c", "a"], ["b"])


def test_fit_for_some_time(pushforward, table, tmp_path):
    options = ("--flow", "maf", "--time-budget", "0.2s", "--no-baselines")
    assert pushforward("fit", table, "-o", tmp_path / "m", *options).code == 0
    settings = pf.storage.read_config(tmp_path / "m").training["settings"]
    assert (settings["time_budget"], settings["epochs"]) == (0.2, None)


def test_one_column_works(pushforward, tmp_path):
    table = write_csv(tmp_path / "t.csv", {"x": tiny.columns()["a"]})
    model, out = tmp_path / "m", tmp_path / "o.csv"
    assert pushforward("fit", table, "-o", model, "--epochs", 2).code == 0
    assert pushforward("sample", model, "-n", 5, "-o", out).code == 0
    assert read_numeric(out).names == ["x"]
    assert pushforward("score", model, table, "-o", tmp_path / "s.csv").code == 0
    assert pushforward("check", model).code == 0


def test_a_tiny_table_holds_nothing_out(pushforward, tmp_path):
    table = write_csv(tmp_path / "t.csv", tiny.columns(5))
    code, out, _ = pushforward("fit", table, "-o", tmp_path / "m", *QUICK)
    assert (code, out) == (0, "")
    assert pf.storage.read_config(tmp_path / "m").training["heldout_rows"] == 0
    code, out, _ = pushforward("score", tmp_path / "m", table, "-o", "-")
    assert len(out.splitlines()) == 6


def test_score_adds_two_columns(pushforward, table, plain, tmp_path):
    assert pushforward("score", plain, table, "-o", tmp_path / "s.csv") == (0, "", "")
    scores = read_numeric(tmp_path / "s.csv")
    assert scores.names == ["a", "b", "c", "log_prob", "rarity"]
    fitted, data = load_table_model(plain), read_numeric(table)
    assert np.array_equal(scores.values[:, :3], data.values)
    log_prob = fitted.log_prob(data.values)
    assert np.array_equal(scores.values[:, 3].astype(np.float32), log_prob.astype(np.float32))
    rarer = [(fitted.heldout.numpy() < value).mean() for value in log_prob]
    assert np.allclose(scores.values[:, 4], rarer)
    assert scores.values[:, 4].min() < 0.1
    assert scores.values[:, 4].max() > 0.9


@pytest.mark.parametrize("source", ["csv", "parquet"])
@pytest.mark.parametrize("target", ["csv", "parquet", "-"])
def test_score_from_any_format_to_any(pushforward, table, plain, tmp_path, source, target):
    data = table if source == "csv" else copied(table, tmp_path / "t.parquet")
    output = "-" if target == "-" else tmp_path / f"s.{target}"
    code, out, err = pushforward("score", plain, data, "-o", output)
    assert (code, err) == (0, "")
    if target == "-":
        output = tmp_path / "s.csv"
        output.write_text(out)
    assert read_numeric(output, ["log_prob"]).values.shape == (80, 1)


def test_columns_are_found_by_name_in_any_order_among_others(pushforward, table, given, tmp_path):
    columns = tiny.columns() | {"label": np.array(["x,y"] * 80), "log": np.zeros(80)}
    shuffled = {name: columns[name] for name in ("label", "c", "b", "log", "a")}
    mixed = write_csv(tmp_path / "mixed.csv", shuffled, ";")
    for command, keys in (("score", ["log_prob", "rarity"]), ("encode", ["z_1", "z_2"])):
        for name, data in (("one.csv", table), ("two.csv", mixed)):
            assert pushforward(command, given, data, "-o", tmp_path / name, "--force").code == 0
        one, two = (read_numeric(tmp_path / name, keys).values for name in ("one.csv", "two.csv"))
        assert np.array_equal(one, two)


def test_score_carries_other_columns_through_as_they_are(pushforward, plain, tmp_path):
    columns = tiny.columns() | {"name": np.array([f'"star; {k}"' for k in range(80)])}
    data = write_csv(tmp_path / "t.csv", columns, ";")
    assert pushforward("score", plain, data, "-o", tmp_path / "s.parquet").code == 0
    scored = pq.read_table(tmp_path / "s.parquet")
    assert scored.column("name")[3].as_py() == "star; 3"
    assert [str(kind) for kind in scored.schema.types[:3]] == ["double"] * 3


def test_a_decimal_comma_is_written_as_a_point(pushforward, table, plain, tmp_path):
    data = tmp_path / "t.csv"
    data.write_text(table.read_text().replace(",", ";").replace(".", ","))
    pushforward("score", plain, data, "-o", tmp_path / "s.csv")
    written = read_numeric(tmp_path / "s.csv").values[:, :3]
    assert np.array_equal(written, read_numeric(table).values)


def test_score_over_its_own_input(pushforward, table, plain, tmp_path):
    for name in ("t.csv", "t.parquet"):
        data = copied(table, tmp_path / name)
        before = read_numeric(data).values
        assert pushforward("score", plain, data, "-o", data, "--force").code == 0
        after = read_numeric(data)
        assert after.names == ["a", "b", "c", "log_prob", "rarity"]
        assert np.array_equal(after.values[:, :3], before)


def test_encode_then_decode_gives_the_rows_back(pushforward, table, plain, given, tmp_path):
    latents, rows = tmp_path / "z.parquet", tmp_path / "x.csv"
    for model in (plain, given):
        assert pushforward("encode", model, table, "-o", latents, "--force").code == 0
        assert pushforward("decode", model, latents, "-o", rows, "--force").code == 0
        expected = read_numeric(table)
        back = read_numeric(rows, expected.names)
        assert np.allclose(back.values, expected.values, rtol=1e-4, atol=1e-4)
    assert pq.read_schema(latents).names == ["z_1", "z_2", "c"]


def test_sample(pushforward, plain, tmp_path):
    for name, seed in (("one.csv", 1), ("again.csv", 1), ("two.csv", 2)):
        options = ("-n", 20_000, "--seed", seed, "-o", tmp_path / name)
        assert pushforward("sample", plain, *options) == (0, "", "")
    one, again, two = ((tmp_path / f"{n}.csv").read_bytes() for n in ("one", "again", "two"))
    assert one == again != two
    drawn = read_numeric(tmp_path / "one.csv")
    assert drawn.names == ["a", "b", "c"]
    assert drawn.values.shape == (20_000, 3)


def test_the_first_samples_do_not_depend_on_how_many_follow(pushforward, plain):
    few, many = (pushforward("sample", plain, "-n", n, "-o", "-").out for n in (3, 3))
    assert few == many
    assert len(few.splitlines()) == 4


def test_sample_given_a_context(pushforward, given, tmp_path):
    context = write_csv(tmp_path / "c.csv", {"other": np.zeros(3), "c": np.array([1.0, 5.0, 9.0])})
    output = tmp_path / "o.csv"
    options = ("-n", 7000, "--context", context, "-o", output)
    assert pushforward("sample", given, *options).code == 0
    drawn = read_numeric(output)
    assert drawn.names == ["a", "b", "c"]
    assert np.array_equal(drawn.values[:, 2], np.repeat([1.0, 5.0, 9.0], 7000))
    direct = list(load_table_model(given).sample(7000, 0, np.array([[1.0], [5.0], [9.0]])))
    assert np.allclose(drawn.values[:, :2], np.concatenate(direct), rtol=1e-6)


def test_check(pushforward, table, plain, given, tmp_path):
    for arguments in ((plain,), (plain, table), (given, table)):
        code, out, err = pushforward("check", *arguments)
        assert (code, err) == (0, "")
        assert out


def test_a_failing_check_ends_with_one(pushforward, plain, monkeypatch):
    from pushforward.transforms.scalers import Standardize

    monkeypatch.setattr(Standardize, "_log_det", lambda _, like: like.new_zeros(like.shape[:-1]))
    code, out, err = pushforward("check", plain)
    assert (code, err) == (1, "")
    assert out


def test_report(pushforward, table, plain, given, tmp_path):
    page = tmp_path / "page.html"
    for arguments in ((plain,), (plain, table), (given, table)):
        code, out, err = pushforward("report", *arguments, "-o", page, "--force")
        assert (code, out) == (0, "")
        assert err == f"The report is in {page}.\n"
        assert "</html>" in page.read_text()


def test_report_ends_with_the_verdict(pushforward, tmp_path):
    data = write_csv(tmp_path / "t.csv", tiny.columns(1100))
    model, page, verdict = (tmp_path / name for name in ("m", "page.html", "verdict.json"))
    assert pushforward("fit", data, "-o", model, *tiny.QUICK).code == 0
    call = ("report", model, data, "-o", page, "--force")
    code, out, err = pushforward(*call, "--json", verdict)
    assert (code, err) == (0, f"The report is in {page}.\n")
    *answers, step = out.splitlines()
    told = json.loads(verdict.read_text())
    assert answers == [answer["sentence"] for answer in told["answers"]]
    assert step == "Next: " + " ".join(told["next"])
    assert told["table"] == "t.csv"
    assert json.loads(pushforward(*call, "--json", "-").out) == told
    row = told["least_likely"][0]
    blamed = row["columns"][0]["column"]
    value = f"{blamed}</bdi> = {tiny.columns(1100)[blamed][row['row']]:.6g} ("
    assert value not in page.read_text()
    assert pushforward(*call, "--show-rows").code == 0
    assert value in page.read_text()


def test_info(pushforward, plain, given):
    code, out, err = pushforward("info", plain)
    assert (code, err) == (0, "")
    assert "maf(features=3" in out
    assert "columns: a, b, c" in out
    assert "made with pushforward" in out
    assert "this flow" in out
    assert "given: c" in pushforward("info", given).out


def test_data_list_and_get(pushforward, tmp_path, monkeypatch):
    monkeypatch.setenv("PUSHFORWARD_CACHE", str(tmp_path / "cache"))
    code, out, _ = pushforward("data", "list")
    assert code == 0
    assert "gaia" in out
    assert "licence" in out


@pytest.mark.parametrize(
    "command",
    [
        "",
        "fit",
        "score",
        "sample",
        "impute",
        "encode",
        "decode",
        "report",
        "check",
        "info",
        "data",
        "data get",
    ],
)
def test_help(pushforward, command):
    code, out, err = pushforward(*command.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: ")
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", out)
