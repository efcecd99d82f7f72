"""What is recorded of one fitted model: its bits/dim, its way there, speeds, round trips."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from pushforward.images import Images, read_images
from pushforward.images.model import ImageModel, load_image_model
from pushforward.report.images.measured import measure, round_trip, uniform_noise

SET, OTHER = "mnist", "fashion_mnist"
SOME = 200  # images for what is not the bits/dim


def judged(folder: Path, images: int, draws: int) -> dict[str, Any]:
    """The record of the model in a folder, by so many test images and draws of noise for each."""
    model = load_image_model(folder)
    test = read_images(SET, part="test", rows=images)
    some = read_images(SET, part="test", rows=SOME)
    others = {OTHER: read_images(OTHER, part="test", rows=SOME)}
    found = measure(folder.name, model, some, read_images(SET), others)
    heldout = model.record.heldout
    return {
        **found.to_dict(),
        "bits_per_dim": bits(model, test, 1).model_dump(),
        "bits_per_dim_by_draws": bits(model, some, draws).model_dump(),
        "stated": None if heldout is None else heldout.model_dump(),
        "round_trips": trips(model, {SET: some, "noise": uniform_noise(some), **others}),
        "training": model.training,
        "arguments": (model.flow.made_by or {})["arguments"],
        "history": way(folder, math.prod(model.record.shape)),
        "shares": {name: shares(values) for name, values in found.per_image.items()},
    }


def bits(model: ImageModel, images: Images, draws: int) -> Any:
    """Bits/dim of the images; one draw where there is no noise."""
    draws = draws if model.draws_noise else 1
    return model.judged(np.concatenate(list(model.log_prob(images, draws))), draws)


def trips(model: ImageModel, sets: dict[str, Images]) -> dict[str, dict[str, Any]]:
    """Median and maximum of |decode(encode(x)) - x| over some images of each set."""
    found = {name: round_trip(model, images) for name, images in sets.items()}
    return {
        name: {"median": trip.median, "largest": trip.largest, "real": trip.real}
        for name, trip in found.items()
    }


def way(folder: Path, numbers: int) -> list[tuple[float, float]]:
    """Seconds of training and held-out bits/dim, an entry an epoch."""
    lines = (folder / "history.jsonl").read_text().splitlines()
    entries = [entry for entry in map(json.loads, lines) if "validation" in entry]
    return [
        (entry["seconds"], entry["validation"]["nll"] / (numbers * math.log(2)))
        for entry in entries
    ]


def shares(values: np.ndarray, bins: int = 40) -> dict[str, list[float]]:
    """A histogram of bits/dim, as shares; the ends hold what lies beyond 0 and 12."""
    edges = np.linspace(0, 12, bins * 3 + 1)
    counts, _ = np.histogram(values.clip(0, 12), edges)
    return {"edges": edges.tolist(), "shares": (counts / len(values)).tolist()}
