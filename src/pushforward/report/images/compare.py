"""One page that puts models of images beside one another."""

from __future__ import annotations

from pushforward.pages.page import grid, page, section, table
from pushforward.pages.words import Html, joined, name, number, paragraph, plural, text
from pushforward.report.images.measured import TRIPS, Measured
from pushforward.report.images.pictures import likelihoods, neighbours, samples

HEAD = [
    *("model", "bits/dim", "± error", "kind", "parameters", "trained, s"),
    *("scored, 1/s", "sampled, 1/s", "round trip, median", "largest"),
]


def compare(found: list[Measured], test: str, train: str) -> str:
    """The page, as text to be written in UTF-8: nothing is fetched, there is no script.

    Args:
        found: the models, in the order in which they are shown.
        test: what the test images are called; `train`: those in which samples look for their like.
    """
    images = found[0].bits.images
    return page(
        f"Models of images: {test}",
        [
            paragraph(
                f"{plural(len(found), 'model')} on {plural(images, 'image')} of {text(test)}. "
                "Bits/dim is −log₂ of an image's probability for each of its numbers: the bits it "
                "takes to store one without loss. Less is better.",
            ),
            table(HEAD, joined(_row(one) for one in found)),
            paragraph(*_notes(found), kind="soft"),
            section("Samples", grid([samples(one) for one in found])),
            section(
                "Are they copies?",
                paragraph(f"Neighbours are looked for in {text(train)}."),
                grid([neighbours(one) for one in found], wide=True),
            ),
            section(
                "What is likely",
                paragraph(
                    "A flow may score images of another kind higher than those that it was trained "
                    "on (Nalisnick et al. 2019): a likelihood alone does not tell whether an image "
                    "is of the kind that the model knows.",
                ),
                grid([likelihoods(one) for one in found], wide=True),
            ),
            Html("<footer>Made by pushforward.</footer>"),
        ],
    )


def _row(one: Measured) -> Html:
    seconds = "–" if one.seconds is None else f"{one.seconds:,.0f}"
    cells = [
        name(one.name),
        number(one.bits.mean),
        number(one.bits.error),
        text(one.bits.label),
        f"{one.parameters:,}",
        seconds,
        _rate(one.scored),
        _rate(one.sampled),
        _small(one.trip.median),
        _small(one.trip.largest),
    ]
    return Html("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")


def _small(value: float) -> str:
    """A number near zero, in one piece: a line may break at a hyphen."""
    return f"{value:.0e}".replace("-", "−")


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _notes(found: list[Measured]) -> list[str]:
    notes = [
        "Scored and sampled: images a second, by the clock of the machine that made this page."
    ]
    if any(one.bits.kind == "bound" for one in found):
        notes.append(
            "A bound is at least the true number, on average: the model may be better than it "
            "says. It falls with more draws of noise, so compare bounds of as many draws."
        )
    if any(one.trip.real for one in found):
        notes.append(
            f"The round trip is |decode(encode(x)) − x| of at most {TRIPS} images, the largest of "
            "each, in values of a pixel. Where noise makes whole numbers real, it is that of the "
            "real ones, before they are rounded down; below about 0.01 the image comes back as it "
            "was."
        )
    if any(one.bits.kind == "bound" and not one.trip.real for one in found):
        notes.append(
            "Where a latent holds less than the image, as an autoencoder's, the round trip is the "
            "error of the reconstruction."
        )
    return notes
