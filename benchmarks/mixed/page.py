"""docs/mixed.md, made from docs/mixed.json."""

from __future__ import annotations

from pathlib import Path

from benchmarks.markdown import heading, over_seeds, significant, table
from benchmarks.mixed import plot
from benchmarks.mixed.plan import DRAWS, PATIENCE, REAL, SIZES
from benchmarks.mixed.summary import Line, Results, lines
from benchmarks.records import Records

MINUTES = round(PATIENCE / 60)
METHOD = f"""\
Rows are cut at random into 80, 10 and 10 %, the same for every method. A method sees the first two
parts, draws {DRAWS} synthetic tables of as many rows as these have, and is judged by the third.
Every run has a process of its own. Seconds are those of the processor (of one thread), since the
machine did other things as well; imports are not counted. A run that has not ended after {MINUTES}
minutes of the processor is ended.

*nats* is the mean log probability of a test row, higher is better. Numbers are rounded, so that
what can be compared is the **probability of the cell** that a row's numbers are rounded to (carat,
x, y, z to 0.01, depth and table to 0.1, price and all numbers of flights to 1, a moment to its
hour), together with its categories and with which cells are empty. A method that takes a number for
a real one has a density of it; its integral over the cell is computed, not approximated by density
times width, which may exceed one where a density is steep. All figures are thus logarithms of
probabilities, at most 0. A row to which a method gives the probability 0 makes the mean −∞, and is
counted; the median says what is typical.

*quality* is the score of sdmetrics' QualityReport against the test rows, the mean of *shapes*
(columns one by one) and *pairs* (trends between two), 1 at best: the mean of the {DRAWS} tables,
and their standard deviation. Beside a category, sdmetrics cuts a number into ten bins over the
range of its own table, so that one far value in one of the two tables moves all bins: from one
table to the next the score changes more than from method to method, and even real rows have less
than 1. *within* is the score of those rows alone whose numbers lie in the range of the test rows.
All that follows is of the first table. *utility* is what gradient boosting (scikit-learn's
`HistGradientBoosting`, as it comes) has learned from the synthetic rows, asked about the test rows.
*near* is the median distance of a synthetic row to the nearest of as many training rows as there
are test rows, and to the nearest test row: the root of the sum of squared differences, of numbers
in standard deviations, 1 for a category that differs. Where the first is smaller, rows have been
learned by heart. *copies* is the share of synthetic rows that is found among the training rows,
cell by cell. *{REAL}* puts the training rows themselves in the stead of synthetic ones, and for the
other tables as many drawn from them with replacement: what there is to reach, for a table of that
size.

All peers are used as they come. *TVAE*, *CTGAN* (300 epochs) and *GaussianCopula* are those of SDV,
told which columns are numbers, categories and moments; the first two have no density. The copula's
cells are boxes of its normal vector, whose probability is estimated by 256 draws each. *arfpy* is
an adversarial random forest of 30 trees, whose law is computed from the parameters of its leaves.
*SPFlow* is a sum-product network by LearnSPN, with normal and categorical leaves; where its
dependence coefficient cannot be computed, in clusters of a few rows, it would stop, and the pair
counts as independent instead; its draws, of which some are infinite, are cut at the ends of what
was seen. These two know neither gaps nor moments: for them, moments are hours since the first, a
number with gaps is filled by its median and has a category beside it that says whether it is known,
and a gap in text is a level of its own. Rows are brought back the same way.
"""
NOTES = {
    "diamonds": "Six real columns, a whole price, three ordered categories; no gaps. "
    "*utility*: R² of the log price from the nine other columns.",
    "nycflights": "50,000 of 336,776 flights, drawn once: 14 columns of whole numbers, of which "
    "five have gaps, four of text (3,600 tail numbers, with gaps), one moment. 44 of the 5,000 "
    "test rows have a tail number that no training row has. *utility*: AUC of an arrival more than "
    "15 minutes late, from what is known before departure (date, schedule, carrier, flight, "
    "airports, distance), among flights that arrived.",
}
HEAD = [
    "method",
    "nats",
    "median",
    "quality",
    "shapes",
    "pairs",
    "within",
    "utility",
    "near train",
    "near test",
    "copies",
    "fit, s",
    "sample, s",
]


def path(records: Records) -> Path:
    """The page lies beside the results."""
    return records.path.with_suffix(".md")


def write(records: Records) -> None:
    """Make the page and the figure."""
    found = records.read()
    path(records).write_text(page(found, records.path.stem), encoding="utf-8")
    if any("error" not in run for run in found["runs"]):
        plot.panels(found, records.path.with_suffix(".png"))


def page(found: Results, stem: str = "mixed") -> str:
    """The whole page."""
    measured = [name for name in SIZES if any(r["table"] == name for r in found["runs"])]
    parts = ["# Synthetic tables of mixed types", heading(found, "bench-mixed")]
    if measured:
        parts.append(f"![Quality, utility and median log probability]({stem}.png)")
        parts.append("Lines: a standard deviation to either side, from table to table.")
    for name in measured:
        rows, columns = SIZES[name]
        parts += [f"## {name}, {rows:,} × {columns}", NOTES[name], of_table(found, name)]
    parts += ["## How it is measured", METHOD]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def of_table(found: Results, name: str) -> str:
    """Every method on one table, and what is to be said of it."""
    made = lines(found, name)
    said = [f"- {line.method}: {'; '.join(line.remarks)}." for line in made if line.remarks]
    text = table(HEAD, [[line.method, *figures(line)] for line in made])
    return text + ("\n\n" + "\n".join(said) if said else "")


def figures(line: Line) -> list[str]:
    """The cells of a method."""
    heart = line.method == REAL  # rows that are copies by intent
    return [
        "−∞" if line.impossible else over_seeds(line.values("nats"), 2),
        median(line),
        quality(line),
        *(over_seeds(line.values(key), 3) for key in ("shapes", "pairs", "within", "utility")),
        "–" if heart else over_seeds(line.values("near_train"), 3),
        over_seeds(line.values("near_test"), 3),
        "–" if heart else share(line.mean("copies_train")),
        "–" if heart else seconds(line, "processor_seconds"),
        "–" if heart else seconds(line, "sampling_processor_seconds"),
    ]


def quality(line: Line) -> str:
    """The mean over tables and seeds, and the standard deviation from table to table."""
    spread = line.mean("quality_spread")
    mean = over_seeds(line.values("quality"), 3)
    return mean if spread is None or not line.values("quality") else f"{mean} ± {spread:.3f}"


def median(line: Line) -> str:
    """−∞ where most rows have the probability 0."""
    values = line.values("median_nats")
    return "−∞" if line.impossible and not values else over_seeds(values, 2)


def share(value: float | None) -> str:
    """A percentage."""
    return "–" if value is None else f"{100 * value:.2f} %"


def seconds(line: Line, key: str) -> str:
    """Three figures of the mean."""
    value = line.mean(key)
    return "–" if value is None else significant(value)
