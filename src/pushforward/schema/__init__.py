"""The typed columns of a person's table, and its cells as numbers and back.

    batches ─ infer ─ Schema ─ save ─ schema.json ─ a person's edits ─ load
    batch ─ Schema.encode ─ values (n, d) ─ a model ─ values ─ Schema.decode ─ cells

A schema says what each column holds (a real number, rounded ones, a category, a date, …), what its
cells may be, and how they are written. Everything here takes Arrow's batches and tables.
"""

from pushforward.schema.coded import Coded
from pushforward.schema.column import Column
from pushforward.schema.infer import Inferred, infer
from pushforward.schema.na import NA
from pushforward.schema.schema import Schema
from pushforward.schema.store import load, save

__all__ = ["NA", "Coded", "Column", "Inferred", "Schema", "infer", "load", "save"]
