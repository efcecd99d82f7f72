"""The pictures of a comparison: samples, their nearest training images, and who is how likely."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pushforward.images.picture import grid, png
from pushforward.pages.page import figure
from pushforward.pages.theme import DENSITY, LATENT, REAL, SAMPLED, embedded, picture
from pushforward.pages.words import Html, name, number, share, text
from pushforward.report.images.measured import Measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS = 6  # samples in a row
PAIRS = 12  # samples beside their nearest training image
COLOURS = (REAL, SAMPLED, LATENT, DENSITY)
BINS = 50


def samples(found: Measured) -> Html:
    """Samples of one model."""
    sheet = grid(found.samples, found.levels, ACROSS)
    return figure(
        embedded(png(sheet), "png"),
        f"{len(found.samples)} samples of {found.name}, side by side.",
        Html(f"Drawn as they come, none chosen; {text(found.recipe)}."),
        name(found.name),
    )


def neighbours(found: Measured) -> Html:
    """Some samples, each above its nearest training image."""
    n = min(PAIRS, len(found.samples)) // 2
    rows = [
        found.samples[:n],
        found.nearest[:n],
        found.samples[n : 2 * n],
        found.nearest[n : 2 * n],
    ]
    sheet = grid(np.concatenate(rows), found.levels, n)
    return figure(
        embedded(png(sheet), "png"),
        f"{2 * n} samples of {found.name}; below each its nearest training image.",
        Html(
            "First and third row: samples. Second and fourth: of each the nearest training image, "
            "by the sum of squares. A model that copies would show the same twice."
        ),
        name(found.name),
    )


def likelihoods(found: Measured) -> Html:
    """Bits/dim of test images, of noise and of other sets."""
    _, *others = found.per_image
    said = "; ".join(
        f"of {text(other)}, {share(found.likelier[other])} are likelier than the median test image"
        for other in others
    )
    return figure(
        picture(lambda sheet: _draw(sheet, found.per_image), 5.2, 3.2),
        f"Histograms of bits per dimension under {found.name}: "
        + ", ".join(
            f"{s} {number(float(np.median(v)), 2)} in the middle"
            for s, v in found.per_image.items()
        ),
        Html(f"The further left, the likelier: {said}."),
        name(found.name),
    )


def _draw(sheet: Figure, per_image: dict[str, np.ndarray]) -> None:
    axes = sheet.subplots()
    finite = {
        title: values[np.isfinite(values) & (values > 0)] for title, values in per_image.items()
    }
    known = np.concatenate(list(finite.values()))
    if len(known):
        low, high = known.min() * 0.97, known.max() * 1.03
        edges = np.geomspace(low, high, BINS + 1)
        for k, (title, values) in enumerate(finite.items()):
            colour = COLOURS[k % len(COLOURS)]
            heights, _ = np.histogram(values, edges)
            axes.stairs(
                heights / max(len(values), 1),
                edges,
                fill=True,
                facecolor=(*_rgb(colour), 0.45),
                edgecolor=colour,
                label=title,
            )
        axes.set_xscale("log")
        ticks = _ticks(low, high)
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.set_xticks([], minor=True)
    axes.set_xlabel("bits/dim, on a logarithmic scale (smaller: likelier)")
    axes.set_ylabel("share of the images")
    axes.margins(y=0.1)
    sheet.legend(loc="outside upper left", ncols=2)


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two, about six of them: evenly spaced where these are near."""
    from matplotlib.ticker import MaxNLocator

    if high < 5 * low:
        found = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
        return [float(tick) for tick in found if low <= tick <= high]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    return [tick for tick in found if low <= tick <= high]
