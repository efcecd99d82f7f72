"""docs/benchmarks.md and its plots, made from docs/benchmarks.json.

Usage: python -m benchmarks.page
"""

from __future__ import annotations

from typing import Any

from benchmarks import plot, results, tables
from benchmarks.compare import BARS
from benchmarks.growth import ROWS
from benchmarks.markdown import ratio, seconds, table, tiny
from benchmarks.process import ROOT
from benchmarks.univariate import BAR
from benchmarks.work import MODELS, Case

Results = dict[str, Any]

METHOD = f"""\
Every table and every curve is one run: all its entries are alive at once, a process each, and are
asked for one repetition in turn, the first of a round changing, so that whatever else the machine
does touches all alike; a repetition is one call, or as many as fill 30 ms, after an unmeasured one.
Figures are medians over up to 15 repetitions (3 at least), with quartiles in parentheses. float32,
batch 512 to train, 8192 to evaluate and to sample, 5 layers, hidden 128 × 128, ReLU, 8 bins on
[-5, 5]. Data and base are standard normal; the processes have as many cores as threads. A train
step is the loss, its gradient, and a step of Adam: fused in all entries on PyTorch (AdamW in ours,
as `pf.fit` uses it), optax's under jit in flowjax.

*Compiled* is `torch.compile` of log_prob and of the loss, and of sampling where that takes one
pass; a sampler that loops over D coordinates would unroll. flowjax is under jit throughout. First
calls, which compile, are not in the figures but in the remarks; two at a time compile at once.

*GEMM floor*: the bare matrix products of the same conditioners, forward, or forward, backward and
Adam; no biases, activations, masks or splines. Sampling is charged one forward pass there. A masked
network may compute less than the dense product, so that the floor is one for dense conditioners.

*Checks*, in the same process as the timing, with weights moved away from the identity. Round trip:
max |decode(encode(x)) - x|, float64, bar {BARS["round_trip"]:.0e}. Log-det: what log_prob says less
the base's log density, against slogdet of autodiff's Jacobian, float64, nats, bar
{BARS["log_det"]:.0e}. float32: the timed function against float64, nats, bar {BARS["float32"]:.0e}.
An entry that fails one is struck out and does not count as a peer.
"""


def page(found: Results) -> str:
    """The whole page."""
    parts = ["# Benchmarks", heading(found["machine"])]
    if found.get("trial"):
        parts.append("**A trial of the machinery, with few repetitions: not figures to quote.**")
    for name, error in found.get("failed", {}).items():
        parts.append(f"**Not measured: {name}** ({error}).")
    parts += ["## Summary", tables.summary(found), "![Times](benchmarks.png)"]
    parts += ["## How it is measured", METHOD, "## Tables"]
    for measured in found["tables"]:
        parts += [f"### {tables.title(Case.of(measured['case']))}", tables.of_case(measured)]
    if found.get("growth"):
        parts += ["## Growth", growth_text(), tables.exponents(found["growth"])]
        parts.append("![Growth](benchmarks-growth.png)")
    if "start_up" in found or "scoring" in found:
        parts += ["## What a user waits for", waits(found)]
    if "equal" in found:
        parts += ["## Equal results", equal(found["equal"])]
    if "univariate" in found:
        parts += ["## Univariate maps", univariate(found["univariate"])]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def heading(machine: Results) -> str:
    """The machine, the versions, and how to make the page anew."""
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items())
    return (
        f"Measured {machine['date']} at commit `{machine['commit']}` on {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['threads']} threads, "
        f"{machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}; "
        f"load average before the run {machine['load_before']}. {versions}. "
        "`make bench` measures anew and writes this page."
    )


def growth_text() -> str:
    """What is held fixed, and what an exponent is."""
    return (
        f"The sizes as above, with D = 16, 5 layers and {ROWS} rows of every quantity unless one "
        "of these is what grows. A line ends where a call takes over 2 s. The exponent is the "
        "slope of log time over log size, by least squares over the upper half of the points "
        "(three at least), with its standard error."
    )


def waits(found: Results) -> str:
    """Starting, building, and scoring a file."""
    lines: list[list[str]] = []
    if "start_up" in found:
        start = found["start_up"]
        lines += [
            ["`pushforward --help`, whole process", seconds(start["help"]), "< 0.5 s"],
            ["of which Python itself", seconds(start["python"]), ""],
            ["`import pushforward` and its flows", seconds(start["import"]), ""],
        ]
        lines += [[f"building {n}", seconds(t), "< 1 s"] for n, t in start["build"].items()]
    if "scoring" in found:
        scoring = found["scoring"]
        size = f"{scoring['rows']:,} × {scoring['columns']}"
        share = ratio(scoring["score"]["median"], scoring["arithmetic"]["median"])
        lines += [
            [f"`pushforward score`, CSV of {size}", seconds(scoring["score"]), ""],
            ["the arithmetic alone, rows in memory", seconds(scoring["arithmetic"]), ""],
            ["ratio of the two", share, "< 2 ×"],
        ]
    return table(["what", "median (quartiles)", "aim"], lines)


def equal(records: list[Results]) -> str:
    """Every way of computing against float64."""
    lines = []
    for record in records:
        for quantity, bar in record["bars"].items():
            if quantity not in record:
                continue
            got = record[quantity]
            if "error" in got:
                verdict, cells = f"fails: {got['error']}", ["–", "–"]
            else:
                met = got["max"] is not None and got["max"] <= bar
                verdict = "yes" if met else "**no**"
                cells = [tiny(got["max"]), tiny(got["median"])]
            model = MODELS[record["model"]]
            lines.append([model, record["way"], quantity, *cells, f"{bar:g}", verdict])
    text = (
        "The same flow (D = 16, weights moved away from the identity, 1024 rows) computed in other "
        "ways, against float64: largest and median difference, in nats for log_prob. bfloat16 is "
        "autocast: the products of the conditioners carry 8 bits."
    )
    head = ["model", "way", "quantity", "max", "median", "tolerance", "within"]
    return text + "\n\n" + table(head, lines)


def univariate(records: list[Results]) -> str:
    """Our maps with others' knots."""
    lines = []
    for record in records:
        name, direction = record["map"], record["direction"]
        if "error" in record:
            lines.append([name, direction, "–", "–", f"**no**: {record['error']}"])
            continue
        within = record["value"] <= BAR and record["log_derivative"] <= BAR
        cells = [tiny(record["value"]), tiny(record["log_derivative"])]
        lines.append([name, direction, *cells, "yes" if within else "**no**"])
    text = (
        "Given the shifts, scales, knots and slopes that a peer computes from its conditioner's "
        "output, our map is that peer's map: largest differences over 4000 numbers in float64, "
        f"tails included, tolerance {BAR:.0e}."
    )
    head = ["map", "direction", "value", "log-derivative, nats", "within"]
    return text + "\n\n" + table(head, lines)


def write() -> None:
    """Make the page and the plots."""
    found = {"tables": [], **results.load()}
    (ROOT / "docs" / "benchmarks.md").write_text(page(found), encoding="utf-8")
    if found["tables"]:
        plot.times(found, ROOT / "docs" / "benchmarks.png")
    if found.get("growth"):
        plot.growth(found["growth"], ROOT / "docs" / "benchmarks-growth.png")


if __name__ == "__main__":
    write()
