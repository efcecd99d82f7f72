"""A setting is chosen with few fits."""

from __future__ import annotations

from benchmarks.density.methods.search import best


def test_it_ends_after_two_falls_in_a_row_only() -> None:
    scores = dict(zip(range(1, 8), [0, 3, 2, 5, 4, 3, 9], strict=True))
    value, tried = best(list(scores), scores.__getitem__)
    assert value == 4
    assert list(tried) == ["1", "2", "3", "4", "5", "6"]


def test_a_value_that_cannot_be_fitted_ends_it() -> None:
    def score(value: float) -> float:
        if value > 2:
            raise ValueError("too many components")
        return value

    assert best([1, 2, 3, 4], score) == (2, {"1": 1, "2": 2})
