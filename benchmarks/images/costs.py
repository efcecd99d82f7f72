"""What images cost: memory of deep flows, and samples with and without what was computed before."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median
from typing import Any

import torch

import pushforward as pf
from pushforward.transforms.image import PixelByPixel

STEPS = (4, 16, 64)
BATCH = 16  # images sampled
MANY = 128  # images of a gradient: its peak must stand out of what importing has left
REPEATS = 3


def memory() -> list[dict[str, Any]]:
    """Peak memory of one gradient of Glow, MiB above what the process held before, by steps."""
    return [
        json.loads(
            subprocess.run(
                [sys.executable, "-m", "benchmarks.images.costs", str(steps), kind],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for steps in STEPS
        for kind in ("plain", "lean", "recompute")
    ]


def one_gradient(steps: int, kind: str) -> dict[str, Any]:
    """In a process of its own: the peak is the process's."""
    import resource

    torch.set_num_threads(1)
    torch.manual_seed(0)
    flow = pf.flows.glow((1, 28, 28), levels=2, steps=steps, hidden=32)
    x = torch.randint(256, (MANY, 1, 28, 28)).float()
    flow.initialize(x[:BATCH])
    flow.memory = kind
    with torch.no_grad():
        flow.log_prob(x[:BATCH])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    flow.log_prob(x).mean().backward()
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"steps": steps, "memory": kind, "mib": (peak - before) / 1024, "seconds": seconds}


def sampling() -> dict[str, Any]:
    """Seconds for BATCH samples, both ways interleaved, and whether the images are the same."""
    torch.manual_seed(0)
    layer = pf.load("mnist-pixels").transform[0]
    assert isinstance(layer, PixelByPixel)
    z = torch.randn(BATCH, layer.features or 0)
    with_cache, naive, same = [], [], True
    for _ in range(REPEATS):
        begun = time.perf_counter()
        layer.cached = True
        one = layer.forward(z)[0]
        with_cache.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        layer.cached = False
        other = layer.forward(z)[0]
        naive.append(time.perf_counter() - begun)
        same = same and torch.equal(one, other)
    return {
        "images": BATCH,
        "with_cache": sorted(with_cache),
        "without": sorted(naive),
        "ratio": median(naive) / median(with_cache),
        "same": same,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(one_gradient(int(sys.argv[1]), sys.argv[2])))
