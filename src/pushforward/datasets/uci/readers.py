"""From a file of the release to its split, one function a problem."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets.uci.split import Split, cut_tail, made, smallest_recurs, standardized
from pushforward.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NOT_SENSORS = ("Time", "Meth", "Eth")  # columns of GAS; "Meth" is what the release calls CO


def power(file: Path) -> Split:
    """POWER: shuffled, two columns dropped, and noise added to what was measured in steps.

    Raises:
        DataError: not a plain array of eight columns.
    """
    import numpy as np

    rng = np.random.RandomState(42)
    rows = _array(file, 8)
    rng.shuffle(rows)
    rows = np.delete(rows, [1, 3], axis=1)
    n = len(rows)
    # Drawn in this order: voltage, active power, three meters; the time of day has none.
    voltage, active, meters = 0.01 * rng.rand(n, 1), 0.001 * rng.rand(n, 1), rng.rand(n, 3)
    rows = rows + np.hstack([active, voltage, meters, np.zeros((n, 1))])
    return standardized(*cut_tail(rows))


def gas(file: Path) -> Split:
    """GAS: sensors of which none is another's copy, standardized by all rows.

    From the raw text a quarter of the rows is drawn, as many as were published: which they were
    is not known, for no seed was kept.

    Raises:
        DataError: the table does not hold the columns that it should.
    """
    import numpy as np

    notes: tuple[str, ...] = ()
    if file.suffix == ".txt":
        rows = _text(file)
        some = np.random.RandomState(42).permutation(len(rows))[: len(rows) // 4]
        rows, notes = rows[some], (f"{file.name} is raw: a quarter of its rows, by seed 42.",)
    else:
        table = _table(file)
        missing = [name for name in NOT_SENSORS if name not in table.column_names]
        if missing:
            raise DataError(f"{file}: there is no column {missing[0]!r}, as the release has.")
        sensors = [name for name in table.column_names if name not in NOT_SENSORS]
        rows = _numbers(file, table.select(sensors))
    rows = rows[:, _uncorrelated(rows)]
    rows = (rows - rows.mean(0)) / rows.std(0, ddof=1)
    return made(*cut_tail(rows), notes)


def hepmass(train: Path) -> Split:
    """HEPMASS: the signal alone, without partly discrete columns.

    Args:
        train: `1000_train.csv`; `1000_test.csv` stands beside it, with a column too many.

    Raises:
        DataError: a file that is not a table of numbers, or the test file is missing.
    """
    beside = train.with_name("1000_test.csv")
    if not beside.is_file():
        raise DataError(f"{beside} is missing; it belongs to {train.name}.")
    known = _signal(train)
    width = known.shape[1]
    test = _signal(beside, width)
    if test.shape[1] < width:
        raise DataError(f"{beside} has fewer columns than {train.name}.")
    kept = [j for j in range(width) if not smallest_recurs(known[:, j])]
    return standardized(known[:, kept], test[:, kept], ddof=1)


def miniboone(file: Path) -> Split:
    """MINIBOONE, which the release has cleaned already.

    Raises:
        DataError: not a plain array.
    """
    return standardized(*cut_tail(_array(file)))


def bsds300(file: Path) -> Split:
    """BSDS300: patches of images less their mean, less the last pixel; three tables in one file.

    Raises:
        ConfigurationError: h5py is not installed.
        DataError: not an HDF5 file with train, validation and test.
    """
    import numpy as np

    try:
        import h5py
    except ImportError as error:
        raise ConfigurationError(
            f"{file} needs h5py; install it with pip install 'pushforward[uci]'."
        ) from error
    try:
        with h5py.File(file, "r") as held:
            parts = [np.asarray(held[k], "float32") for k in ("train", "validation", "test")]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DataError(f"{file} is not the HDF5 file of the release ({error}).") from error
    train, validation, test = parts
    return Split(train, validation, test)


def _array(file: Path, width: int | None = None) -> np.ndarray:
    import numpy as np
    from numpy.lib import format as npy  # reads this one format, and nothing that runs

    try:
        with open(file, "rb") as handle:
            rows = np.asarray(npy.read_array(handle, allow_pickle=False), dtype="float64")
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise DataError(f"{file} is not a plain array of numbers ({error}).") from error
    if rows.ndim != 2 or (width is not None and rows.shape[1] != width):
        columns = "columns" if width is None else f"{width} columns"
        raise DataError(f"{file} must hold rows of {columns}, but has shape {rows.shape}.")
    return rows


def _text(file: Path) -> np.ndarray:
    """The sensors of the raw `ethylene_CO.txt`: time and two concentrations come before them."""
    import numpy as np

    try:
        return np.loadtxt(file, skiprows=1, ndmin=2)[:, len(NOT_SENSORS) :]
    except (OSError, ValueError) as error:
        raise DataError(f"{file} is not a table of numbers ({error}).") from error


def _table(file: Path, header: bool = True) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if file.suffix == ".parquet":
            return parquet.read_table(file)
        names = csv.ReadOptions(autogenerate_column_names=not header, skip_rows=int(not header))
        return csv.read_csv(file, names)
    except (OSError, pa.ArrowException) as error:
        said = str(error).splitlines()[0]
        raise DataError(f"{file} is not a table that can be read ({said}).") from error


def _numbers(file: Path, table: pa.Table) -> np.ndarray:
    import numpy as np

    try:
        columns = [column.cast("float64").to_numpy() for column in table.columns]
    except (ValueError, TypeError, NotImplementedError) as error:  # Arrow's are such, too
        raise DataError(f"{file} holds what is not a number ({error}).") from error
    return np.stack(columns, axis=1) if columns else np.empty((table.num_rows, 0))


def _signal(file: Path, width: int | None = None) -> np.ndarray:
    """The rows of class 1, without the class, of a file whose header need not fit its rows.

    Args:
        width: how many columns after the class to take; all where None.
    """
    table = _table(file, header=False)
    last = None if width is None else width + 1
    rows = _numbers(file, table.select(table.column_names[:last]))
    return rows[rows[:, 0] == 1, 1:]


def _uncorrelated(rows: np.ndarray) -> list[int]:
    """Columns none of which correlates with another by more than 0.98; the first goes first."""
    import numpy as np

    close = np.atleast_2d(np.corrcoef(rows.T)) > 0.98
    kept = list(range(rows.shape[1]))
    while True:
        crowded = [j for j in kept if close[j, kept].sum() > 1]
        if not crowded:
            return kept
        kept.remove(crowded[0])
