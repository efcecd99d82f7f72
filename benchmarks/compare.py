"""Ratios: which entries count, the fastest peer, and how far each is from it and from the floor."""

from __future__ import annotations

from typing import Any

from benchmarks.work import FLOOR, PEERS, PRODUCT

# A flow in float64 must return to where it came from and give autodiff's determinant; in float32
# its log density may differ from that by rounding, nats.
BARS = {"round_trip": 1e-8, "log_det": 1e-8, "float32": 1e-2}


def faults(row: dict[str, Any]) -> list[str]:
    """The checks that a row fails, or has not passed; none for the floor."""
    if row["name"] == FLOOR:
        return []
    check = row.get("check")
    if not check:
        return ["not checked"]
    return [name for name, bar in BARS.items() if not check[name] <= bar]  # also of a NaN


def median(row: dict[str, Any], quantity: str) -> float | None:
    """Seconds, None where not measured."""
    times = row.get("times", {}).get(quantity)
    return times["median"] if times else None


def counted(table: dict[str, Any], quantity: str, names: tuple[str, ...]) -> dict[str, float]:
    """Medians of the entries of those names that were measured and whose checks passed."""
    found = {}
    for row in table["rows"]:
        seconds = median(row, quantity)
        if row["name"] in names and seconds is not None and not faults(row):
            found[row["name"]] = seconds
    return found


def fastest(
    table: dict[str, Any], quantity: str, names: tuple[str, ...] = PEERS
) -> tuple[str, float] | None:
    """The fastest entry of those that count, and its seconds."""
    medians = counted(table, quantity, names)
    if not medians:
        return None
    name = min(medians, key=medians.__getitem__)
    return name, medians[name]


def ours(table: dict[str, Any], quantity: str) -> tuple[str, float] | None:
    """The fastest way that the product itself offers."""
    return fastest(table, quantity, PRODUCT)


def floor(table: dict[str, Any], quantity: str) -> float | None:
    """The seconds of the bare matrix products."""
    found = fastest(table, quantity, (FLOOR,))
    return found[1] if found else None
