"""Which column costs a row its density, and by how many nats."""

import math

import numpy as np
import pytest
import torch

import pushforward as pf
import tiny
from pushforward.diagnostics.blame import Blamer
from pushforward.distributions import MultivariateNormal, Normal, Uniform
from pushforward.errors import ModelError
from pushforward.transforms import Affine


def test_the_cost_of_a_value_is_what_conditioning_says() -> None:
    """In a normal, the best value of x₂ given x₁ costs nothing; x₂ itself (x₂ - ρx₁)²/2(1 - ρ²)."""
    base = MultivariateNormal(2)
    slope, rest = 0.8, 1 - 0.8**2
    generator = torch.Generator().manual_seed(0)
    base.initialize(
        torch.randn(100_000, 2, generator=generator)
        @ torch.tensor([[1.0, slope], [0.0, rest**0.5]])
    )
    x = torch.tensor([[1.0, 4.0], [0.0, -3.0]])
    rises = Blamer(pf.Flow(base)).rises(x)
    for j in (0, 1):
        own, other = x[:, j], x[:, 1 - j]
        expected = (own - slope * other) ** 2 / (2 * rest)
        assert np.allclose(rises[:, j], expected, rtol=0.05, atol=0.1)


@pytest.mark.parametrize("size", [9.0, 1e6, 1e18])
def test_an_outlier_is_named_however_far_it_is(size) -> None:
    x = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    x[:, 2] = size
    rises = Blamer(pf.Flow(Normal(4))).rises(x)
    assert (rises.argmax(1) == 2).all()
    assert np.allclose(rises[:, 2], size**2 / 2, rtol=0.05)


def test_a_row_costs_the_same_alone_and_in_company() -> None:
    for context in (None, tiny.rows(60, 1, seed=3)):
        flow = tiny.flow(3, "maf", context_features=0 if context is None else 1)
        x = 3 * tiny.rows(60, 3)
        blamer = Blamer(flow)
        together = blamer.rises(x, context)
        parts = [
            blamer.rises(x[i : i + 7], None if context is None else context[i : i + 7])
            for i in range(0, 60, 7)
        ]
        assert np.array_equal(together, np.concatenate(parts))
        assert np.array_equal(together, Blamer(flow).rises(x, context))


def test_the_context_is_held() -> None:
    """X = (context, 0) + noise: the same value is common given one context, and not given another.

    With a context of 8 the first column is near 8, and the second to blame for being 8.
    """

    class Shifted:
        def log_prob(self, x, context):
            return Normal(2).log_prob(x - torch.cat([context, 0 * context], -1))

        def sample(self, shape, context):
            mean = torch.cat([context, 0 * context], -1)
            return mean + torch.randn(*shape, *mean.shape)

        def encode(self, x, context):
            raise AssertionError("blaming asks for no latents")

    x = torch.tensor([[8.0, 8.0], [8.0, 8.0]])
    rises = Blamer(Shifted()).rises(x, torch.tensor([[8.0], [0.0]]))
    assert rises[0].argmax() == 1
    assert rises[0, 0] < 0.1
    assert np.allclose(rises[1], 32, atol=0.1)


def test_a_row_without_density() -> None:
    rises = Blamer(pf.Flow(Uniform(2))).rises(torch.tensor([[0.5, 3.0], [3.0, 3.0]]))
    assert rises[0].tolist() == [0.0, math.inf]
    assert rises[1].tolist() == [0.0, 0.0]  # no single value is to blame


def test_no_rows_and_one_column() -> None:
    blamer = Blamer(pf.Flow(Normal(1), Affine(0.0, 2.0)))
    assert blamer.rises(torch.empty(0, 1)).shape[0] == 0
    assert blamer.rises(torch.tensor([[12.0]])).item() == pytest.approx(18, abs=0.1)


def test_the_flow_and_the_random_numbers_are_left_as_they_were() -> None:
    flow = tiny.flow(2).train()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Blamer(flow).rises(tiny.rows(3))
    assert torch.equal(torch.rand(3), expected)
    assert flow.training


def test_samples_that_are_not_finite() -> None:
    flow = pf.Flow(Normal(1, scale=1e38), Affine(0.0, 1e30))
    with pytest.raises(ModelError, match="Only 0 of 2000 samples of the flow are finite"):
        Blamer(flow).rises(torch.zeros(1, 1))
