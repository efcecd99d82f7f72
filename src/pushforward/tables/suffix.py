"""The format of a table, told by its file's suffix."""

from __future__ import annotations

from pathlib import Path

from pushforward.tables.words import refusal

CSV = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".pq")


def is_csv(path: Path) -> bool:
    """Is it CSV (True) or Parquet (False)?

    Raises:
        DataError: the suffix is neither's.

    Example:
        >>> is_csv(Path("stars.TSV")), is_csv(Path("stars.parquet"))
        (True, False)
    """
    suffix = path.suffix.lower()
    if suffix not in CSV + PARQUET:
        raise refusal(
            str(path),
            f"tables end in {', '.join(CSV)} or {', '.join(PARQUET)}; convert or rename it.",
        )
    return suffix in CSV
