"""Every transform of images by name, as the generic tests meet it; see `transforms/registry.py`."""

from __future__ import annotations

from collections.abc import Callable

from pushforward.transforms.base import Transform
from pushforward.transforms.compose import Compose
from pushforward.transforms.coupling import Coupling
from pushforward.transforms.image.conv1x1 import Conv1x1
from pushforward.transforms.image.coupling import ImageCoupling
from pushforward.transforms.image.dequantize import Dequantization, Dequantize
from pushforward.transforms.image.patches import PatchAutoregressive, Patches
from pushforward.transforms.image.pixel_laws import LAWS
from pushforward.transforms.image.pixels import PixelByPixel
from pushforward.transforms.image.pixelwise import Pixelwise, image_actnorm
from pushforward.transforms.image.reshape import Reshape
from pushforward.transforms.image.split import Split
from pushforward.transforms.image.squeeze import Haar, Squeeze
from pushforward.transforms.image.variational import VariationalDequantize
from pushforward.transforms.registry import HIDDEN, MAPS, Entry
from pushforward.univariate import Univariate

SHAPE = (2, 4, 4)  # small, and still with pixels that no edge touches


def _coupling(
    name: str, transformed: str | list[int] | None, net: str
) -> Callable[[int, int], Transform]:
    return lambda _d, c: ImageCoupling(2, MAPS[name], transformed, c, (4, 4), "tanh", net)


def _patches(name: str, reverse: bool) -> Callable[[int, int], Transform]:
    return lambda _d, c: PatchAutoregressive(
        3, 4, MAPS[name], reverse, c, layers=1, width=4, heads=2, activation="tanh"
    )


def _multiscale(_features: int, context_features: int) -> Transform:
    """Two scales with a step of Glow in each: every layer of images in one."""
    c = context_features

    def step(channels: int, univariate: Univariate) -> list[Transform]:
        coupling = ImageCoupling(channels, univariate, None, c, (4, 4), "tanh")
        return [coupling, Conv1x1(channels), image_actnorm(channels)]

    coarse = [Reshape((16,), (4, 2, 2)), *step(4, MAPS["Affine"])]
    split = Split((8, 2, 2), coarse, c, (4,), "tanh")
    return Compose([split, *step(8, MAPS["RationalQuadraticSpline"]), Squeeze()])


def _entry(
    name: str,
    make: Callable[[int, int], Transform],
    z_shape: tuple[int, ...] = SHAPE,
    takes_context: bool = False,
    reach: float = 4.0,
    gradient_limit: float = 1e30,
) -> Entry:
    """One whose numbers lie within ±reach on both sides."""
    interval = (-reach, reach)
    return Entry(
        name,
        make,
        takes_context=takes_context,
        z_range=interval,
        x_range=interval,
        gradient_limit=gradient_limit,
        z_shape=z_shape,
    )


BEYOND = 2.5 * MAPS["RationalQuadraticSpline"].scale  # of a spline's bound

IMAGES: list[Entry] = [
    _entry("Reshape", lambda _d, _c: Reshape((2, 16), SHAPE), (2, 16)),
    _entry("Squeeze", lambda _d, _c: Squeeze(), (8, 2, 2)),
    _entry("Haar", lambda _d, _c: Haar(), (8, 2, 2)),
    _entry("Conv1x1", lambda _d, _c: Conv1x1(8), (8, 2, 2)),
    _entry("Pixelwise(ActNorm)", lambda _d, _c: image_actnorm(2)),
    _entry(
        "Pixelwise(Coupling)",
        lambda _d, c: Pixelwise(Coupling(2, MAPS["Affine"], None, c, HIDDEN)),
        takes_context=True,
    ),
    *(
        _entry(f"ImageCoupling({name}, {said})", make, takes_context=True, reach=reach)
        for name, reach in (("Affine", 4.0), ("RationalQuadraticSpline", BEYOND))
        for said, make in (
            ("channels", _coupling(name, None, "plain")),
            ("first channel, residual", _coupling(name, [0], "residual")),
            ("checkerboard", _coupling(name, "white", "plain")),
        )
    ),
    _entry(
        "ImageCoupling(LogisticMixture, channels)",
        _coupling("LogisticMixture", None, "plain"),
        takes_context=True,
    ),
    _entry(
        "ImageCoupling(Affine, all channels)",
        _coupling("Affine", [0, 1], "plain"),
        takes_context=True,
    ),
    _entry("Patches", lambda _d, _c: Patches(SHAPE, 2), (4, 8)),
    *(
        _entry(
            f"PatchAutoregressive({name}, {'reversed' if reverse else 'in order'})",
            _patches(name, reverse),
            (3, 4),
            takes_context=True,
            reach=reach,
        )
        for name, reverse, reach in (
            ("Affine", False, 4.0),
            ("RationalQuadraticSpline", True, BEYOND),
        )
    ),
    _entry(
        "Split",
        lambda _d, c: Split(SHAPE, Reshape((16,), (1, 4, 4)), c),
        (32,),
        takes_context=True,
    ),
    _entry("Multiscale", _multiscale, (32,), takes_context=True, reach=2.0, gradient_limit=1e4),
]

NOISES: dict[str, Callable[[int], Dequantization]] = {  # context_features -> a layer that draws
    "Dequantize": lambda _c: Dequantize(4),
    "VariationalDequantize": lambda c: VariationalDequantize(
        2, 4, context_features=c, hidden=(4, 4), activation="tanh"
    ),
    "VariationalDequantize(spline)": lambda c: VariationalDequantize(
        2, 4, MAPS["RationalQuadraticSpline"], 3, c, (4, 4), "tanh"
    ),
}

CELLS: dict[str, Callable[[tuple[int, int, int], int, int], PixelByPixel]] = {
    # (C, H, W), values, context_features -> a layer of whole numbers, each a cell of its latent
    law: lambda shape, values, c, law=law: PixelByPixel(  # type: ignore[misc]
        shape, law, values, c, width=8, blocks=2, attention=1, patch=2, heads=2
    )
    for law in LAWS
}
