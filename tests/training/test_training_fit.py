"""`fit`: what it promises about weights, figures, seeds, limits and the caller's flow."""

import copy
import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import pushforward as pf
import tiny
from pushforward.distributions import Normal
from pushforward.errors import ConfigurationError, DataError, ShapeError
from pushforward.training import Settings
from pushforward.training.data import gather, split
from pushforward.training.loop import evaluate
from pushforward.training.state import State


def epochs_of(result) -> list:
    return [entry for entry in result.history if "event" not in entry]


def judged_again(result, x, context=None) -> float:
    """The validation NLL of the flow as `fit` left it, computed anew."""
    rows = gather(result.flow, x, context)
    validation = split(rows, result.settings.validation, result.settings.seed)[1]
    return evaluate(result.flow.terms, validation)["nll"]


def test_the_same_seed_gives_the_same_weights_bit_for_bit():
    one, two, other = tiny.flow(), tiny.flow(), tiny.flow()
    for flow, seed in ((one, 1), (two, 1), (other, 2)):
        torch.rand(seed)  # the caller's generator has no say
        pf.fit(flow, tiny.rows(), epochs=3, batch_size=64, seed=seed)
    assert tiny.same(one, two)
    assert not tiny.same(one, other)


def test_the_callers_generator_is_untouched():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    pf.fit(tiny.flow(), tiny.rows(), epochs=2)
    assert torch.equal(torch.rand(3), expected)


def test_it_learns():
    flow = tiny.flow(hidden=(32,))
    x = tiny.rows(2000)
    result = pf.fit(flow, x, epochs=40, learning_rate=1e-2)
    gaussian = torch.distributions.MultivariateNormal(x.mean(0), x.t().cov())
    assert result.nll < -float(gaussian.log_prob(x).mean()) - 0.3


def test_each_entry_holds_two_terms_that_sum_to_the_nll():
    result = pf.fit(tiny.flow(), tiny.rows(), epochs=3, batch_size=50)
    assert [entry["epoch"] for entry in epochs_of(result)] == [1, 2, 3]
    for entry in epochs_of(result):
        for figures in (entry["train"], entry["validation"]):
            total = figures["nll_base"] + figures["nll_log_det"]
            assert math.isclose(figures["nll"], total, abs_tol=1e-12)


def test_the_best_weights_are_kept_not_the_last():
    x = tiny.rows(60)
    result = pf.fit(tiny.flow(hidden=(64,)), x, epochs=200, learning_rate=3e-2, ema=0.5)
    entries = epochs_of(result)
    best = min(entries, key=lambda entry: entry["validation"]["nll"])
    assert result.best_epoch == best["epoch"] < len(entries)
    assert result.nll == best["validation"]["nll"] < entries[-1]["validation"]["nll"]
    assert math.isclose(judged_again(result, x), result.nll, rel_tol=1e-6)
    assert result.stopped == f"no better validation NLL since epoch {result.best_epoch}"
    assert len(entries) < 200


def test_without_validation_the_last_weights_are_kept():
    result = pf.fit(tiny.flow(), tiny.rows(), epochs=3, validation=0.0)
    assert (result.nll, result.best_epoch, result.stopped) == (None, 3, "all epochs were run")
    assert all(entry["validation"] is None for entry in epochs_of(result))


@pytest.mark.parametrize("n", [200, 50_000])  # many epochs, and not one whole
def test_a_time_budget_is_honoured(monkeypatch, n):
    ticks = itertools.count()  # a clock that goes on by a millisecond whenever it is read
    clock = SimpleNamespace(perf_counter=lambda: 1e-3 * next(ticks))
    monkeypatch.setattr("pushforward.training.loop.time", clock)
    result = pf.fit(tiny.flow(), tiny.rows(n), time_budget="0.4s", batch_size=32, patience=2.0)
    assert 0.4 <= result.seconds < 0.42  # the step under way, and the judging after it
    assert result.stopped == "the time budget was used"
    assert epochs_of(result)


def one_full_step(flow, x, context=None, weight=None):
    return pf.fit(flow, x, context, sample_weight=weight, epochs=1, batch_size=999, validation=0.0)


def test_a_weight_of_two_is_the_row_twice():
    x = tiny.rows(40, dtype=torch.float64)
    flow = tiny.flow().double()
    flow.initialize(x)
    twice = copy.deepcopy(flow)
    weight = torch.ones(40)
    weight[:7] = 2
    weighted = one_full_step(flow, x, weight=weight)
    repeated = one_full_step(twice, torch.cat([x, x[:7]]))
    for p, q in zip(flow.parameters(), twice.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=0, atol=1e-9)
    assert weighted.history[0]["train"] == pytest.approx(repeated.history[0]["train"])


