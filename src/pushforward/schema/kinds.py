"""The kinds of column, and which keys mean something for each."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "real",
    "positive",
    "bounded",
    "integer",
    "rounded",
    "periodic",
    "boolean",
    "category",
    "ordered",
    "datetime",
    "time",
    "identifier",
    "constant",
    "empty",
]
CATEGORIES = ("boolean", "category", "ordered")
NUMBERS = ("real", "positive", "bounded", "integer", "rounded", "periodic")
LEFT_OUT = ("identifier", "constant", "empty")
OTHER = "(other)"  # what an unseen category is called where there is room kept for it

COMMON = {"name", "kind", "dtype", "missing", "format"}
MEANING = {  # which other keys mean something
    "real": {"step", "lower", "upper"},
    "positive": {"step", "lower", "upper"},
    "bounded": {"step", "lower", "upper"},
    "integer": {"step", "origin", "lower", "upper"},
    "rounded": {"step", "origin", "lower", "upper"},
    "periodic": {"period", "lower", "step"},
    "boolean": {"levels"},
    "category": {"levels", "reserve"},
    "ordered": {"levels", "reserve"},
    "datetime": {"step", "origin", "fine"},
    "time": {"step"},
    "identifier": {"why"},
    "constant": {"value"},
    "empty": set(),
}


def usual_dtype(kind: object) -> str:
    """The dtype of a column whose record has none.

    Example:
        >>> usual_dtype("category"), usual_dtype("integer"), usual_dtype("real")
        ('string', 'int64', 'float64')
    """
    if kind in CATEGORIES or kind in ("datetime", "time", "constant", "identifier", "empty"):
        return "string"
    return "int64" if kind == "integer" else "float64"


def needed(kind: str) -> tuple[str, ...]:
    """The keys that a kind cannot do without.

    Example:
        >>> needed("datetime")
        ('step', 'origin')
    """
    if kind in CATEGORIES:
        return ("levels",)
    return {
        "rounded": ("step",),
        "periodic": ("period",),
        "datetime": ("step", "origin"),
        "time": ("step",),
        "constant": ("value",),
    }.get(kind, ())
