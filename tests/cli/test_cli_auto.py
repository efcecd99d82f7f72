"""`fit` without --flow: what it tries, says, leaves behind, and goes on from."""

from __future__ import annotations

import pushforward as pf
from pushforward.density.splines import PLAN
from pushforward.tables.model import load_table_model

QUICK = ("--epochs", 1)


def test_it_says_what_it_tried_and_compares_them(pushforward, table, tmp_path):
    code, out, err = pushforward("fit", table, "-o", tmp_path / "m", *QUICK)
    assert code == 0
    for name in ("Gaussian", "Gaussian mixture", "kernel estimate", "spline flow"):
        assert name in err
    assert "weight" in err
    assert "this flow" in out
    assert "Gaussian" in out
    training = pf.storage.read_config(tmp_path / "m").training
    assert abs(sum(t["weight"] for t in training["tried"]) - 1) < 1e-6
    told = pushforward("info", tmp_path / "m").out
    assert "triangular(" in told
    assert "What was tried" in told
    assert "seconds" in (tmp_path / "m" / "README.md").read_text()


def test_nothing_of_the_work_is_left(pushforward, table, tmp_path):
    assert pushforward("fit", table, "-o", tmp_path / "m", *QUICK).code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    assert not list((tmp_path / "m").glob("fold-*"))
    assert not (tmp_path / "m" / PLAN).exists()


def test_every_command_takes_the_model(pushforward, table, tmp_path):
    model, scores = tmp_path / "m", tmp_path / "s.csv"
    assert pushforward("fit", table, "-o", model, *QUICK).code == 0
    assert pushforward("score", model, table, "-o", scores).code == 0
    assert pushforward("sample", model, "-n", 20, "-o", tmp_path / "new.csv").code == 0
    latents, back = tmp_path / "z.csv", tmp_path / "back.csv"
    assert pushforward("encode", model, table, "-o", latents).code == 0
    assert pushforward("decode", model, latents, "-o", back).code == 0
    assert len(back.read_text().splitlines()) == len(scores.read_text().splitlines())


def test_a_time_too_short_for_flows_is_enough(pushforward, table, tmp_path):
    assert pushforward("fit", table, "-o", tmp_path / "m", "--time-budget", "1s").code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_given_other_columns(pushforward, table, tmp_path):
    options = ("--columns", "a,b", "--context", "c", *QUICK)
    assert pushforward("fit", table, "-o", tmp_path / "m", *options).code == 0
    model = load_table_model(tmp_path / "m")
    assert (model.columns, model.context) == (["a", "b"], ["c"])


def test_settings_of_one_flow_are_refused(refused, table, tmp_path):
    message = "memory: settings of one flow; name it with --flow"
    refused(message, "fit", table, "-o", tmp_path / "m", "--memory", "lean", *QUICK)
    assert list(tmp_path.iterdir()) == []
