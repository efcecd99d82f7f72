"""A training step: no waiting for the device, lower precision, less memory, compiled."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import pushforward as pf
import tiny
from poison import FAULTS, Poisoned, flow_with, poisoned_rows
from pushforward.errors import ConfigurationError
from pushforward.training import loop
from pushforward.transforms import ActNorm
from pushforward.transforms.lean import RUN


def looking_every(monkeypatch, steps: int) -> None:
    """As on an accelerator."""
    monkeypatch.setattr(loop, "steps_between_looks", lambda _: steps)


def without_clock(history: list) -> list:
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in history]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("every", [2, 7, 20])
def test_a_bad_step_seen_late_is_undone_as_if_seen_at_once(monkeypatch, fault, every):
    """Weights and history are the same bit for bit, however seldom one looks."""
    results = []
    for steps in (1, every):
        looking_every(monkeypatch, steps)
        flow = flow_with(Poisoned(fault))
        settings = {"epochs": 5, "batch_size": 8, "learning_rate": 1e-2}
        results.append(pf.fit(flow, poisoned_rows(), **settings))
    at_once, late = results
    assert any("event" in entry for entry in at_once.history)
    assert without_clock(late.history) == without_clock(at_once.history)
    assert tiny.same(late.flow, at_once.flow)


def test_where_every_step_is_bad_it_ends_as_well(monkeypatch):
    looking_every(monkeypatch, 20)
    result = pf.fit(flow_with(Poisoned("value", everywhere=True)), tiny.rows(), epochs=50)
    assert result.stopped == "20 steps were not finite; the best model so far is kept"


class Questions(TorchDispatchMode):
    """Counts how often the host asks for a number, which on an accelerator makes it wait."""

    asked = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default):
            Questions.asked += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("memory", ["plain", "lean"])
def test_no_step_waits_for_the_device(monkeypatch, memory):
    asked = []

    def stepping(self, batch, step=loop.Loop._step):
        Questions.asked = 0
        with Questions():
            taken = step(self, batch)
        asked.append(Questions.asked)
        return taken

    monkeypatch.setattr(loop.Loop, "_step", stepping)
    flow = tiny.flow(wiring="coupling", layers=RUN)
    pf.fit(flow, tiny.rows(), epochs=2, batch_size=32, memory=memory)
    assert asked == [0] * 12
    with Questions():
        float(torch.zeros(()))
    assert Questions.asked == 1  # it does count


def test_bf16_learns_the_same_to_three_hundredths_of_a_nat():
    x = tiny.rows(2000, 3)
    nlls = []
    for precision in ("full", "bf16"):
        flow = tiny.flow(3, hidden=(32,))
        result = pf.fit(flow, x, epochs=10, learning_rate=5e-3, precision=precision)
        assert all(p.dtype == torch.float32 for p in flow.parameters())
        nlls.append(result.nll)
    assert nlls[0] != nlls[1]
    assert nlls[0] == pytest.approx(nlls[1], abs=0.03)


@pytest.mark.parametrize("scaler", ["standardize", "whiten"])
@pytest.mark.parametrize("base", ["normal", "full"])
@pytest.mark.parametrize("recipe", ["nsf", "maf", "realnvp", "sylvester"])
def test_bf16_is_for_the_conditioners_alone(recipe, base, scaler):
    """Maps, log-dets and the base stay in float32, so that nothing but the products changes."""
    flow, x = tiny.flow(3, recipe, base=base, scaler=scaler), tiny.rows(50, 3)
    flow.initialize(x)
    wanted = flow.terms(x)
    with torch.autocast("cpu", torch.bfloat16):
        terms, z = flow.terms(x), flow.encode(x)
    assert z.dtype == terms[0].dtype == terms[1].dtype == torch.float32
    if recipe != "sylvester":  # conditioners start at zero: bf16 has nothing to round
        torch.testing.assert_close(terms, wanted, rtol=1e-6, atol=1e-5)
    else:
        assert torch.equal(terms[1], wanted[1])


@pytest.mark.parametrize("memory", ["lean", "recompute"])
def test_lean_memory_learns_the_same(memory):
    results = {}
    for each in ("plain", memory):
        flow = tiny.flow(3, wiring="coupling", layers=2 * RUN).double()
        results[each] = pf.fit(flow, tiny.rows(200, 3), epochs=3, batch_size=64, memory=each)
        assert flow.memory == "plain"
    assert results[memory].nll == pytest.approx(results["plain"].nll, rel=1e-9)
    for entry in results[memory].history:
        assert ("memory_drift" in entry) == (memory == "lean")
        if memory == "lean":
            assert 0 < entry["memory_drift"] < 1e-9


@pytest.mark.parametrize("memory", ["lean", "recompute"])
@pytest.mark.parametrize("wiring", ["coupling", "autoregressive"])
def test_lean_memory_goes_with_bf16(wiring, memory):
    """The way back runs in the precision of the way there, and no cast weight loses its graph."""
    flow, x = tiny.flow(3, wiring=wiring, layers=RUN), tiny.rows(100, 3)
    flow.initialize(x)
    with torch.no_grad():
        for p in flow.parameters():
            p.add_(0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))
    found = []
    for each in ("plain", memory):
        flow.memory = each
        with torch.autocast("cpu", torch.bfloat16):
            score = flow.log_prob(x).mean()
        found.append(torch.autograd.grad(score, [*flow.parameters()]))
    for one, other in zip(*found, strict=True):
        assert (one - other).norm() <= 2e-2 * one.norm()


class Drifting(ActNorm):
    """Its way back misses by a hundredth."""

    def forward(self, z, context=None):
        x, log_det = super().forward(z)
        return 1.01 * x, log_det


def test_too_much_drift_ends_reconstruction_also_after_a_resume(tmp_path):
    def run(folder, epochs_before=None):
        flow = flow_with(Drifting(2)).upto(2)
        flow.initialized.fill_(True)
        options = {"epochs": 4, "memory": "lean", "checkpoint": folder, "resume": True}
        if epochs_before is not None:
            with pytest.MonkeyPatch.context() as patch:
                real = loop.Loop._reason_to_stop
                patch.setattr(
                    loop.Loop,
                    "_reason_to_stop",
                    lambda self: (
                        "cut" if self.state.counters.epoch >= epochs_before else real(self)
                    ),
                )
                return pf.fit(flow, tiny.rows(), **options)
        return pf.fit(flow, tiny.rows(), **options)

    whole = run(tmp_path / "whole")
    drifts = [entry.get("memory_drift") for entry in whole.history]
    assert drifts[0] == pytest.approx(1e-2, rel=1e-3)
    assert drifts[1:] == [None] * 3
    assert all("memory_drift" not in entry for entry in whole.history[1:])
    run(tmp_path / "cut", epochs_before=2)
    resumed = run(tmp_path / "cut")
    assert without_clock(resumed.history) == without_clock(whole.history)


def test_memory_may_change_on_the_way(tmp_path):
    x, options = tiny.rows(), {"epochs": 3, "checkpoint": tmp_path}
    first = pf.fit(tiny.flow(), x, **options)
    again = pf.fit(tiny.flow(), x, resume=True, memory="lean", **options)
    assert tiny.same(first.flow, again.flow)
    json.dumps(first.history)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precision": "fp8"}, "precision must be one of full, bf16, but is 'fp8'"),
        ({"memory": "small"}, "memory must be one of None, plain, lean, recompute, but is"),
        ({"compile": True, "memory": "lean"}, "does not go with memory='lean'"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        pf.fit(tiny.flow(), tiny.rows(), epochs=1, **settings)


def test_bf16_wants_a_flow_of_float32():
    with pytest.raises(ConfigurationError, match=r"bf16.*float32 flow, but this one is float64"):
        pf.fit(tiny.flow().double(), tiny.rows(), epochs=1, precision="bf16")


def fitted(recipe: str, compile: bool, **arguments):
    """Two whole batches and a smaller one an epoch."""
    flow = tiny.flow(3, recipe, **arguments)
    return pf.fit(flow, tiny.rows(200, 3), epochs=4, batch_size=80, compile=compile)


def assert_learns_the_same_compiled(recipe: str, **arguments) -> None:
    plain, compiled = (fitted(recipe, compile, **arguments) for compile in (False, True))
    assert compiled.nll == pytest.approx(plain.nll, abs=1e-4)
    for p, q in zip(plain.flow.parameters(), compiled.flow.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-3)
    assert math.isfinite(compiled.nll)


def test_compiled_it_learns_the_same():
    assert_learns_the_same_compiled("realnvp")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "arguments"),
    [("nsf", {}), ("nsf", {"wiring": "coupling"}), ("maf", {})],
    ids=["nsf", "nsf-coupling", "maf"],
)
def test_compiled_every_wiring_learns_the_same(recipe, arguments):
    assert_learns_the_same_compiled(recipe, **arguments)


def test_without_a_compiler_it_says_so(monkeypatch):
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))
    monkeypatch.setenv("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")
    torch._dynamo.reset()
    flow = tiny.flow(recipe="nice")
    with pytest.raises(ConfigurationError, match=r"needs a C\+\+ compiler.*Leave compile out"):
        pf.fit(flow, tiny.rows(), epochs=1, compile=True)
    assert all(p.grad is None for p in flow.parameters())
