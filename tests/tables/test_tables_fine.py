"""Steps too fine or too many for float32: moments to the second, and large integers, stay exact."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from pushforward.estimator.typed import fit_table as fit_frame
from pushforward.flows import columns
from pushforward.schema import infer
from pushforward.storage import ColumnRecord, TableRecord
from pushforward.tables.fitting import Request, fit_table
from pushforward.tables.model import TableModel, load_table_model
from pushforward.tables.table import NumericTable
from pushforward.tables.typed import is_too_fine

R = np.random.default_rng(0)
MOMENTS = np.datetime64("1990-01-01T00:00:01") + R.integers(0, 30 * 365 * 86400, 60)
TABLE = pa.table(
    {
        "t": [str(moment).replace("T", " ") for moment in MOMENTS],
        "big": 10**15 + R.integers(-(10**14), 10**14, 60),
        "x": np.round(R.normal(size=60), 7),
    }
)
SCHEMA = infer(TABLE, "t.csv", text=False).schema
VALUES = SCHEMA.encode(TABLE, "t.csv").values


def model(dtype):
    """A model that has seen where the rows lie, and has learned nothing."""
    flow = columns(3, SCHEMA.specs())
    flow.initialize(torch.from_numpy(VALUES).float())
    record = TableRecord(columns=[ColumnRecord(name=column.name) for column in SCHEMA.modelled])
    return TableModel(flow.to(dtype).eval(), record, torch.empty(0), schema=SCHEMA)


def test_latents_bring_each_cell_back_to_the_step():
    fine = model(torch.float64)
    back = fine.named(fine.decode(fine.encode(VALUES[:10])))
    assert back["t"].to_pylist() == TABLE["t"].to_pylist()[:10]
    assert back["big"].to_pylist() == TABLE["big"].to_pylist()[:10]


def test_samples_lie_on_all_steps():
    rows = np.concatenate(list(model(torch.float64).sample(300)))
    cells = SCHEMA.decode(rows)
    seconds = {text[-2:] for text in cells["t"].to_pylist()}
    assert len(seconds) == 60  # each is missing with probability 60 (59/60)^300 < 0.4, seeded
    assert {n % 2 for n in cells["big"].to_pylist()} == {0, 1}
    assert not SCHEMA.encode(pa.table(cells), "samples").outside.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_told_is_met_exactly(dtype):
    told = "t=2001-02-03 04:05:01,big=1000000000000001,x=0.1234567"
    fitted = model(dtype)
    (rows,) = fitted.sample(3, given=fitted.conditional(told))
    cells = fitted.named(rows)
    assert cells["t"].to_pylist() == ["2001-02-03 04:05:01"] * 3
    assert cells["big"].to_pylist() == [1000000000000001] * 3
    assert cells["x"].to_pylist() == [0.1234567] * 3


@pytest.mark.parametrize(("names", "dtype"), [(["t"], "float64"), (["x"], "float32")])
def test_a_fit_keeps_such_columns_in_float64(names, dtype, tmp_path):
    some = SCHEMA.model_copy(update={"columns": [c for c in SCHEMA.columns if c.name in names]})
    values = some.encode(TABLE, "t.csv").values
    assert is_too_fine(some, values) == (dtype == "float64")
    table = NumericTable("t.csv", names, values, [], some)
    fitted, _ = fit_table(table, Request(recipe="columns", epochs=1))
    fitted.write(tmp_path)
    again = load_table_model(tmp_path)
    assert again.precision == fitted.precision == dtype
    assert again.log_prob(values).tolist() == fitted.log_prob(values).tolist()


def test_a_frame_is_fitted_alike():
    some = SCHEMA.model_copy(update={"columns": SCHEMA.columns[:1]})
    fitted, _ = fit_frame(TABLE, some, None, "0.1s", 0)
    assert fitted.precision == "float64"
