"""`sample --given`, `impute`, `score --spread` and `--excel-safe` on a small typed table."""

import csv
import io
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from pushforward.cli.app import run
from tiny import write_csv

GAPS = 5  # every so many rows, a cell is missing
FIELDS = ("id", "cut", "price", "carat", "day", "note")


def cells(n: int = 300) -> dict[str, np.ndarray]:
    r = np.random.default_rng(0)
    k = r.integers(3, size=n)
    table = {
        "id": [f"r{i}" for i in range(n)],
        "cut": [("Fair", "Good", "Ideal")[i] for i in k],
        "price": [str(v) for v in r.poisson(200 + 300 * k)],
        "carat": [f"{v:.7f}" for v in 0.5 * k + r.normal(size=n)],
        "day": [str(date(2020, 1, 1) + timedelta(int(v))) for v in r.integers(200, size=n)],
        "note": [("=1+1", "plain")[i % 2] for i in range(n)],
    }
    for i in range(0, n, GAPS):
        table[("cut", "price", "carat")[i // GAPS % 3]][i] = ""
    return {name: np.array(column, dtype=object) for name, column in table.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a table `t.csv`, a model `m` of it, and `numbers`, of plain numbers."""
    folder = tmp_path_factory.mktemp("given")
    table = write_csv(folder / "t.csv", cells())
    quick = ("--epochs", "40", "--no-baselines")
    assert run(["fit", str(table), "-o", str(folder / "m"), *quick]) == 0
    x = np.random.default_rng(1).normal(size=(100, 2)).T
    numbers = write_csv(folder / "n.csv", dict(zip(("u", "v"), x, strict=True)))
    assert run(["fit", str(numbers), "-o", str(folder / "nsf"), "--flow", "maf", *quick]) == 0
    return folder


@pytest.fixture
def model(place) -> Path:
    return place / "m"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_fit_says_how_orders_disagree(pushforward, place, tmp_path):
    quick = ("--epochs", "1", "--no-baselines")
    code, _, err = pushforward("fit", place / "t.csv", "-o", tmp_path / "m", *quick)
    assert code == 0
    assert re.search(r"^Orders of the columns disagree by \d+\.\d{3} nats per row\.$", err, re.M)
    assert "order_spread_nats" in (tmp_path / "m" / "config.json").read_text()
    assert "order spread nats: " in (tmp_path / "m" / "README.md").read_text()


def test_sample_given_values_and_bounds(pushforward, model):
    told = "cut=Ideal,price>=800"
    code, out, err = pushforward("sample", model, "-n", 50, "-o", "-", "--given", told)
    assert code == 0
    drawn = rows(out)
    assert len(drawn) == 50
    assert {row["cut"] for row in drawn} == {"Ideal"}
    assert min(int(row["price"]) for row in drawn) >= 800
    assert len({row["day"] for row in drawn}) > 10
    first, second = err.splitlines()
    assert re.fullmatch(rf"log P\({told}\) = -\d+\.\d{{4}} nats\.", first)
    assert re.match(
        r"With its parts the other way round it is -\d+\.\d{4} nats: orders of the columns "
        r"disagree by \d+\.\d\d nats on it",
        second,
    )
    assert pushforward("sample", model, "-n", 50, "-o", "-", "--given", told).out == out
    assert (
        pushforward("sample", model, "-n", 50, "-o", "-", "--given", told, "--seed", 1).out != out
    )


def test_sample_given_several_bounds_says_what_its_draws_are_worth(pushforward, model):
    told = "cut in {Fair;Good}, price<400, day>=2020-03-01, carat>0, carat<=1"
    code, out, err = pushforward("sample", model, "-n", 200, "-o", "-", "--given", told)
    assert code == 0
    for row in rows(out):
        assert row["cut"] in ("Fair", "Good")
        assert int(row["price"]) < 400
        assert row["day"] >= "2020-03-01"
        assert 0 < float(row["carat"]) <= 1
    assert re.search(r"nats: an estimate, with standard error \d+\.\d{4}\.\n", err)
    assert re.search(r"4096 draws are worth \d+ without weights\.\n", err)


def test_sample_given_a_real_number_says_its_units(pushforward, model):
    code, out, err = pushforward("sample", model, "-n", 2, "-o", "-", "--given", "carat=0.25")
    assert code == 0
    assert {row["carat"] for row in rows(out)} == {"0.25"}
    assert "nats, a log density per unit of carat." in err


REFUSED = {
    "cot=Fair": r"no column 'cot' \(did you mean 'cut'\?\)",
    "id=r1": "The model does not hold column 'id', which is different in nearly every row",
    "cut=fair": r"none of the levels of 'cut' \(did you mean 'Fair'\?\)",
    "price=1.5": "'1.5' is not on the steps of 1",
    "price>5,price<3": "price>5,price<3 contradicts itself",
    "price": "cannot be read at 'price'",
    "cut=NA": "says that a cell is missing",
}


@pytest.mark.parametrize("told", REFUSED)
def test_conditions_that_are_refused(refused, model, tmp_path, told):
    refused(REFUSED[told], "sample", model, "-n", 3, "-o", tmp_path / "o.csv", "--given", told)
    assert not any(tmp_path.iterdir())


def test_models_of_one_order_are_refused(refused, place, tmp_path):
    model, data, output = place / "nsf", place / "n.csv", tmp_path / "o.csv"
    message = "fit one that takes any, with --flow columns"
    refused(message, "sample", model, "-n", 3, "-o", output, "--given", "u>0")
    refused(message, "impute", model, data, "-o", output)
    refused(message, "score", model, data, "-o", output, "--spread", 2)
    assert not any(tmp_path.iterdir())


def test_any_order_of_plain_numbers_where_it_is_asked_for(pushforward, refused, place, tmp_path):
    data, model = place / "n.csv", tmp_path / "m"
    call = ("fit", data, "-o", model, "--flow", "columns")
    refused("leave out --context", *call, "--context", "u")
    assert pushforward(*call, "--epochs", 1, "--no-baselines").code == 0
    code, out, _ = pushforward("sample", model, "-n", 20, "-o", "-", "--given", "u>0.5")
    assert code == 0
    assert min(float(row["u"]) for row in rows(out)) >= 0.5


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_impute_fills_the_gaps_and_nothing_else(pushforward, place, model, tmp_path, suffix):
    data, output = place / "t.csv", tmp_path / f"o.{suffix}"
    if suffix == "parquet":
        data = tmp_path / "t.parquet"
        pq.write_table(pa.csv.read_csv(place / "t.csv"), data)
    code, out, err = pushforward("impute", model, data, "-o", output)
    assert (code, out, err) == (0, "", "60 cells filled in 60 rows.\n")
    if suffix == "parquet":
        before, after = (pq.read_table(path) for path in (data, output))
        assert before.schema.types == after.schema.types
        old, new = before.to_pylist(), after.to_pylist()
    else:
        old, new = (rows(path.read_text()) for path in (data, output))
    assert list(new[0]) == list(FIELDS)
    filled = 0
    for one, two in zip(old, new, strict=True):
        for name in FIELDS:
            if one[name] in ("", None):
                filled += 1
                assert two[name] not in ("", None)
                if name == "cut":
                    assert two[name] in ("Fair", "Good", "Ideal")
                if name == "price":
                    assert int(two[name]) >= 0
            else:
                assert two[name] == one[name]
    assert filled == 60
    again = tmp_path / f"again.{suffix}"
    code, _, err = pushforward("impute", model, output, "-o", again)
    assert (code, err) == (0, "0 cells filled in 0 rows.\n")
    assert again.read_bytes() == output.read_bytes()


def test_impute_several_times(pushforward, refused, place, model, tmp_path):
    call = ("impute", model, place / "t.csv", "-o")
    code, _, err = pushforward(*call, tmp_path / "o.csv", "--draws", 3)
    assert (code, err) == (0, "60 cells filled in 60 rows, 3 times each.\n")
    drawn = rows((tmp_path / "o.csv").read_text())
    assert [row["draw"] for row in drawn] == ["1", "2", "3"] * 300
    assert [row["id"] for row in drawn[::3]] == [f"r{i}" for i in range(300)]
    prices = [{row["carat"] for row in drawn[k : k + 3]} for k in range(0, 900, 3)]
    assert sum(len(found) == 3 for found in prices) == 20  # the rows that lack it
    assert sum(len(found) == 1 for found in prices) == 280
    refused(
        "has a column 'draw' already", "impute", model, tmp_path / "o.csv", "-o", "-", "--draws", 2
    )


def test_seeds_of_impute(pushforward, place, model, tmp_path):
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        output = tmp_path / f"{name}.csv"
        assert pushforward("impute", model, place / "t.csv", "-o", output, "--seed", seed).code == 0
        texts.append(output.read_text())
    assert texts[0] == texts[1] != texts[2]


def test_impute_draws_given_what_is_there(pushforward, model, tmp_path):
    """Prices differ by 300 from cut to cut: a standard deviation is 15 to 30."""
    known = {name: column[:1].repeat(200) for name, column in cells().items()}
    means = []
    for cut in ("Fair", "Ideal"):
        table = known | {"cut": np.repeat(cut, 200), "carat": np.repeat("", 200)}
        data = write_csv(tmp_path / f"{cut}.csv", table | {"price": np.repeat("", 200)})
        code, out, _ = pushforward("impute", model, data, "-o", "-")
        assert code == 0
        means.append(np.mean([int(row["price"]) for row in rows(out)]))
    assert means[1] - means[0] > 50


def test_impute_names_a_cell_outside_the_schema(refused, model, tmp_path):
    table = cells(10)
    table["cut"][3] = "fair"
    data = write_csv(tmp_path / "t.csv", table)
    refused(r"column 'cut', row 4 .* holds 'fair', which is none", "impute", model, data, "-o",
            tmp_path / "o.csv")  # fmt: skip
    assert not (tmp_path / "o.csv").exists()


def test_gaps_in_a_column_that_had_none(pushforward, model, tmp_path):
    table = cells(10)
    table["day"][:] = ""
    data = write_csv(tmp_path / "t.csv", table)
    code, out, err = pushforward("impute", model, data, "-o", "-")
    assert (code, err) == (0, "12 cells filled in 10 rows.\n")
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", row["day"]) for row in rows(out))


def test_score_spread(pushforward, refused, place, model, tmp_path):
    output = tmp_path / "s.csv"
    assert pushforward("score", model, place / "t.csv", "-o", output, "--spread", 3).code == 0
    scored = rows(output.read_text())
    assert list(scored[0]) == [*FIELDS, "log_prob", "rarity", "spread"]
    spreads = np.array([float(row["spread"]) for row in scored])
    assert (spreads >= 0).all()
    assert spreads.max() > 0
    refused("a column 'spread' already", "score", model,
            write_csv(tmp_path / "t.csv", cells(5) | {"spread": np.zeros(5)}),
            "-o", "-", "--spread", 1)  # fmt: skip


def test_excel_safe(pushforward, place, model, tmp_path):
    for command in (
        ("sample", model, "-n", 20, "--given", "note==1+1"),
        ("sample", model, "-n", 20, "--given", 'note="=1+1"'),
        ("score", model, place / "t.csv"),
        ("impute", model, place / "t.csv"),
    ):
        if command[-1] == "note==1+1":
            assert pushforward(*command, "-o", "-").code == 2  # == is a sign: quotes are needed
            continue
        code, out, _ = pushforward(*command, "-o", "-", "--excel-safe")
        assert code == 0
        assert "'=1+1" in {row["note"] for row in rows(out)}
        assert not re.search(r"(?<!')=1\+1", out)
        assert re.search(r"(?<!')=1\+1", pushforward(*command, "-o", "-").out)
        (tmp_path / "safe.csv").write_text(out)
        for again in ("score", "impute"):
            if command[0] != again:  # what was written is read back
                code, read, err = pushforward(again, model, tmp_path / "safe.csv", "-o", "-")
                assert (code, len(rows(read))) == (0, len(rows(out)))
                assert "-inf" not in read + err
    latents = tmp_path / "z.csv"
    assert pushforward("encode", model, place / "t.csv", "-o", latents).code == 0
    assert "'=1+1" in pushforward("decode", model, latents, "-o", "-", "--excel-safe").out


def test_a_score_names_the_first_cell_outside(pushforward, model, tmp_path):
    table = cells(20)
    table["price"][7] = "5.5"
    code, out, err = pushforward("score", model, write_csv(tmp_path / "t.csv", table), "-o", "-")
    assert code == 0
    assert "column 'price', row 8 (the header not counted) holds '5.5', which is not a whole" in err
    scores = [float(row["log_prob"]) for row in rows(out)]
    assert [i for i, score in enumerate(scores) if score == -np.inf] == [7]


def test_a_gap_in_a_column_that_had_none_is_scored_by_the_others(pushforward, model, tmp_path):
    table = cells(20)
    table["day"][3] = ""  # no day was missing in the fit
    code, out, err = pushforward("score", model, write_csv(tmp_path / "t.csv", table), "-o", "-")
    assert code == 0
    assert "outside" not in err
    assert np.isfinite([float(row["log_prob"]) for row in rows(out)]).all()


def test_check(pushforward, place, model):
    """Fails by chance for one other seed in two thousand: four tests of draws."""
    for data in ((), (place / "t.csv",)):
        code, out, err = pushforward("check", model, *data)
        assert (code, err) == (0, ""), out
        assert "samples changed or outside the schema when read" in out
        assert "This flow is right" in out


def test_a_failing_check_ends_with_one(pushforward, model, monkeypatch):
    from pushforward.tables.model import TableModel

    own = TableModel.named
    monkeypatch.setattr(TableModel, "named", lambda self, rows: own(self, rows + 0.5))
    code, out, err = pushforward("check", model)
    assert (code, err) == (1, "")
    assert "This flow is faulty: samples changed or outside the schema when read failed." in out
