"""From a person's numeric table (CSV, Parquet) to float64 arrays, and back.

    path ─ decode ─ dialect, rows ─ delimited ┐
                                              ├─ TableReader ─ Batch ─ numeric ─ float64
    path ───────────────── parquet ───────────┘
    columns ─ TableWriter ─ sinks ─ file

Every refusal is one sentence that names the file and, where there is one, the column and row.
"""

from pushforward.tables.read import open_table, read_numeric
from pushforward.tables.reader import Batch, TableReader
from pushforward.tables.table import NumericTable, check_trainable, dependence
from pushforward.tables.typed import infer_schema, read_typed
from pushforward.tables.write import TableWriter, writing

__all__ = [
    "Batch",
    "NumericTable",
    "TableReader",
    "TableWriter",
    "check_trainable",
    "dependence",
    "infer_schema",
    "open_table",
    "read_numeric",
    "read_typed",
    "writing",
]
