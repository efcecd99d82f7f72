"""`sample_weight`: 2 is the row given twice and 0 its absence, to rounding, in the whole fit."""

import pytest
import torch

import pushforward as pf
import tiny
from pushforward.distributions import Normal
from pushforward.flow import Flow
from pushforward.nets.scaler import ContextScaler
from pushforward.transforms import ActNorm, Standardize, Whiten

FLOWS = {
    "standardize": lambda: tiny.flow(3, "nsf", base=Normal(3, 1.0, 2.0)),
    "whiten": lambda: tiny.flow(3, "nsf", scaler="whiten", base=Normal(3, 1.0, 2.0)),
    "context": lambda: tiny.flow(3, "maf", context_features=1, base=Normal(3, 1.0, 2.0)),
    "full": lambda: tiny.flow(3, "maf", base="full"),
    "mixture": lambda: tiny.flow(3, "maf", base="mixture"),
    "actnorm": lambda: Flow(
        Normal(3, 1.0, 2.0), [*tiny.flow(3, "maf", scaler="none").transform, ActNorm(3)]
    ),
}


def largest_difference(one: Flow, other: Flow) -> float:
    mine, theirs = one.state_dict(), other.state_dict()
    return max(float((mine[k].double() - theirs[k].double()).abs().max()) for k in mine)


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("together", [True, False])
def test_weights_are_repetitions(name, together):
    """A full batch in float64, a few epochs: the same weights from either.

    (No flow here starts at its optimum, where AdamW would divide rounding by rounding.)
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one, two = (FLOWS[name]().double() for _ in range(2))
        two.load_state_dict(one.state_dict())
    x = tiny.rows(60, 3, dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    times = torch.randint(0, 4, (60,), generator=generator)
    copies = torch.arange(60).repeat_interleave(times)
    if not together:
        copies = copies[torch.randperm(len(copies), generator=generator)]
    given = x[:, :1].exp() if name == "context" else None
    settings = {"epochs": 4, "batch_size": 999, "validation": 0.0}
    weighted = pf.fit(one, x, given, sample_weight=times, **settings)
    repeated = pf.fit(two, x[copies], None if given is None else given[copies], **settings)
    assert largest_difference(one, two) < 1e-10
    assert weighted.history[-1]["train"] == pytest.approx(repeated.history[-1]["train"], rel=1e-10)


@pytest.mark.parametrize("scaler", [Standardize, Whiten, ActNorm])
def test_a_scaler_counts_weights(scaler):
    x, weight = tiny.rows(50, 3, dtype=torch.float64), torch.arange(1, 51)
    weighted, plain = scaler(3).double(), scaler(3).double()
    weighted.initialize(x, weight=7.0 * weight)
    z, _ = weighted.inverse(x)
    mean = (weight[:, None] * z).sum(0) / weight.sum()
    assert mean.abs().max() < 1e-12
    plain.initialize(x)
    assert largest_difference(weighted, plain) > 0.01  # they do count
    plain.initialize(x.repeat_interleave(weight, 0))
    assert largest_difference(weighted, plain) < 1e-12


def test_a_weight_of_a_batch_of_several_dimensions():
    x, weight = tiny.rows(12, 2, dtype=torch.float64), torch.arange(1.0, 13.0)
    one, two = (tiny.flow(2).double() for _ in range(2))
    one.initialize(x, weight=weight)
    two.initialize(x.reshape(3, 4, 2), weight=weight.reshape(3, 4))
    assert tiny.same(one, two)
    with pytest.raises(pf.errors.ShapeError, match=r"weight must have one number for each event"):
        one.initialize(x, weight=weight.reshape(3, 4))


def test_a_constant_column_stays_as_it_is():
    scaler = ContextScaler(1).double()
    scaler.initialize(torch.full((7, 1), 0.1), torch.tensor([0.3, 0.1, 0.7, 2.0, 1.0, 1.0, 1.1]))
    assert scaler.scale.item() == 1.0


def test_a_part_that_knows_no_weights_serves_where_there_are_none():
    """A transform of somebody's own, from before there were weights."""

    class Own(Standardize):
        def initialize(self, x, context=None):
            super().initialize(x, context)

    flow = Flow(Normal(2, trainable=True), [Own(2)])
    pf.fit(flow, tiny.rows(), epochs=1)
    pf.fit(Flow(flow.base, [Own(2)]), tiny.rows(), sample_weight=3 * torch.ones(200), epochs=1)
