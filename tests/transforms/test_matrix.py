"""Linear maps from any matrix: what is refused, what is used, and what comes back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pushforward.errors import ConfigurationError, ShapeError
from pushforward.transforms import Linear

SKEW = [[2.0, 1.0, 0.0], [0.5, -1.5, 3.0], [1.0, 0.0, 1.0]]


@pytest.mark.parametrize("make", [list, np.array, torch.tensor], ids=["list", "array", "tensor"])
def test_any_square_matrix_is_taken(make: type) -> None:
    layer = Linear(make(SKEW), make([1.0, 2.0, 3.0]))
    z = torch.randn(4, 3).double()
    x, log_det = layer.forward(z)
    expected = z @ torch.tensor(SKEW).double().t() + torch.tensor([1.0, 2.0, 3.0])
    torch.testing.assert_close(x, expected)
    sign, known = torch.linalg.slogdet(torch.tensor(SKEW).double())
    torch.testing.assert_close(log_det, known.expand(4), rtol=1e-6, atol=1e-6)
    assert layer.orientation == sign
    assert layer.structure == "dense"


@pytest.mark.parametrize("structure", ["lower", "upper"])
def test_a_triangular_matrix_has_the_log_det_of_its_diagonal(structure: str) -> None:
    matrix = torch.randn(50, 50, generator=torch.Generator().manual_seed(0)).double() / 50
    matrix = (matrix.tril(-1) if structure == "lower" else matrix.triu(1)) + 2 * torch.eye(50)
    matrix[3, 3] = -2
    layer = Linear(matrix)
    assert layer.structure == structure
    assert layer.orientation == -1
    assert layer.log_abs_det.item() == pytest.approx(50 * np.log(2), abs=1e-12)
    z = torch.randn(9, 50).double()
    torch.testing.assert_close(layer.inverse(layer.forward(z)[0])[0], z)


def test_a_mirror_turns_space_over() -> None:
    assert Linear([[1, 0], [0, -1]]).orientation == -1
    assert Linear([[0, 1], [1, 0]]).orientation == -1
    assert Linear([[0, -1], [1, 0]]).orientation == 1


def test_a_singular_matrix_is_refused_with_its_condition_number() -> None:
    with pytest.raises(ConfigurationError, match="condition number is"):
        Linear([[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(ConfigurationError, match=r"condition number is [1-4]e\+14"):
        Linear([[1.0, 0.0], [0.0, 5e-15]])
    with pytest.raises(ConfigurationError, match="inf"):
        Linear(np.zeros((2, 2)))


def test_a_map_between_dimensions_is_no_bijection() -> None:
    with pytest.raises(ConfigurationError, match=r"shape \(3, 5\).* R\^5 → R\^3 .*bijection"):
        Linear(torch.randn(3, 5))
    with pytest.raises(ConfigurationError, match="reaches at most 3 of the 5"):
        Linear(torch.randn(5, 3))


@pytest.mark.parametrize("matrix", [3.0, [1.0, 2.0], [[]], np.zeros((2, 2, 2))])
def test_what_is_no_matrix_is_refused(matrix: object) -> None:
    with pytest.raises(ConfigurationError, match="square matrix"):
        Linear(matrix)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="made of numbers"):
        Linear([[1.0, 2.0], [3.0]])
    with pytest.raises(ConfigurationError, match="not finite"):
        Linear([[1.0, float("nan")], [0.0, 1.0]])
    with pytest.raises(ConfigurationError, match=r"bias .* 2 numbers.*\(3,\)"):
        Linear([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="2 features"):
        Linear([[1.0, 0.0], [0.0, 1.0]]).forward(torch.zeros(3))
