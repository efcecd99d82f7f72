"""What a map does to a small square: its Jacobian, its image, and the area that |det J| predicts.

Row by row as a lecture draws it, and in the plane; everything is returned as numbers and corners.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from pushforward.diagnostics import properties
from pushforward.errors import ConfigurationError, ShapeError
from pushforward.transforms import Transform

NODES = 48  # Gauss-Legendre points per side of a square: digits to rounding for smooth maps

Anchor = Literal["corner", "centre"]
CORNERS = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64)  # of the unit square


def jacobian(transform: Transform, z: Tensor, context: Tensor | None = None) -> Tensor:
    """∂x/∂z of a map of vectors at each point: z (*batch, d) -> (*batch, d, d), by autodiff.

    Raises:
        ShapeError: z is a single number, or what the transform refuses.

    Example:
        >>> from pushforward.transforms import Exp
        >>> jacobian(Exp(), torch.zeros(2)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    if z.ndim < 1:
        raise ShapeError("A Jacobian is taken at a vector, but z is a single number.")
    if context is not None:
        context = context.expand(*z.shape[:-1], -1).reshape(-1, context.shape[-1])
    matrices = properties.jacobian(transform.forward, z.reshape(-1, z.shape[-1]), context)
    return matrices.reshape(*z.shape, -1)


@dataclass(frozen=True)
class SquareImage:
    """A small square of the plane and what a map makes of it.

    Attributes:
        square: the square's corners, counter-clockwise, (4, 2).
        corners: their images (4, 2), and `boundary` the whole edge's, a closed curve (n, 2).
        linear: the corners under the linear map f(z) + J·(· - z), a parallelogram (4, 2).
        jacobian: J at the anchor, (2, 2), and `det` its determinant: below 0 the map turns over.
        area: of the image, by ½∮x dy - y dx along its edge, exact to quadrature.
        linear_area: |det J|·h².
        ratio: area / linear_area, which goes to 1 as h goes to 0.
        orientation: the sign of the image's area, +1 or -1.
    """

    square: Tensor
    corners: Tensor
    boundary: Tensor
    linear: Tensor
    jacobian: Tensor
    det: float
    area: float
    linear_area: float
    ratio: float
    orientation: int


def square_image(
    transform: Transform,
    z: Tensor,
    side: float,
    anchor: Anchor = "corner",
    context: Tensor | None = None,
) -> SquareImage:
    """The image of a square of that side with its lower left corner, or its centre, at z.

    The first error of |det J|·h² is ½h·(∂₁ + ∂₂)|det J| for a corner and of second order in h for
    a centre, where the first order cancels by symmetry.

    Args:
        transform: a map of the plane. Where it is smooth, the area is exact to rounding; a kink
            on the edge (a ReLU's, a spline's knot) costs digits.
        z: (2), best in float64.
        side: h > 0.
        anchor: "corner" or "centre".
        context: (c), where the transform takes one.

    Raises:
        ShapeError: z is not a point of the plane.
        ConfigurationError: a side that is not positive, or another anchor.

    Example:
        >>> from pushforward.transforms import Affine
        >>> stretch = Affine(torch.zeros(2), torch.tensor([2.0, -3.0]))
        >>> found = square_image(stretch, torch.zeros(2).double(), 0.5)
        >>> round(found.area, 12), found.linear_area, found.orientation
        (1.5, 1.5, -1)
    """
    if z.shape != (2,):
        raise ShapeError(
            f"z must be a point of the plane, of shape (2,), but has {tuple(z.shape)}."
        )
    if not 0 < side < math.inf:
        raise ConfigurationError(f"side must be positive, but is {side}.")
    if anchor not in ("corner", "centre"):
        raise ConfigurationError(f'anchor must be "corner" or "centre", but is {anchor!r}.')
    shift = 0.0 if anchor == "corner" else 0.5
    square = z + side * (CORNERS.to(z) - shift)

    def image(points: Tensor) -> Tensor:
        with torch.no_grad():
            return transform.forward(points, _shared(context, points))[0]

    at_z = image(z)
    matrix = jacobian(transform, z, context)
    det = torch.linalg.det(matrix.double()).item()
    signed = _signed_area(transform, square, at_z, context)
    return SquareImage(
        square=square,
        corners=image(square),
        boundary=image(_edge(square)),
        linear=at_z + (square - z) @ matrix.t(),
        jacobian=matrix,
        det=det,
        area=abs(signed),
        linear_area=abs(det) * side**2,
        ratio=abs(signed) / (abs(det) * side**2),
        orientation=1 if signed > 0 else -1,
    )


def _shared(context: Tensor | None, points: Tensor) -> Tensor | None:
    return None if context is None else context.expand(*points.shape[:-1], context.shape[-1])


def _edge(square: Tensor, count: int = 64) -> Tensor:
    """A closed walk along the edge of a polygon, (sides·count + 1, 2)."""
    share = torch.linspace(0, 1, count + 1).to(square)[:-1, None]
    ends = square.roll(-1, 0)
    walk = (square[:, None] + share * (ends - square)[:, None]).flatten(0, 1)
    return torch.cat([walk, square[:1]])


def _signed_area(
    transform: Transform, square: Tensor, about: Tensor, context: Tensor | None
) -> float:
    """½∮x dy - y dx along the image of the square's edge, x and y counted from `about`."""
    nodes, weights = (
        torch.from_numpy(v).to(square) for v in np.polynomial.legendre.leggauss(NODES)
    )
    along = square.roll(-1, 0) - square  # (4, 2)
    points = square[:, None] + 0.5 * (1 + nodes)[:, None] * along[:, None]  # (4, nodes, 2)
    given = _shared(context, points)
    with torch.no_grad():
        x, y = (transform.forward(points, given)[0] - about).unbind(-1)
    slope = (jacobian(transform, points, given) @ along[:, None, :, None]).squeeze(-1)
    turn = x * slope[..., 1] - y * slope[..., 0]
    return 0.5 * (0.5 * weights * turn).sum().item()


@dataclass(frozen=True)
class Shrinking:
    """How |det J|·h² comes to be the area: sides h, errors |ratio - 1|, and the slope fitted."""

    sides: list[float]
    errors: list[float]
    slope: float


def shrinking(
    transform: Transform,
    z: Tensor,
    anchor: Anchor = "corner",
    sides: tuple[float, ...] = (0.2, 0.1, 0.05, 0.025, 0.0125),
    context: Tensor | None = None,
) -> Shrinking:
    """|area / (|det J|·h²) - 1| over the sides h, and its slope on logarithmic axes.

    The slope is 1 for a corner and 2 for a centre, unless a derivative of det J happens to vanish.
    Arguments and errors as `square_image`; two sides or more.
    """
    if len(sides) < 2:
        raise ConfigurationError(f"A slope needs two sides or more, but was given {len(sides)}.")
    errors = [abs(square_image(transform, z, h, anchor, context).ratio - 1) for h in sides]
    if min(errors) < 1e-12:
        raise ConfigurationError("The map is linear here: the error is rounding, and has no slope.")
    slope = np.polyfit(np.log(sides), np.log(errors), 1)[0]
    return Shrinking(list(sides), errors, float(slope))


def polygon_area(corners: Tensor) -> float:
    """The signed area of a polygon (n, 2): above 0 where its corners go counter-clockwise.

    Example:
        >>> polygon_area(torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]))
        1.0
    """
    x, y = (corners.double() - corners[0].double()).unbind(-1)
    return 0.5 * (x * y.roll(-1) - x.roll(-1) * y).sum().item()


@dataclass(frozen=True)
class CountedArea:
    """An area by counting: the share of points in a box that fall inside, times the box's area.

    Attributes:
        area: the estimate; `error` its standard error.
        points: (n, 2), one at random in each cell of a grid over the box.
        inside: which of them lie in the parallelogram, (n).
        box: lower and upper corner, (2, 2).
    """

    area: float
    error: float
    points: Tensor
    inside: Tensor
    box: Tensor


def counted_area(matrix: Any, points: int = 1_000_000, seed: int = 0) -> CountedArea:
    """The area of the parallelogram A·[0, 1]² by counting points; it equals |det A|.

    A point is drawn in each of n cells, not n in the whole box, since then only the cells on the
    edge can err: three digits from a million points, where plain counting gives two or three.

    Args:
        matrix: A, (2, 2): a tensor, an array or nested lists. A singular one has area 0.
        points: about how many, 100 or more.
        seed: of the draws.

    Raises:
        ConfigurationError: another shape, or too few points.

    Example:
        >>> round(counted_area([[2.0, 1.0], [0.5, 1.5]], points=10_000).area, 1)
        2.5
    """
    a = torch.as_tensor(matrix, dtype=torch.float64)
    if a.shape != (2, 2):
        raise ConfigurationError(f"A parallelogram needs a (2, 2) matrix, not {tuple(a.shape)}.")
    if points < 100:
        raise ConfigurationError(f"Counting needs 100 points or more, but points={points}.")
    side = round(math.sqrt(points))
    corners = CORNERS @ a.t()
    low, high = corners.amin(0), corners.amax(0)
    cells = torch.cartesian_prod(torch.arange(side), torch.arange(side))
    jitter = torch.rand(len(cells), 2, dtype=a.dtype, generator=torch.Generator().manual_seed(seed))
    drawn = low + (high - low) * (cells + jitter) / side
    inside = _inside(drawn, a)
    box = (high - low).prod().item()
    # Each cell that the edge crosses, about 4·side at most, errs by half a point on average.
    error = box * math.sqrt(4 * side * 0.25) / side**2
    return CountedArea(
        inside.double().mean().item() * box, error, drawn, inside, torch.stack([low, high])
    )


def _inside(points: Tensor, a: Tensor) -> Tensor:
    """Which points are u·a₁ + v·a₂ with u and v in [0, 1]; none where a₁ and a₂ are parallel."""
    det = torch.linalg.det(a)
    if det == 0:
        return torch.zeros(len(points), dtype=torch.bool)
    u = (points[:, 0] * a[1, 1] - points[:, 1] * a[0, 1]) / det
    v = (points[:, 1] * a[0, 0] - points[:, 0] * a[1, 0]) / det
    return (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)


@dataclass(frozen=True)
class Piece:
    """A polygon of the dissection: what it is called, its area as a product, and its corners."""

    name: str
    term: str
    corners: Tensor

    @property
    def area(self) -> float:
        """By the shoelace formula."""
        return abs(polygon_area(self.corners))


def dissection(a: float, b: float, c: float, d: float) -> tuple[Piece, Piece, list[Piece]]:
    """(a+c)(b+d) - ab - 2bc - cd = ad - bc, as a picture: box, parallelogram, and the rest.

    The parallelogram is spanned by (a, b) and (c, d), the columns of A = [[a, c], [b, d]]; around
    it the box leaves two triangles of ab/2, two of cd/2 and two rectangles of bc.

    Raises:
        ConfigurationError: a negative number, or ad < bc, where the picture would overlap itself
            (exchange the two vectors then).

    Example:
        >>> box, parallelogram, rest = dissection(3.0, 1.0, 1.0, 2.0)
        >>> box.area, parallelogram.area, sum(piece.area for piece in rest)
        (12.0, 5.0, 7.0)
    """
    if min(a, b, c, d) < 0 or a * d < b * c:
        raise ConfigurationError(
            f"The dissection needs a, b, c, d ≥ 0 and ad ≥ bc, but was given {a}, {b}, {c}, {d}."
        )
    w, h = a + c, b + d

    def piece(name: str, term: str, *corners: tuple[float, float]) -> Piece:
        return Piece(name, term, torch.tensor(corners, dtype=torch.float64))

    return (
        piece("box", "(a+c)(b+d)", (0, 0), (w, 0), (w, h), (0, h)),
        piece("parallelogram", "ad - bc", (0, 0), (a, b), (w, h), (c, d)),
        [
            piece("lower triangle", "ab/2", (0, 0), (a, 0), (a, b)),
            piece("lower rectangle", "bc", (a, 0), (w, 0), (w, b), (a, b)),
            piece("right triangle", "cd/2", (a, b), (w, b), (w, h)),
            piece("upper triangle", "ab/2", (w, h), (c, h), (c, d)),
            piece("upper rectangle", "bc", (c, h), (0, h), (0, d), (c, d)),
            piece("left triangle", "cd/2", (c, d), (0, d), (0, 0)),
        ],
    )
