"""A step that is not finite: undone, its layer named, and the fit goes on to a finite end."""

import math

import pytest
import torch

import pushforward as pf
import tiny
from poison import FAULTS, Poisoned, flow_with, poisoned_rows
from pushforward.distributions import Uniform
from pushforward.errors import TrainingError
from pushforward.training.guard import MOST_UNDONE
from pushforward.transforms import ActNorm
from pushforward.transforms.scalers import Standardize


def events_of(result) -> list:
    return [entry for entry in result.history if "event" in entry]


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_undone_and_training_goes_on(fault):
    flow = flow_with(Poisoned(fault))
    result = pf.fit(flow, poisoned_rows(), epochs=3, batch_size=64, learning_rate=1e-2)
    events = events_of(result)
    assert 0 < len(events) < MOST_UNDONE
    place = "the gradient of layer 1 (Poisoned)" if "gradient" in fault else "layer 1 (Poisoned)"
    for k, event in enumerate(events, start=1):
        assert event["event"] == "non-finite step undone"
        assert event["layer"] == place
        assert event["rate_scale"] == 0.5**k
    assert all(p.isfinite().all() for p in flow.parameters())
    epochs = [entry for entry in result.history if "event" not in entry]
    assert result.stopped == "all epochs were run"
    assert [entry["epoch"] for entry in epochs] == [1, 2, 3]
    assert epochs[-1]["validation"]["nll"] < epochs[0]["validation"]["nll"]
    assert [e["epoch"] for e in result.history] == sorted(e["epoch"] for e in result.history)


@pytest.mark.parametrize("fault", FAULTS)
def test_where_every_step_is_bad_the_weights_stay_as_they_were(fault):
    flow, x = flow_with(Poisoned(fault, everywhere=True)), tiny.rows()
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    result = pf.fit(flow, x, epochs=50, batch_size=64)
    assert len(events_of(result)) == MOST_UNDONE
    assert result.stopped == f"{MOST_UNDONE} steps were not finite; the best model so far is kept"
    assert all(torch.equal(value, before[name]) for name, value in flow.state_dict().items())
    assert math.isfinite(result.nll)


def test_the_bar_says_so_too(capsys):
    flow = flow_with(Poisoned("value", everywhere=True))
    pf.fit(flow, tiny.rows(), epochs=1, validation=0.0, progress=True)
    assert "epoch 1  no finite step" in capsys.readouterr().err


def test_a_validation_nll_that_is_no_number_is_never_the_best():
    class Lost(Poisoned):
        """Judges nothing; trains as any."""

        def inverse(self, x, context=None):
            z, log_det = super().inverse(x, context)
            return z, log_det if self.training or len(x) > 100 else log_det * math.nan

    flow = flow_with(Lost("value"))
    result = pf.fit(flow, tiny.rows(), epochs=3)
    assert (result.nll, result.best_epoch) == (None, 0)
    assert all(p.isfinite().all() for p in flow.parameters())
    assert not any(entry["best"] for entry in result.history)


def test_no_finite_start():
    class Broken(Poisoned):
        """Never finite."""

        def inverse(self, x, context=None):
            z, log_det = super().inverse(x, context)
            return z * math.nan, log_det

    with pytest.raises(TrainingError, match=r"before the first step: at layer 1 \(Broken\)"):
        pf.fit(flow_with(Broken("value")), tiny.rows(), epochs=1)
    boxed = pf.Flow(Uniform(2, -1.0, 1.0), [Standardize(2), ActNorm(2)])
    with pytest.raises(TrainingError, match=r"at the base \(Uniform\).*outside the flow's support"):
        pf.fit(boxed, tiny.rows(), epochs=1)


@pytest.mark.parametrize("size", [1e-20, 1e-6, 1e6, 1e20])
def test_columns_of_any_size(size):
    x = tiny.rows(300, dtype=torch.float64)
    x[:, 1] *= size
    result = pf.fit(tiny.flow(), x, epochs=3)
    assert not events_of(result)
    reference = pf.fit(tiny.flow(), tiny.rows(300), epochs=3)
    assert result.nll == pytest.approx(reference.nll + math.log(size), abs=1e-2)


def test_a_far_outlier_does_not_end_a_fit():
    x = tiny.rows(300)
    x[5, 1] = 1e30
    assert math.isfinite(pf.fit(tiny.flow(), x, epochs=3).nll)