def test_a_weight_of_zero_is_the_rows_absence():
    x = tiny.rows(40)
    x[::4] = 1e6  # nobody may look at these
    weight = np.ones(40)
    weight[::4] = 0
    one, two = tiny.flow(), tiny.flow()
    one_full_step(one, x, weight=weight)
    one_full_step(two, x[weight > 0])
    assert tiny.same(one, two)


def test_weights_of_any_scale_give_the_same_figures():
    weight = torch.rand(200, generator=torch.Generator().manual_seed(0)) ** 4
    results = [
        pf.fit(tiny.flow(), tiny.rows(), sample_weight=scale * weight, epochs=2, batch_size=50)
        for scale in (1.0, 1e6)
    ]
    one, two = (epochs_of(result)[-1]["train"] for result in results)
    assert one == pytest.approx(two, rel=1e-4)


def test_averaged_weights():
    flow = tiny.flow()
    state = State(flow, torch.optim.AdamW(flow.parameters()), torch.Generator())
    state.begin()
    start = [p.detach().clone() for p in flow.parameters()]
    with torch.no_grad():
        for p in flow.parameters():
            p.add_(1.0)
    state.counters.step = 1
    state.update_average(0.998)  # early on, the decay is (1 + step)/(10 + step)
    for average, p in zip(state.average, start, strict=True):
        assert torch.allclose(average, p + (1 - 2 / 11))
    state.counters.step = 10**6
    state.update_average(0.998)
    for average, p in zip(state.average, start, strict=True):
        assert torch.allclose(average, p + (1 - 0.998 * 2 / 11))


def test_training_on_keeps_the_scalers():
    flow, x = tiny.flow(), tiny.rows()
    pf.fit(flow, x, epochs=1)
    scaler = copy.deepcopy(flow.transform[-1].state_dict())
    pf.fit(flow, 100 * x + 7, epochs=1)
    assert all(torch.equal(v, scaler[k]) for k, v in flow.transform[-1].state_dict().items())


@pytest.mark.parametrize("recipe", pf.flows.vector_recipes())
@pytest.mark.parametrize("features", [1, 3])
@pytest.mark.parametrize("context_features", [0, 2])
def test_every_recipe(recipe, features, context_features):
    flow = tiny.flow(features, recipe, context_features=context_features)
    context = tiny.rows(100, 2, seed=1) if context_features else None
    x = tiny.rows(100, features)
    result = pf.fit(flow, x, context, epochs=2, batch_size=32)
    assert math.isclose(judged_again(result, x, context), result.nll, rel_tol=1e-5)
    assert not flow.training
    assert all(p.grad is None and p.isfinite().all() for p in flow.parameters())


@pytest.mark.parametrize("base", ["full", "student_t", "mixture"])
def test_other_bases(base):
    assert math.isfinite(pf.fit(tiny.flow(base=base), tiny.rows(), epochs=2).nll)


def test_a_flow_of_doubles_and_arrays_of_either():
    flow = tiny.flow().double()
    x = tiny.rows(dtype=torch.float64).numpy()
    one = pf.fit(flow, x, epochs=2)
    assert math.isclose(judged_again(one, x), one.nll, rel_tol=1e-12)
    pf.fit(tiny.flow(), x, epochs=1)
    pf.fit(tiny.flow(), x.tolist(), epochs=np.int64(1), seed=np.int64(3))


def test_two_rows_are_enough():
    assert len(epochs_of(pf.fit(tiny.flow(), tiny.rows(2), epochs=2))) == 2


