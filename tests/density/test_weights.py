"""The weights of a mixture of candidates."""

from __future__ import annotations

import torch

from pushforward.density.weights import FLOOR, stacking_weights


def table(rows: int, candidates: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, candidates, generator=torch.Generator().manual_seed(seed)).double()


def test_no_weight_is_below_the_floor_and_they_add_up() -> None:
    weights = stacking_weights(10 * table(200, 5), torch.ones(200))
    assert weights.min() >= FLOOR - 1e-12
    assert abs(weights.sum().item() - 1) < 1e-9


def test_no_other_weights_foretell_better() -> None:
    log_prob, weight = table(300, 3), torch.ones(300)
    found = stacking_weights(log_prob, weight)

    def score(w: torch.Tensor) -> float:
        return torch.logsumexp(log_prob + w.log(), 1).mean().item()

    for seed in range(200):
        other = torch.rand(3, generator=torch.Generator().manual_seed(seed)).double()
        other = FLOOR + (1 - 3 * FLOOR) * other / other.sum()
        assert score(other) <= score(found) + 1e-7


def test_a_row_of_weight_two_is_the_row_twice() -> None:
    log_prob = table(50, 3)
    weight = torch.ones(50)
    weight[:10] = 2
    twice = torch.cat([log_prob, log_prob[:10]])
    assert torch.allclose(
        stacking_weights(log_prob, weight), stacking_weights(twice, torch.ones(60)), atol=1e-9
    )


def test_a_candidate_that_rules_a_row_out_leaves_finite_weights() -> None:
    log_prob = table(20, 2)
    log_prob[0, 0] = -torch.inf
    assert stacking_weights(log_prob, torch.ones(20)).isfinite().all()
