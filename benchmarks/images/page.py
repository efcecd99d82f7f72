"""The page: docs/images.md."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.images.bounds import DIGITS, PLAN
from benchmarks.images.costs import MANY
from benchmarks.images.plot import PUBLISHED
from benchmarks.markdown import significant, table

LABELS = {"exact": "exact", "bound": "a bound"}


def page(found: dict[str, Any]) -> str:
    """All of it as Markdown."""
    every = found["models"]
    parts = [
        "# Models of handwritten digits",
        "MNIST as it is: 28×28 pixels of 8 bits. bits/dim is −log₂ P(image) / 784; fewer are "
        "better. *Exact*: P is a probability, computed. *A bound*: log P was bounded from below, "
        "by one draw of noise for each image (Glow's kind: exact for pixels with noise) or of "
        "the latent (the VAE's ELBO); more draws tighten it. Training saw 54,000 of the 60,000 "
        "training images; the best epoch was chosen on the other 6,000; the test images "
        "were scored once, at the end. One thread each, two at a time on a shared machine.",
        "## bits/dim",
        scores(every),
        "Published, same data, bounds: "
        + ", ".join(f"{name} {bits}" for name, bits in PUBLISHED.items())
        + ".",
        "![bits/dim against time, and histograms](images.png)",
        "A model may find other images likelier than those it was trained on (Nalisnick et al. "
        "2019, *Do Deep Generative Models Know What They Don't Know?*); the histograms show where "
        "clothes (Fashion-MNIST) and uniform noise fall.",
        "## Speed and size",
        speeds(every),
        "## There and back",
        "|decode(encode(x)) − x| in values of a pixel, the largest pixel of each of some hundred "
        "images, float32: median and maximum. Of flows with noise before it is rounded away. (The "
        "VAE's decoder is no inverse. A number that the pixel model finds next to impossible may "
        "come back as its neighbour in float32, and what follows with it: not in digits, but in "
        "other pictures.)",
        trips(every),
        *bounds(found.get("bounds")),
        *costs(found.get("costs")),
        "## How each was made",
        made(every),
    ]
    return "\n\n".join(parts) + "\n"


def scores(every: dict[str, Any]) -> str:
    """Test images, one draw and many, beside what the model states."""
    rows = []
    for name, model in every.items():
        one, many, stated = (
            model["bits_per_dim"],
            model["bits_per_dim_by_draws"],
            model["stated"],
        )
        rows.append(
            [
                name,
                LABELS[one["kind"]],
                f"{one['images']:,}",
                f"{one['mean']:.4f} ± {one['error']:.4f}",
                "–" if one["kind"] == "exact" else f"{many['mean']:.4f} ({many['draws']} draws)",
                f"{stated['mean']:.4f} ± {stated['error']:.4f}",
            ]
        )
    head = ["model", "", "test images", "bits/dim", "more draws", "6,000 held out, stated"]
    return table(head, rows)


def speeds(every: dict[str, Any]) -> str:
    """Parameters, training, images a second."""
    rows = [
        [
            name,
            f"{model['parameters']:,}",
            f"{model['training_seconds'] / 60:.0f} min",
            significant(model["scored_per_second"]),
            significant(model["sampled_per_second"]),
        ]
        for name, model in every.items()
    ]
    return table(["model", "parameters", "training", "scored/s", "sampled/s"], rows)


def trips(every: dict[str, Any]) -> str:
    """Round trips by model and set."""
    sets = list(next(iter(every.values()))["round_trips"])
    rows = [
        [
            name,
            *(
                f"{model['round_trips'][s]['median']:.1e}, {model['round_trips'][s]['largest']:.1e}"
                for s in sets
            ),
        ]
        for name, model in every.items()
    ]
    return table(["model", *sets], rows)


def bounds(found: dict[str, Any] | None) -> list[str]:
    """Bounds of log p(x), where it is known and on digits."""
    if not found:
        return []

    def listed(figures: dict[str, list[float]], numbers: int) -> str:
        rows = [
            [name, f"{nats:.2f} ± {error:.2f}", f"{-nats / numbers / math.log(2):.4f}"]
            for name, (nats, error) in figures.items()
            if "gap" not in name
        ]
        return table(["", "nats", "bits/dim"], rows)

    gap = found["digits"]["BDMC gap on simulated digits"]
    return [
        "## Marginal likelihood: the VAE's bounds, and flows",
        "Where it is known: a linear VAE with normal noise (factor analysis), 20 numbers, 200 "
        "draws; mean and standard error over them.",
        listed(found["known"], 20),
        f"{DIGITS} test digits, each an image of 784 numbers. IW-k: importance-weighted by k draws "
        "(Burda et al. 2016). AIS: annealed importance sampling, "
        f"{PLAN.temperatures} temperatures, {PLAN.chains} chains; between its "
        f"two bounds on simulated digits (BDMC) lie {gap[0]:.2f} ± {gap[1]:.2f} nats. All but the "
        "last line are bounds on average.",
        listed(found["digits"], 784),
    ]


def costs(found: dict[str, Any] | None) -> list[str]:
    """Memory by steps, and samples with and without a cache."""
    if not found:
        return []
    rows = [
        [str(run["steps"]), run["memory"], f"{run['mib']:.0f} MiB", f"{run['seconds']:.2f} s"]
        for run in found["memory"]
    ]
    once = found["sampling"]
    with_cache, without = (once[k][len(once[k]) // 2] for k in ("with_cache", "without"))
    return [
        "## Memory of deep flows",
        f"One gradient of Glow, two scales, 32 channels, {MANY} images: peak memory above what the "
        "process held before, each in a process of its own.",
        table(["steps a scale", "memory=", "peak", "time"], rows),
        "## Samples pixel by pixel",
        f"{once['images']} samples of mnist-pixels: {significant(with_cache)} s with what was "
        f"computed kept, {significant(without)} s with the whole network anew for each pixel: "
        f"{once['ratio']:.0f} times as long (medians of {len(once['without'])} in turn); the "
        f"images are {'the same' if once['same'] else 'NOT the same'}.",
    ]


def made(every: dict[str, Any]) -> str:
    """The command of each."""
    lines = []
    for name, model in every.items():
        training = model["training"]
        lines.append(
            f"- {name}: `{training.get('command', '–')}`, seed {training['seed']}, "
            f"{training['stopped']}; best epoch {training['best_epoch']}."
        )
    return "\n".join(lines)
