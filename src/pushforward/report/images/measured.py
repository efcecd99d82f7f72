"""What a model of images does with images that it was not trained on: figures, draws nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from pushforward.images.images import Images
from pushforward.images.model import ImageModel
from pushforward.storage import Bits
from pushforward.training import seeded
from pushforward.transforms.image.dequantize import Dequantization

SAMPLES = 36  # images drawn of each model
TRIPS = 200  # test images that go there and back: some models come back number by number
NOISE = "uniform noise"
AT_ONCE = 4096  # training images whose distances to the samples are held at a time


@dataclass(frozen=True)
class RoundTrip:
    """How far decode(encode(x)) is from x, in values of a pixel; the largest number of each image.

    Attributes:
        median, largest: over the images.
        real: of x with its noise, before it is rounded down to a whole number again.
    """

    median: float
    largest: float
    real: bool


@dataclass(frozen=True)
class Measured:
    """One model, and what was measured of it.

    Attributes:
        name: of its folder.
        recipe: of its flow.
        bits: on the test images.
        parameters: how many numbers were trained.
        seconds: of its training; None where the model does not say.
        scored, sampled: images a second, by the clock of this machine.
        trip: of the test images.
        per_image: bits/dim of each image, of the test images (first) and of others, by name.
        samples: uint8 (n, C, H, W).
        nearest: of each sample the nearest training image, as `samples`.
        likelier: share of each other set whose images the model finds likelier than the median test
            image.
        levels: how many values a pixel has.
    """

    name: str
    recipe: str
    bits: Bits
    parameters: int
    seconds: float | None
    scored: float
    sampled: float
    trip: RoundTrip
    per_image: dict[str, np.ndarray]
    samples: np.ndarray
    nearest: np.ndarray
    levels: int
    likelier: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The figures, without images, as plain values."""
        trip = {"median": self.trip.median, "largest": self.trip.largest, "real": self.trip.real}
        return {
            "model": self.name,
            "recipe": self.recipe,
            "bits_per_dim": self.bits.model_dump(),
            "parameters": self.parameters,
            "training_seconds": self.seconds,
            "scored_per_second": self.scored,
            "sampled_per_second": self.sampled,
            "round_trip": trip,
            "bits_per_dim_of_others": {
                name: float(values.mean()) for name, values in self.per_image.items()
            },
            "likelier_than_the_median_test_image": self.likelier,
        }


def measure(
    name: str,
    model: ImageModel,
    test: Images,
    train: Images,
    others: dict[str, Images] | None = None,
    draws: int = 1,
    seed: int = 0,
) -> Measured:
    """Measure a model on test images.

    Args:
        name: what to call it.
        model: what is measured.
        test: images to judge by; `train`: those in which samples look for their nearest.
        others: images of other kinds to score, by name.
        draws: of noise for each image, where log P is a bound.
        seed: of everything random.

    Raises:
        DataError: images that do not fit the model.
        ConfigurationError: several draws of a model that draws no noise.
    """
    draws = draws if model.draws_noise else 1
    model.require(test)
    begun = time.perf_counter()
    scores = np.concatenate(list(model.log_prob(test, draws, seed)))
    scored = len(test) / (time.perf_counter() - begun)
    per_image = {test.source: model.bits(scores)}
    sets = {NOISE: uniform_noise(test, seed), **(others or {})}
    for title, images in sets.items():
        told = _told_classes(images, model)
        per_image[title] = model.bits(np.concatenate(list(model.log_prob(told, draws, seed))))
    classes = len(model.record.classes)
    labels = np.arange(SAMPLES) % classes if classes else None
    begun = time.perf_counter()
    samples = model.sample(SAMPLES, seed, labels)
    sampled = SAMPLES / (time.perf_counter() - begun)
    middle = float(np.median(per_image[test.source]))
    return Measured(
        name=name,
        recipe=(model.flow.made_by or {}).get("recipe", "?"),
        bits=model.judged(scores, draws),
        parameters=sum(p.numel() for p in model.flow.parameters()),
        seconds=model.training.get("seconds"),
        scored=scored,
        sampled=sampled,
        trip=round_trip(model, test.take(np.arange(min(TRIPS, len(test)))), seed),
        per_image=per_image,
        samples=samples,
        nearest=train.pixels[nearest(samples, train.pixels)],
        levels=model.record.levels,
        likelier={title: float((per_image[title] < middle).mean()) for title in sets},
    )


def uniform_noise(like: Images, seed: int = 0, most: int = 200) -> Images:
    """Images each of whose numbers is one of the values, equally likely; as many as `like`, at most
    `most`."""
    draw = np.random.default_rng(seed)
    pixels = draw.integers(0, like.levels, (min(len(like), most), *like.shape), dtype=np.uint8)
    return Images(pixels, NOISE, levels=like.levels)


def nearest(images: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The place among m images of the one nearest to each of n, by the sum of squares: (n).

    Example:
        >>> among = np.array([0, 100, 200], np.uint8).reshape(3, 1, 1, 1)
        >>> nearest(np.array([90, 255], np.uint8).reshape(2, 1, 1, 1), among).tolist()
        [1, 2]
    """
    flat = images.reshape(len(images), -1).astype(np.float64)
    best, place = np.full(len(flat), np.inf), np.zeros(len(flat), np.int64)
    for start in range(0, len(among), AT_ONCE):
        rows = among[start : start + AT_ONCE].reshape(-1, flat.shape[1]).astype(np.float64)
        # |a - b|², less |a|², which is the same for all b
        distance = (rows**2).sum(1) - 2 * flat @ rows.T
        here = distance.argmin(1)
        value = distance[np.arange(len(flat)), here]
        place = np.where(value < best, start + here, place)
        best = np.minimum(best, value)
    return place


@torch.no_grad()
def round_trip(model: ImageModel, images: Images, seed: int = 0) -> RoundTrip:
    """How exactly images come back; where noise is added, before the rounding would hide errors."""
    flow, worst, real = model.flow, [], False
    layers = list(flow.transform)
    with seeded(seed):
        for x, context in model.chunks(images):
            if isinstance(layers[-1], Dequantization):
                real, inner = True, flow.upto(len(flow) - 1)
                given = context if flow.embed is None else flow.embed(context)
                x, _ = layers[-1].inverse(x, given)
            else:
                inner = flow
            back = inner.decode(inner.encode(x, context), context)
            worst.append((back - x).abs().flatten(1).max(1).values)
    errors = torch.cat(worst).double()
    return RoundTrip(float(errors.median()), float(errors.max()), real)


def _told_classes(images: Images, model: ImageModel) -> Images:
    """Images of another kind, told the model's classes in turn where it asks for one."""
    classes = len(model.record.classes)
    if not classes:
        return images
    return replace(images, labels=np.arange(len(images)) % classes, classes=())
