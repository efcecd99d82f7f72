"""`pushforward score` of images."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.cli import say

if TYPE_CHECKING:
    import numpy as np

    from pushforward.datasets.image_set import Part
    from pushforward.images import Images
    from pushforward.images.model import ImageModel


def score_images(
    model: Path,
    data: str,
    output: str | None,
    part: Part | None,
    draws: int,
    limit: int | None,
    seed: int,
    force: bool,
) -> None:
    """Say the bits/dim of the images that DATA names; write those of each to `output`."""
    import numpy as np

    from pushforward.images.model import load_image_model
    from pushforward.images.read import read_judged
    from pushforward.tables import writing
    from pushforward.training.progress import bar

    fitted = load_image_model(model)
    images = read_judged(data, part, limit, seed)
    parts: list[np.ndarray] = []
    target = nullcontext() if output is None else writing(output, force)
    with target as writer:  # refused before the work is done
        with bar(sys.stderr.isatty(), "score") as report:
            for scores in fitted.log_prob(images, draws, seed):
                parts.append(scores)
                report(sum(map(len, parts)) / len(images))
        log_prob = np.concatenate(parts)
        if writer is not None:
            writer.write(columns(fitted, images, log_prob))
    sentence = f"{images.source}: {fitted.judged(log_prob, draws).sentence()}"
    (say.note if output == "-" else say.result)(sentence)


def columns(fitted: ImageModel, images: Images, log_prob: np.ndarray) -> dict[str, np.ndarray]:
    """A row for each image: its place from 0, its label where known, nats and bits/dim."""
    import numpy as np

    labels = {} if images.labels is None else {"label": images.labels}
    return {
        "image": np.arange(len(images)),
        **labels,
        "log_prob": log_prob,
        "bits_per_dim": fitted.bits(log_prob),
    }
