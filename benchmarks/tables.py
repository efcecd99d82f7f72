"""The tables of the page: one case each, the summary of all, and the growth exponents."""

from __future__ import annotations

from typing import Any

from benchmarks.compare import fastest, faults, floor, median, ours
from benchmarks.growth import exponent
from benchmarks.markdown import milliseconds, ratio, significant, table, tiny
from benchmarks.work import FLOOR, MODELS, QUANTITIES, Case

Results = dict[str, Any]


def title(case: Case) -> str:
    """What a case is called."""
    return f"{MODELS[case.model]}, D = {case.features}"


def of_case(measured: Results) -> str:
    """Every entry of one case; those whose checks fail are struck out."""
    head = ["entry", "parameters"]
    for label in QUANTITIES.values():
        head += [f"{label}, ms", "× peer", "× floor"]
    head += ["round trip", "log-det", "float32"]
    lines = [_line(measured, row) for row in measured["rows"] if "missing" not in row]
    return table(head, lines) + "\n" + remarks(measured)


def _line(measured: Results, row: Results) -> list[str]:
    counts = not faults(row)
    name = "GEMM floor" if row["name"] == FLOOR else row["name"]
    cells = [name, f"{row['params']:,}" if "params" in row else "–"]
    for quantity in QUANTITIES:
        seconds = median(row, quantity)
        peer = fastest(measured, quantity)
        cells.append(milliseconds(row.get("times", {}).get(quantity)))
        cells.append(ratio(seconds, peer[1]) if counts and peer else "–")
        cells.append(ratio(seconds, floor(measured, quantity)) if counts else "–")
    check = row.get("check") or {}
    cells += [tiny(check.get(k)) for k in ("round_trip", "log_det", "float32")]
    return cells if counts else [c if c == "–" else f"~~{c}~~" for c in cells]


def remarks(measured: Results) -> str:
    """What the table cannot say: absences, failures, notes and seconds of compiling."""
    lines = []
    for row in measured["rows"]:
        name, said = row["name"], list(row.get("notes", []))
        if "missing" in row:
            said.append(f"no entry: {row['missing']}")
        said += [f"{what} failed: {text}" for what, text in row.get("errors", {}).items()]
        if faults(row) and "missing" not in row:
            said.append("does not count: " + ", ".join(faults(row)))
        if "compiled" in name or name == "flowjax":
            first = row.get("first_call", {})
            named = [f"{QUANTITIES[q]} {first[q]:.0f} s" for q in QUANTITIES if q in first]
            said.append("first calls, with compiling: " + ", ".join(named))
        if said:
            lines.append(f"- {name}: {'; '.join(said)}.")
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def summary(results: Results) -> str:
    """Ours against the fastest peer and the floor, for every case and quantity."""
    head = ["case", "quantity", "ours, ms", "fastest peer, ms", "ours / peer", "ours / floor"]
    lines = []
    for measured in results["tables"]:
        case = Case.of(measured["case"])
        for quantity, label in QUANTITIES.items():
            mine, peer = ours(measured, quantity), fastest(measured, quantity)
            bottom = floor(measured, quantity)
            lines.append(
                [
                    title(case),
                    label,
                    named(mine),
                    named(peer),
                    ratio(mine and mine[1], peer and peer[1]),
                    ratio(mine and mine[1], bottom),
                ]
            )
    return table(head, lines)


def named(found: tuple[str, float] | None) -> str:
    """ "12.3 zuko", in ms."""
    return f"{significant(1e3 * found[1])} {found[0]}" if found else "–"


def exponents(grown: list[Results]) -> str:
    """Exponent and standard error of each line, with the values it was fitted to."""
    head = ["growth with", "model", "entry", *QUANTITIES.values(), "measured up to"]
    lines = []
    for part in grown:
        for name, line in part["lines"].items():
            reached = [str(line[q][-1]["value"]) if line[q] else "–" for q in QUANTITIES]
            fits = [fitted(line[q]) for q in QUANTITIES]
            name = "GEMM floor" if name == FLOOR else name
            lines.append([part["axis"], MODELS[part["model"]], name, *fits, ", ".join(reached)])
    return table(head, lines)


def fitted(points: list[Results]) -> str:
    """ "1.02 ± 0.03", a dash where too few points allow none."""
    fit = exponent(points)
    return "–" if fit is None else f"{fit[0]:.2f} ± {fit[1]:.2f}"
