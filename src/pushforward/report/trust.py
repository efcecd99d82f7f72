"""Can you trust it? The verdict first, then what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pushforward.diagnostics import Diagnosis
from pushforward.diagnostics.verdict import ALPHA
from pushforward.pages.page import figure, grid, section, table
from pushforward.pages.theme import FAINT, INK, LATENT, PAPER, SAMPLED, few_ticks, picture
from pushforward.pages.words import Html, joined, name, number, paragraph, plural, share, text
from pushforward.report.examine import Examined

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PITS = 5  # histograms of latents, and one of the radius
COLUMNS = 12  # in the table
BEYOND = 0.05  # the chance that the columns of a perfect flow pass the line


def trust_section(examined: Examined, show_rows: bool = False) -> Html:
    """Three sentences and what to do next; then the questions, pictures, and unlikely rows."""
    title, found = "Can you trust it?", examined.diagnosis
    if found is None:
        return section(title, paragraph(text(examined.why), kind="soft"))
    pictures = [_columns_figure(found), _coverage_figure(found), *_pit_figures(found)]
    return section(
        title,
        _verdict(found),
        _questions(found),
        grid(pictures),
        _columns(found),
        _regions(found),
        _unlikely(examined, found, show_rows),
    )


def _verdict(found: Diagnosis) -> Html:
    answers = "".join(
        f"<li><b>{text(a.question.capitalize())}: {text(a.answer)}.</b> {text(a.sentence)}</li>"
        for a in found.answers
    )
    wrong = "".join(
        f"<li><b>{text(f.name.capitalize())}.</b> {text(f.sentence)}</li>" for f in found.faults
    )
    parts = [Html(f"<ul>{answers}</ul>")]
    if wrong:
        parts += [paragraph("What is wrong:"), Html(f"<ul>{wrong}</ul>")]
    parts.append(paragraph(f"<b>What to do next.</b> {text(' '.join(found.next))}"))
    return joined(parts)


def _questions(found: Diagnosis) -> Html:
    two = found.twosample
    told = paragraph(
        f"Judged on {plural(found.rows, 'row')} that the fit has not seen. A classifier tells "
        f"samples from real rows with an AUC of {number(two.auc, 3)} (0.5 is perfect; real rows "
        f"from real rows: {number(two.floor, 3)}).",
        _memory(found),
        *(text(note) for note in found.notes),
    )
    explained = paragraph(
        "Each question has an answer that a perfect flow would give. Chance says how often a "
        "perfect flow would seem as wrong as this one, all questions considered (Holm): below "
        f"{ALPHA:g} a difference is sure. How large it is stands beside it.",
        kind="soft",
    )
    body = joined(
        Html(
            f"<tr><td><b>{text(e.name)}</b>: {text(e.measure)}</td>"
            f"<td>{number(e.value, 3)}</td><td>{_chance(e.adjusted)}</td></tr>"
        )
        for e in sorted(found.evidence, key=lambda e: e.adjusted)
    )
    return joined([told, explained, table(["question, and measure", "found", "chance"], body)])


def _memory(found: Diagnosis) -> str | None:
    if found.memorisation is None:
        return None
    m = found.memorisation
    return (
        f"Training rows score {number(m.gap, 3)} ± {number(m.gap_error, 3)} nats per row better, "
        f"and in {share(m.nearer)} of comparisons a sample is nearer to a training row than a "
        "held-out row is (50% is perfect)."
    )


def _chance(p: float) -> str:
    return "&lt;&nbsp;0.0001" if p < 1e-4 else number(p, 4)


def _columns_figure(found: Diagnosis) -> Html:
    from scipy.special import kolmogi

    if found.levels:
        return _mixed_figure(found)
    n = found.twosample.rows
    line = float(kolmogi(BEYOND / len(found.columns)) * np.sqrt(2 / n))
    ks = sorted((c.ks for c in found.columns), reverse=True)
    above = sum(value > line for value in ks)
    return figure(
        picture(lambda f: _draw_columns(f, ks, line), 3.1, 2.1),
        f"KS distances of all columns, largest first; {above} lie above the line of chance.",
        Html(
            f"KS distance of each column, largest first. All of a perfect flow's lie below the "
            f"line but for one time in twenty; here {above} of {len(ks)} lie above."
        ),
        Html("Columns"),
    )


def _draw_columns(sheet: Figure, ks: list[float], line: float) -> None:
    axes = sheet.subplots()
    place = np.arange(1, len(ks) + 1)
    axes.axhspan(0, line, color=FAINT, alpha=0.25, lw=0)
    axes.vlines(place, 0, ks, color=SAMPLED, lw=1.2)
    axes.plot(place, ks, "o", color=SAMPLED, ms=4)
    axes.set(xlim=(0, len(ks) + 1), ylim=(0, 1.15 * max(line, ks[0])), xlabel="column, by distance")
    few_ticks(axes)


def _mixed_figure(found: Diagnosis) -> Html:
    """Of typed columns, whose distances have each their own line of chance."""
    columns = sorted(found.columns, key=lambda c: -c.ks)
    sure = [c.p * len(columns) <= BEYOND for c in columns]
    return figure(
        picture(lambda f: _draw_mixed(f, [c.ks for c in columns], sure), 3.1, 2.1),
        f"Distances of all columns, largest first; {sum(sure)} are larger than by chance.",
        Html(
            "KS distance of each column, of categories the total variation, largest first. Filled "
            "are those that chance does not explain: none of a perfect flow's, but for one time in "
            f"twenty; here {sum(sure)} of {len(sure)}."
        ),
        Html("Columns"),
    )


def _draw_mixed(sheet: Figure, sizes: list[float], sure: list[bool]) -> None:
    axes = sheet.subplots()
    place = np.arange(1, len(sizes) + 1)
    axes.vlines(place, 0, sizes, color=SAMPLED, lw=1.2)
    face = [SAMPLED if one else PAPER for one in sure]
    axes.scatter(place, sizes, s=22, facecolors=face, edgecolors=SAMPLED, zorder=3)
    axes.set(xlim=(0, len(sizes) + 1), ylim=(0, 1.15 * max(*sizes, 0.01)))
    axes.set(xlabel="column, by distance")
    few_ticks(axes)


def _coverage_figure(found: Diagnosis) -> Html:
    c = found.coverage
    worst = int(np.argmax(np.abs(np.array(c.shares) - c.levels)))
    return figure(
        picture(lambda f: _draw_coverage(f, found), 3.1, 2.1),
        "Share of held-out rows in regions of highest density, less the share that they claim.",
        Html(
            f"Regions of highest density, and how many more rows they hold than they claim; bars "
            f"are two standard errors. That of {share(c.levels[worst])} holds "
            f"{c.shares[worst]:.1%}."
        ),
        Html("Coverage"),
    )


def _draw_coverage(sheet: Figure, found: Diagnosis) -> None:
    c, axes = found.coverage, sheet.subplots()
    place = np.arange(len(c.levels))
    off = 100 * (np.array(c.shares) - c.levels)
    axes.axhline(0, color=INK, lw=0.9)
    error = 200 * np.array(c.errors)
    axes.errorbar(place, off, yerr=error, fmt="o", color=LATENT, ms=5, lw=1.4)
    reach = 1.2 * float(np.max(np.abs(off) + error))
    axes.set(ylim=(-reach, reach), xlim=(-0.5, len(place) - 0.5))
    axes.set(xlabel="share claimed", ylabel="found − claimed (%)")
    few_ticks(axes)
    axes.set_xticks(place, [f"{level:.0%}" for level in c.levels])


def _pit_figures(found: Diagnosis) -> list[Html]:
    """The latents furthest from uniform, and the radius."""
    latents = found.latents
    single = range(len(latents.distances) - 1)
    chosen = sorted(sorted(single, key=lambda j: -latents.distances[j])[:PITS])
    return [*(_pit(found, j, f"PIT of latent {j + 1}") for j in chosen), _pit(found, -1, "")]


def _pit(found: Diagnosis, j: int, title: str) -> Html:
    latents = found.latents
    radius = "PIT of ‖z‖²" if latents.against == "N(0, I)" else "Rank of the log density, reversed"
    counts = latents.histograms[j]
    low, high = latents.band
    outside = sum(not low <= count <= high for count in counts)
    told = f"KS distance {latents.distances[j]:.3f} from uniform; "
    told += f"{plural(outside, 'bar')} outside the band" if outside else "all bars inside the band"
    return figure(
        picture(lambda f: _draw_pit(f, counts, latents.band), 3.1, 1.9),
        f"Histogram of {title or radius}: {told}.",
        Html(f"{told}."),
        Html(title or radius),
    )


def _draw_pit(sheet: Figure, counts: tuple[int, ...], band: tuple[int, int]) -> None:
    axes = sheet.subplots()
    axes.stairs(counts, np.linspace(0, 1, len(counts) + 1), fill=True, color=LATENT, alpha=0.5)
    axes.axhspan(*band, color=FAINT, alpha=0.35, lw=0)
    axes.axhline(sum(counts) / len(counts), color=INK, lw=0.9)
    axes.set(xlim=(0, 1), ylim=(0, 1.1 * max(*counts, band[1])))
    few_ticks(axes)


def _columns(found: Diagnosis) -> Html:
    worst = sorted(found.columns, key=lambda c: -c.ks)[:COLUMNS]
    typed = bool(found.levels)
    body = joined(
        Html(
            f"<tr><td>{name(c.column)}</td><td>{number(c.ks, 3)}</td>"
            f"<td>{number(c.wasserstein, 3)}</td></tr>"
        )
        for c in worst
    )
    parts = [
        Html("<h3>Columns and pairs whose samples differ most</h3>"),
        table(
            [
                "column",
                "KS distance, or total variation of categories" if typed else "KS distance",
                "values must move (deviations; or change)"
                if typed
                else "values must move (deviations)",
            ],
            body,
        ),
    ]
    if typed:
        body = joined(
            Html(
                f"<tr><td>{name(level.column)} = {name(level.level)}</td>"
                f"<td>{share(level.real)}</td><td>{share(level.sampled)}</td></tr>"
            )
            for level in found.levels
        )
        parts.append(table(["category", "of real rows", "of samples"], body))
    if found.pairs:
        body = joined(
            Html(
                f"<tr><td>{name(p.columns[0])} and {name(p.columns[1])}</td>"
                f"<td>{number(p.real, 3)}</td><td>{number(p.sampled, 3)}</td></tr>"
            )
            for p in sorted(found.pairs, key=lambda p: -abs(p.difference))[:5]
        )
        kind = "correlation, categories scored, of" if typed else "rank correlation of"
        parts.append(table([kind, "real rows", "samples"], body))
    return joined(parts)


def _regions(found: Diagnosis) -> Html:
    body = joined(
        Html(
            f"<tr><td>{joined_places(region.where, region.shares)}</td>"
            f"<td>{share(region.real)}</td><td>{share(region.sampled)}</td></tr>"
        )
        for region in found.regions
    )
    return joined(
        [
            Html("<h3>Where samples and rows differ most</h3>"),
            paragraph(
                "Values are in deviations from the middle of their column"
                + (", those of a category its share of the region." if found.levels else "."),
                kind="soft",
            ),
            table(["region", "of real rows", "of samples"], body),
        ]
    )


def joined_places(where: tuple[tuple[str, float], ...], shares: tuple[bool, ...] = ()) -> Html:
    """Columns and how far from their middle, or how much of a category, in words."""
    kinds = shares or (False,) * len(where)
    return Html(
        ", ".join(
            f"{name(column)} in {share(far)}" if part else f"{name(column)} about {number(far, 1)}"
            for (column, far), part in zip(where, kinds, strict=True)
        )
    )


def _unlikely(examined: Examined, found: Diagnosis, show_rows: bool) -> Html:
    told = (
        f"By number in {name(examined.source)}, the first row being 0. A column is to blame for as "
        "many nats as the log density would rise, had it the best value of samples that are alike "
        "in all else."
    )
    lines = []
    for k, row in enumerate(found.least_likely):
        blamed = []
        for blame in row.columns:
            said = f"{name(blame.column)} ({number(blame.nats, 1)})"
            if show_rows and examined.values is not None:
                value = _cell(examined, found, k, blame.column)
                said = f"{name(blame.column)} = {value} ({number(blame.nats, 1)})"
            blamed.append(said)
        cells = f"<td>{row.row}</td><td>{number(row.log_prob, 2)}</td><td>{', '.join(blamed)}</td>"
        lines.append(Html(f"<tr>{cells}</tr>"))
    head = ["row", "log density (nats)", "columns to blame, with nats"]
    return joined(
        [Html("<h3>The least likely rows</h3>"), paragraph(told), table(head, joined(lines))]
    )


def _cell(examined: Examined, found: Diagnosis, k: int, column: str) -> Html:
    """The value to blame in the k-th row listed, as the table has it."""
    if examined.cells is not None:
        value = examined.cells[column][k]
        return text(f"{value:.6g}") if isinstance(value, float) else name(value)
    assert examined.values is not None
    return text(f"{examined.values[k, [c.column for c in found.columns].index(column)]:.6g}")
