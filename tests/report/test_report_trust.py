"""The verdict on the page: three sentences, what they rest on, and no value of a row unasked."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pushforward import report
from pushforward.diagnostics.verdict import Fault
from pushforward.report.examine import examine
from pushforward.report.trust import trust_section
from pushforward.tables import NumericTable
from pushforward.tables.fitting import split_rows

from .conftest import HOSTILE, Fitted, fitted, normal_rows
from .test_report_build import read, words


@pytest.fixture(scope="module")
def examined(judged: Fitted) -> report.Examined:
    return examine(judged.model, judged.table)


def test_it_is_judged_on_the_rows_held_out_and_rows_are_numbered_as_in_the_table(
    judged: Fitted, examined: report.Examined
) -> None:
    found = examined.diagnosis
    assert found is not None
    assert found.rows == 150
    assert found.memorisation is not None
    assert found.memorisation.train_rows == 1350
    heldout = set(split_rows(1500, 0).heldout.tolist())
    listed = [row.row for row in found.least_likely]
    assert len(listed) == 10
    assert set(listed) <= heldout
    scores = judged.model.log_prob(judged.table.values[listed])
    assert np.allclose(scores, [row.log_prob for row in found.least_likely], rtol=1e-4)
    assert examined.values is not None
    assert np.array_equal(examined.values, judged.table.values[listed])


def test_the_verdict_stands_on_the_page(judged: Fitted, examined: report.Examined) -> None:
    html = report.build(judged.model, judged.history, judged.table, examined=examined)
    told = words(html)
    assert examined.diagnosis is not None
    for answer in examined.diagnosis.answers:
        assert f"{answer.question.capitalize()}: {answer.answer}. {answer.sentence}" in told
    for part in ("What to do next.", "The least likely rows", "Coverage", "PIT of latent 3", "AUC"):
        assert part in told
    assert told.index("Can you trust it?") < told.index("How the fit went")
    assert "<i>c" in told
    assert "No row of the table is shown by its values" in told


def test_values_are_shown_only_to_whoever_asks(examined: report.Examined) -> None:
    assert examined.diagnosis is not None
    assert examined.values is not None
    row, values = examined.diagnosis.least_likely[0], examined.values[0]
    worst = row.columns[0].column
    value = f"{values[['a', 'b', '<i>c'].index(worst)]:.6g}"
    hidden, shown = (words(trust_section(examined, show)) for show in (False, True))
    assert f"= {value}" not in hidden
    assert f"{worst} = {value} (" in shown
    assert value not in json.dumps(examined.to_dict())


def test_faults_are_named_on_the_page(examined: report.Examined) -> None:
    assert examined.diagnosis is not None
    faulty = replace(examined.diagnosis, faults=(Fault.of("mode dropped", "A <b> is gone."),))
    told = words(trust_section(replace(examined, diagnosis=faulty)))
    assert "What is wrong: Mode dropped. A <b> is gone." in told.replace("wrong:M", "wrong: M")
    passed = words(trust_section(replace(examined, diagnosis=replace(faulty, faults=()))))
    assert "What is wrong" not in passed


def test_a_new_table_is_judged_whole_and_without_training_rows(judged: Fitted) -> None:
    other = NumericTable("new.csv", judged.table.names, normal_rows(120, 3))
    found = examine(judged.model, other)
    assert found.diagnosis is not None
    assert found.diagnosis.rows == 120
    assert found.diagnosis.memorisation is None
    assert "No training rows were given" in words(trust_section(found))


def test_a_conditional_model_is_judged_given_its_context() -> None:
    one = fitted(normal_rows(1100, 3), ["a", "given", "c"], context=("given",))
    found = examine(one.model, one.table).diagnosis
    assert found is not None
    assert found.calibration is not None
    assert [c.column for c in found.columns] == ["a", "c"]
    read(report.build(one.model, one.history, one.table))


@pytest.mark.parametrize(
    ("rows", "why"),
    [(5, "the fit saw them all"), (400, "only 40 rows to judge by; a verdict takes 100")],
)
def test_too_few_rows_give_no_verdict_and_a_reason(rows: int, why: str) -> None:
    few = fitted(normal_rows(rows, 2), ["a", "b"])
    found = examine(few.model, few.table)
    assert found.diagnosis is None
    assert why in words(trust_section(found))
    assert found.to_dict() == {"passed": None, "why": found.why}


def test_hostile_names_do_nothing_in_a_verdict() -> None:
    """Each name gets into every sentence: the samples of a flow that is hardly fitted are off."""
    values = normal_rows(1100, len(HOSTILE)) ** 3
    one = fitted(values, HOSTILE)
    found = examine(one.model, one.table)
    assert found.diagnosis is not None
    assert found.diagnosis.faults
    told = words(report.build(one.model, one.history, one.table, examined=found, show_rows=True))
    for said in (told, str(found.diagnosis)):
        assert "n" * 41 not in said
        assert "\x1b" not in said
        assert "\u202e" not in said
    assert "星等 光度" in told
    json.dumps(found.to_dict()).encode("utf-8")
