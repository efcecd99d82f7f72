"""Models of handwritten digits: bits/dim of all test images, and what they cost.

Usage: python -m benchmarks.images FOLDER … [--images 10000] [--draws 20]   judge models
       python -m benchmarks.images --costs                                  memory and sampling
       python -m benchmarks.images --bounds                                 log p(x), known and not
       python -m benchmarks.images                                          the page alone

Writes docs/images.json, and of it docs/images.md and docs/images.png.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path

from benchmarks import machine, results
from benchmarks.images import bounds, costs, models, page, plot

JSON = Path("docs/images.json")


def main() -> None:
    """Judge what was asked for, and write the page of all that is recorded."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.images",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="*", type=Path, help="models of MNIST")
    parser.add_argument("--images", type=int, default=10_000, help="test images of the bits/dim")
    parser.add_argument("--draws", type=int, default=20, help="of noise, for the tighter bound")
    parser.add_argument("--costs", action="store_true")
    parser.add_argument("--bounds", action="store_true")
    given = parser.parse_args()
    found = {"models": {}, **(results.load(JSON) if JSON.exists() else {})}
    moment = {"machine": machine.describe(1), "date": datetime.date.today().isoformat()}
    for folder in given.folders:
        record = models.judged(folder, given.images, given.draws)
        found["models"][folder.name] = {**record, **moment}
        sys.stderr.write(f"{folder.name}: {record['bits_per_dim']['mean']:.4f} bits/dim\n")
        results.store(found, JSON, digits=6)
    if given.costs:
        found["costs"] = {"memory": costs.memory(), "sampling": costs.sampling(), **moment}
        results.store(found, JSON, digits=6)
    if given.bounds:
        found["bounds"] = {"known": bounds.known(), "digits": bounds.digits(), **moment}
        results.store(found, JSON, digits=6)
    plot.draw(found, JSON.with_suffix(".png"))
    JSON.with_suffix(".md").write_text(page.page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
