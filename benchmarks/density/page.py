"""docs/density.md, made from docs/density.json."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.density import plot
from benchmarks.density.plan import DEFAULT_BUDGET, FULL, PEERS, PRODUCT, SIZES, TRUTH
from benchmarks.density.records import Records
from benchmarks.density.summary import Line, best, gap, lines
from benchmarks.markdown import heading, over_seeds, significant, table

Results = dict[str, Any]

METHOD = f"""\
Mean log density of the test rows in nats, higher is better; it may be positive, since a density may
exceed one. Rows are cut at random into 80, 10 and 10 %, anew with each seed, and columns are in
units of the mean and standard deviation of the 80 %. A method sees the 80 % and the 10 % to choose
by, all of them the same; ± is the standard deviation over seeds. Seconds are those of the fit, with
choosing, compiling and refitting, without imports; every run has a process of its own.

Peers are used as they come. The defaults of *pushforward* were chosen while looking at test scores
of the first split of magic, diamonds and gaia, so that its rows there flatter it; the other splits
were not looked at. *Gaussian*, *mixture*, *Bayesian
mixture* and *kernel* are scikit-learn's, full covariances; the number of components (1, 2, 5, 10,
20, 40, 80, 160, 320; Bayesian 10, 20, 40) and the bandwidth are those with the best validation, the
search ending where that falls twice in a row, then fitted to the 90 %. *vine* is pyvinecopulib's
`Vinedist` with its defaults, kernel margins and all families of pair copulas, on the 90 %. *zuko*
has no trainer: Adam at 1e-3, batches of 256, up to 200 epochs, the weights with the best validation
NLL, ended after 10 epochs without a better one, on the 80 %. *flowjax* trains itself (`fit_to_data`
with its defaults) on the 90 %, a ninth of which it sets aside; NSF has splines of 8 knots on
[-4, 4], AR autoregressive, C coupling.

*{FULL}* is `fit_density` on the 90 % with its default budget of {DEFAULT_BUDGET:.0f} s;
*same time* has the seconds that the best flow among the peers took on the same split. A paired
difference compares two fits row by row on the same test rows; its ± is the standard error over
these rows.
"""
NOTES = {
    "twonorm": "Judged by 20,000 fresh draws from the law itself, whose own mean is *truth*: no "
    "density can be expected to exceed it.",
    "diamonds": "Seven numeric columns; uniform noise as wide as a column's resolution is added "
    "once, the same for all, since a rounded number has no bounded density.",
    "gaia": "Stars drawn once from the whole.",
}


def path(records: Records) -> Path:
    """The page lies beside the results."""
    return records.path.with_suffix(".md")


def write(records: Records) -> None:
    """Make the page and the figure."""
    found = records.read()
    path(records).write_text(page(found, records.path.stem), encoding="utf-8")
    if found["runs"]:
        plot.panels(found, records.path.with_suffix(".png"))


def page(found: Results, stem: str = "density") -> str:
    """The whole page."""
    measured = [name for name in SIZES if any(r["table"] == name for r in found["runs"])]
    parts = ["# Density of real tables", heading(found, "bench-tables")]
    if measured:
        parts += ["## Summary", overview(found, measured), f"![Nats against seconds]({stem}.png)"]
    parts += ["## How it is measured", METHOD]
    for name in measured:
        rows, columns = SIZES[name]
        parts += [f"## {name}, {rows:,} × {columns}", NOTES.get(name, ""), of_table(found, name)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def overview(found: Results, measured: Iterable[str]) -> str:
    """The best peer of every table, and how far the product is from it."""
    head = ["table", "best peer", "its nats", "its seconds"]
    head += [f"{name}, less it" for name in PRODUCT]
    rows = []
    for name in measured:
        peer = best(lines(found, name))
        if peer is None:
            continue
        cells = [name, peer.method, *figures(peer)]
        rows.append([*cells, *(spread(gap(found, name, ours, peer.method)) for ours in PRODUCT)])
    return table(head, rows)


def of_table(found: Results, name: str) -> str:
    """Every method on one table, the best in bold, and what is to be said of it."""
    made = lines(found, name)
    top, peer = best(made, (*PEERS, *PRODUCT)), best(made)
    rows, remarks = [], []
    for line in made:
        cells = [line.method, *figures(line)]
        rows.append([f"**{c}**" for c in cells] if top and line.method == top.method else cells)
        if line.remarks:
            remarks.append(f"- {line.method}: {'; '.join(line.remarks)}.")
    for ours in PRODUCT:
        found_gap = peer and gap(found, name, ours, peer.method)
        if peer and found_gap:
            text = f"- {ours} less {peer.method}: {spread(found_gap)} nats, paired, "
            remarks.append(text + f"{counted(found_gap[2])}.")
    text = table(["method", "nats", "seconds"], rows)
    return text + ("\n\n" + "\n".join(remarks) if remarks else "")


def figures(line: Line) -> list[str]:
    """Nats and seconds with their deviations, and how many splits where not all were done."""
    if not line.nats:
        return ["–", "–"]
    seconds = np.array(list(line.seconds.values()))
    return [
        over_seeds(list(line.nats.values()), 3),
        "–" if line.method == TRUTH else significant(float(seconds.mean())) + slack(seconds),
    ]


def slack(seconds: np.ndarray) -> str:
    """The same with two figures."""
    if len(seconds) < 2:
        return ""
    return f" ± {significant(float(seconds.std(ddof=1)), 2)}"


def spread(found: tuple[float, float, int] | None) -> str:
    """A paired difference: "+0.123 ± 0.004"."""
    return "–" if found is None else f"{found[0]:+.3f} ± {found[1]:.3f}"


def counted(splits: int) -> str:
    """Over how many splits."""
    return "one split" if splits == 1 else f"{splits} splits"