def test_the_bar_shows_the_nll_and_its_terms(capsys):
    pf.fit(tiny.flow(), tiny.rows(), epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 2  NLL" in err
    assert "(base)" in err
    assert "(log-det)" in err


@pytest.mark.parametrize("at", [1, 2, 20, 21, 40])  # before the first epoch, in a step, judging
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("a full disk")])
def test_whatever_stops_a_fit_leaves_the_best_weights(monkeypatch, at, error):
    x, stopped, whole = tiny.rows(), tiny.flow(), tiny.flow()
    entries = epochs_of(pf.fit(whole, x, epochs=30, batch_size=64))
    passes, terms = itertools.count(1), pf.Flow.terms

    def failing(*args):
        if next(passes) == at:
            raise error
        return terms(*args)

    monkeypatch.setattr(pf.Flow, "terms", failing)
    with pytest.raises(type(error)):
        pf.fit(stopped, x, epochs=30, batch_size=64)
    assert not stopped.training
    assert all(p.grad is None for p in stopped.parameters())
    train, validation = split(gather(stopped, x), 0.1, 0)
    start = tiny.flow()
    start.initialize(train.x)
    done = (at - 2) // 4  # one pass before the first epoch; in each three steps and a judgement
    judged = [entry["validation"]["nll"] for entry in entries[: max(done, 0)]]
    best = min(judged, default=evaluate(start.terms, validation)["nll"])
    assert evaluate(stopped.terms, validation)["nll"] == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"data": torch.zeros(5, 3)}, ShapeError, r"data must have shape \(rows, 2\), .* \(5, 3\)"),
        ({"data": torch.zeros(5)}, ShapeError, r"\(rows, 2\), but has \(5,\)"),
        ({"data": torch.tensor(1.0)}, ShapeError, r"\(rows, 2\), but has \(\)"),
        ({"data": np.array([["a", "b"]])}, ShapeError, "data must be a tensor or an array"),
        ({"data": object()}, ShapeError, "data must be a tensor or an array"),
        ({"data": torch.zeros(1, 2)}, DataError, "two rows or more of some weight, .* given 1"),
        ({"data": torch.zeros(0, 2)}, DataError, "given 0"),
        ({"data": torch.tensor([[0, 1], [0, math.inf]])}, DataError, "not finite in row 1"),
        ({"context": torch.zeros(200, 1)}, ShapeError, "This flow takes no context"),
        ({"sample_weight": torch.ones(199)}, ShapeError, r"must have shape \(200\), .*\(199,\)"),
        ({"sample_weight": torch.ones(200, 1)}, ShapeError, r"\(200\), but has \(200, 1\)"),
        ({"sample_weight": -torch.ones(200)}, DataError, "must not be negative"),
        ({"sample_weight": torch.zeros(200)}, DataError, "of some weight, but was given 0"),
        ({"sample_weight": torch.full((200,), math.nan)}, DataError, "sample_weight has a number"),
        ({"epochs": 0}, ConfigurationError, "epochs must be a whole number of at least 1"),
        ({"epochs": 1.5}, ConfigurationError, "but is 1.5"),
        ({"epochs": 1, "time_budget": 5}, ConfigurationError, "one of the two"),
        ({"time_budget": "5 parsecs"}, ConfigurationError, '"75s", "5m" or "1h30m"'),
        ({"time_budget": -1.0}, ConfigurationError, "must be positive"),
        ({"seed": -1}, ConfigurationError, "from 0 to 4294967295, but is -1"),
        ({"learning_rate": math.nan}, ConfigurationError, "learning_rate must be positive"),
        ({"ema": 1.0}, ConfigurationError, "ema must be at least 0 and below 1"),
        ({"optimiser": "sgd"}, ConfigurationError, "the settings are epochs, time_budget"),
        ({"resume": True}, ConfigurationError, "resume=True needs checkpoint"),
    ],
)
def test_what_is_refused(arguments, error, message):
    flow = tiny.flow()
    before = copy.deepcopy(flow)
    with pytest.raises(error, match=message):
        pf.fit(flow, **({"data": tiny.rows()} | arguments))
    assert tiny.same(flow, before)


def test_a_context_that_is_missing_or_does_not_fit():
    x = tiny.rows(3)
    with pytest.raises(ShapeError, match="needs a context of 3 features, but none was given"):
        pf.fit(tiny.flow(context_features=3), x)
    with pytest.raises(ShapeError, match=r"context must have shape \(3, 3\), but has \(3,\)"):
        pf.fit(tiny.flow(context_features=3), x, torch.zeros(3))


def test_a_flow_with_nothing_to_train():
    with pytest.raises(ConfigurationError, match="no trainable parameters"):
        pf.fit(pf.Flow(Normal(2)), tiny.rows())


@pytest.mark.parametrize("warmup", [0.0, 0.1])
def test_the_rate_rises_then_falls_to_zero(warmup):
    settings = Settings(epochs=10, warmup=warmup, learning_rate=1.0)
    rates = [settings.rate(share / 100) for share in range(101)]
    peak = int(100 * warmup)
    assert rates[peak] == 1.0
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert min(rates[:-1]) > 0
