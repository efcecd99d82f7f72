"""The table of `make lecture-table`: five families fitted to the energies U1 to U4.

    python -m pushforward.lecture.table -o FILE.csv [--targets u1 u3] [--families planar nsf]
        [--depths 2 8] [--steps 3000] [--seed 0]

One row a fit, written as soon as it is known; rows that are in the file already, with the same
steps and seed, are not made again. KL(q‖p) is by quadrature with the normaliser by quadrature.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch

from pushforward.diagnostics.divergence import kl_by_quadrature
from pushforward.distributions.energies import energy
from pushforward.errors import ConfigurationError
from pushforward.flow import Flow
from pushforward.flows import nice, nsf, planar, radial, sylvester
from pushforward.training import fit_target, seeded

TARGETS = ("u1", "u2", "u3", "u4")
DEPTHS = (2, 8, 32)
STEPS, BATCH, ANNEAL = 3000, 256, 0.3
HIDDEN = (32, 32)


@dataclass(frozen=True)
class Family:
    """How K layers of a family are made, and the rate at which they learn."""

    make: Callable[[int], Flow]
    rate: float


FAMILIES: dict[str, Family] = {
    "planar": Family(lambda k: planar(2, layers=k, scaler="none"), 1e-2),
    "radial": Family(lambda k: radial(2, layers=k, scaler="none"), 1e-2),
    "sylvester": Family(lambda k: sylvester(2, layers=k, scaler="none"), 1e-2),
    "nice": Family(lambda k: nice(2, layers=k, hidden=HIDDEN, scaler="none"), 2e-3),
    "nsf": Family(
        lambda k: nsf(2, "coupling", layers=k, hidden=HIDDEN, scaler="none"),
        2e-3,
    ),
}


@dataclass(frozen=True)
class TableRow:
    """One fit: KL and its quadrature's error in nats, ESS as a share of the draws, and how."""

    target: str
    family: str
    depth: int
    parameters: int
    kl: float
    kl_error: float
    ess_fraction: float
    elbo: float
    seconds: float
    steps: int
    batch_size: int
    learning_rate: float
    seed: int
    machine: str
    command: str


def fit_row(target: str, name: str, depth: int, steps: int = STEPS, seed: int = 0) -> TableRow:
    """Fit one family of one depth to one energy.

    Raises:
        ConfigurationError: an unknown target or family.
    """
    if name not in FAMILIES:
        raise ConfigurationError(f"The families are {', '.join(FAMILIES)}; {name!r} is not one.")
    family, density = FAMILIES[name], energy(target)
    with seeded(seed):
        flow = family.make(depth)
    result = fit_target(
        flow,
        density,
        steps=steps,
        batch_size=BATCH,
        learning_rate=family.rate,
        anneal=ANNEAL,
        seed=seed,
    )
    found = kl_by_quadrature(flow, density, most_cells=192)
    return TableRow(
        target=target,
        family=name,
        depth=depth,
        parameters=sum(p.numel() for p in flow.parameters()),
        kl=round(found.kl, 6),
        kl_error=float(f"{found.error:.1e}"),
        ess_fraction=round(result.ess_fraction, 4),
        elbo=round(result.elbo, 6),
        seconds=round(result.seconds, 2),
        steps=steps,
        batch_size=BATCH,
        learning_rate=family.rate,
        seed=seed,
        machine=machine(),
        command=(
            f"python -m pushforward.lecture.table --targets {target} --families {name} "
            f"--depths {depth} --steps {steps} --seed {seed}"
        ),
    )


def machine() -> str:
    """What the seconds were measured on."""
    system = f"{platform.system()} {platform.machine()}"
    return (
        f"{system}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def missing(
    path: Path, plan: Sequence[tuple[str, str, int]], steps: int, seed: int
) -> list[tuple[str, str, int]]:
    """Those of the plan (target, family, depth) that the file does not hold yet."""
    done = set()
    if path.exists():
        with path.open(newline="") as file:
            done = {
                (row["target"], row["family"], int(row["depth"]))
                for row in csv.DictReader(file)
                if (int(row["steps"]), int(row["seed"])) == (steps, seed)
            }
    return [entry for entry in plan if entry not in done]


def append(path: Path, row: TableRow) -> None:
    """Add a row to the file, with the header where it is new."""
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(TableRow)], lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(asdict(row))


def build(
    path: Path, plan: Sequence[tuple[str, str, int]], steps: int, seed: int
) -> Iterator[TableRow]:
    """Fit what the file lacks, and give each row when it has been written."""
    for target, family, depth in missing(path, plan, steps, seed):
        row = fit_row(target, family, depth, steps, seed)
        append(path, row)
        yield row


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m pushforward.lecture.table")
    parser.add_argument("-o", "--output", type=Path, default=Path("lecture-table.csv"))
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=TARGETS)
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES))
    parser.add_argument("--depths", nargs="+", type=int, default=DEPTHS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    plan = [(t, f, k) for t in given.targets for f in given.families for k in given.depths]
    for row in build(given.output, plan, given.steps, given.seed):
        sys.stdout.write(
            f"{row.target}  {row.family:<9}  K = {row.depth:<2}  KL {row.kl:.4f}  "
            f"ESS {row.ess_fraction:.3f}  {row.seconds:.0f} s\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
