"""What `score` and `sample --given` say that their nats are per unit of."""

import pytest
import torch

from pushforward.cli.rows import units
from pushforward.cli.sample import told
from pushforward.flows import columns
from pushforward.schema import Column, Schema
from pushforward.storage import ColumnRecord, TableRecord
from pushforward.tables.model import TableModel


@pytest.mark.parametrize(
    ("step", "unit"), [(1, "t (in seconds)"), (60, "t (in steps of 60 seconds)")]
)
def test_the_unit_of_a_moment_is_named(step, unit):
    moment = {"kind": "datetime", "step": step, "origin": "2013-01-01", "fine": True}
    schema = Schema(columns=[Column(name="t", **moment), Column(name="x", kind="real")])
    record = TableRecord(columns=[ColumnRecord(name="t"), ColumnRecord(name="x")])
    flow = columns(2, schema.specs()).eval()
    model = TableModel(flow, record, torch.empty(0), schema=schema)
    assert units(model) == f"log_prob is in nats: a log density, per unit of {unit}, x."
    text = "t=2013-01-01 00:01:00"
    (line,) = told(model.conditional(text), model, text)
    assert line.endswith(f"nats, a log density per unit of {unit}.")
