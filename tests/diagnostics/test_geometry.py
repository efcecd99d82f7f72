"""What a map does to a small square: areas, orientation, and how fast |det J| becomes right."""

from __future__ import annotations

import pytest
import torch

from pushforward.diagnostics.geometry import (
    counted_area,
    dissection,
    jacobian,
    polygon_area,
    shrinking,
    square_image,
)
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.transforms import Affine, Compose, Coupling, Inverse, Linear, Sylvester, Transform
from pushforward.transforms.registry import perturb

POINT = torch.tensor([0.3, -0.4]).double()
MATRICES = ([[2.0, 1.0], [0.5, 1.5]], [[-1.0, 3.0], [2.0, 0.7]], [[1.0, 4.0], [0.0, -3.0]])


def bent(seed: int = 0) -> Transform:
    torch.manual_seed(seed)
    layer = Sylvester(2)
    perturb(layer, torch.Generator().manual_seed(seed))
    return layer.double()


@pytest.mark.parametrize("make", [bent, lambda: Inverse(bent())], ids=["map", "inverse"])
def test_a_corner_errs_with_slope_one_and_a_centre_with_two(make: type) -> None:
    transform = make()
    assert shrinking(transform, POINT, "corner").slope == pytest.approx(1, abs=0.05)
    assert shrinking(transform, POINT, "centre").slope == pytest.approx(2, abs=0.05)


def test_the_area_of_an_image_is_that_of_a_fine_polygon() -> None:
    found = square_image(bent(), POINT, 0.5)
    assert abs(polygon_area(found.boundary)) == pytest.approx(found.area, rel=1e-4)
    assert found.ratio == pytest.approx(found.area / (abs(found.det) * 0.25))
    torch.testing.assert_close(found.boundary[::64][:4], found.corners)
    assert abs(polygon_area(found.linear)) == pytest.approx(found.linear_area)


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_linear_map_has_ratio_one(matrix: list[list[float]]) -> None:
    layer = Linear(matrix, [1.0, 2.0])
    found = square_image(layer, POINT, 0.1, "centre")
    assert found.ratio == pytest.approx(1.0, abs=1e-12)
    assert found.orientation == layer.orientation
    torch.testing.assert_close(found.corners, found.linear)
    with pytest.raises(ConfigurationError, match="linear here"):
        shrinking(Affine(torch.zeros(2), torch.ones(2)), POINT)


@pytest.mark.parametrize("matrix", MATRICES)
def test_counted_area_is_the_determinant_to_three_digits(matrix: list[list[float]]) -> None:
    known = abs(torch.linalg.det(torch.tensor(matrix).double()).item())
    for seed in range(3):
        counted = counted_area(matrix, seed=seed)
        assert counted.area == pytest.approx(known, rel=5e-4)
        assert abs(counted.area - known) < 4 * counted.error


def test_a_flat_parallelogram_has_no_area() -> None:
    assert counted_area([[1.0, 2.0], [2.0, 4.0]], points=100).area == 0


@pytest.mark.parametrize(
    "sides", [(3.0, 1.0, 1.0, 2.0), (1.0, 0.0, 0.0, 1.0), (2.5, 0.7, 1.1, 1.3)]
)
def test_the_dissection_adds_up(sides: tuple[float, float, float, float]) -> None:
    a, b, c, d = sides
    box, parallelogram, rest = dissection(a, b, c, d)
    assert parallelogram.area == pytest.approx(a * d - b * c)
    assert sum(piece.area for piece in rest) == pytest.approx(a * b + 2 * b * c + c * d)
    assert box.area - sum(piece.area for piece in rest) == pytest.approx(parallelogram.area)
    assert all(polygon_area(piece.corners) >= 0 for piece in [box, parallelogram, *rest])


def test_a_jacobian_has_the_batch_in_front_and_takes_a_context() -> None:
    layer = Compose([Coupling(3, context_features=2, hidden=(4,)), Affine(0.0, 2.0)])
    perturb(layer, torch.Generator().manual_seed(0))
    z, context = torch.randn(4, 5, 3).double(), torch.randn(5, 2).double()
    layer = layer.double()
    matrices = jacobian(layer, z, context)
    assert matrices.shape == (4, 5, 3, 3)
    log_det = layer.forward(z, context)[1]
    torch.testing.assert_close(torch.linalg.slogdet(matrices).logabsdet, log_det)
    one = torch.autograd.functional.jacobian(lambda z: layer.forward(z, context[0])[0], z[0, 0])
    torch.testing.assert_close(matrices[0, 0], one)


def test_bad_input_is_named() -> None:
    layer = Affine(0.0, 2.0)
    with pytest.raises(ShapeError, match="single number"):
        jacobian(layer, torch.tensor(1.0))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        square_image(layer, torch.zeros(3), 0.1)
    with pytest.raises(ConfigurationError, match="side must be positive"):
        square_image(layer, POINT, 0.0)
    with pytest.raises(ConfigurationError, match="'edge'"):
        square_image(layer, POINT, 0.1, "edge")
    with pytest.raises(ConfigurationError, match="two sides"):
        shrinking(layer, POINT, sides=(0.1,))
    with pytest.raises(ConfigurationError, match=r"\(1, 2\)"):
        counted_area([[1.0, 2.0]])
    with pytest.raises(ConfigurationError, match="ad ≥ bc"):
        dissection(1.0, 2.0, 2.0, 1.0)
