"""What each problem is, where its file is expected, and what has been published on it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pushforward.datasets.uci import readers
from pushforward.datasets.uci.split import Split
from pushforward.errors import ConfigurationError, DataError


@dataclass(frozen=True)
class Problem:
    """One of the five.

    Attributes:
        name: what it is asked for by.
        files: where it may stand in the folder of the release; the first that exists is read.
        columns: d.
        spline: test nats per row of RQ-NSF (AR), Durkan et al. 2019, table 1.
        best: those of the best flow with exact densities that has been published.
        reader: makes the split of the file.
    """

    name: str
    files: tuple[str, ...]
    columns: int
    spline: float
    best: float
    reader: Callable[[Path], Split] = field(repr=False)

    def locate(self, folder: Path) -> Path | None:
        """Its file in the folder of the release; None where there is none."""
        return next((folder / file for file in self.files if (folder / file).is_file()), None)

    def missing(self, folder: Path) -> str:
        """One sentence on where the file is expected."""
        first, *others = self.files
        also = f" (or {', '.join(Path(o).suffix for o in others)})" if others else ""
        sentence = f"{self.name}: there is no {folder / first}{also}."
        pickled = (folder / first).with_suffix(".pickle")
        if self.name == "gas" and pickled.exists():
            sentence += (
                f" {pickled.name} could run anything when opened, and is not opened here; if you "
                f"trust it, pandas.read_pickle({pickled.name!r}).to_parquet({Path(first).name!r}, "
                "index=False) converts it."
            )
        return sentence


PROBLEMS: dict[str, Problem] = {
    problem.name: problem
    for problem in (
        Problem("power", ("power/data.npy",), 6, 0.66, 0.66, readers.power),
        Problem(
            "gas",
            ("gas/ethylene_CO.parquet", "gas/ethylene_CO.csv", "gas/ethylene_CO.txt"),
            8,
            13.09,
            13.14,
            readers.gas,
        ),
        Problem("hepmass", ("hepmass/1000_train.csv",), 21, -14.01, -13.99, readers.hepmass),
        Problem("miniboone", ("miniboone/data.npy",), 43, -9.22, -8.86, readers.miniboone),
        Problem("bsds300", ("BSDS300/BSDS300.hdf5",), 63, 157.31, 157.98, readers.bsds300),
    )
}


def find(name: str) -> Problem:
    """The problem of that name.

    Raises:
        ConfigurationError: there is none; the message gives the nearest spelling.

    Example:
        >>> find("gas").columns
        8
    """
    if name not in PROBLEMS:
        near = difflib.get_close_matches(name.lower(), PROBLEMS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(PROBLEMS)}."
        raise ConfigurationError(f"No problem is named {name!r}; {hint}")
    return PROBLEMS[name]


def load(name: str, folder: str | Path) -> Split:
    """The published split of a problem, from the release's files in a folder.

    Args:
        name: one of `PROBLEMS`.
        folder: holds `power/`, `gas/`, `hepmass/`, `miniboone/`, `BSDS300/`, or some of them.

    Returns:
        Rows (n, d), float32: standardized, BSDS300 excepted.

    Raises:
        ConfigurationError: an unknown name, or h5py is needed and not installed.
        DataError: the file is missing, damaged, or has too few rows to be split.

    Example:
        >>> import tempfile, numpy as np
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "miniboone").mkdir()
        >>> rows = np.random.default_rng(0).normal(size=(100, 2))
        >>> np.save(folder / "miniboone" / "data.npy", rows)
        >>> split = load("miniboone", folder)
        >>> len(split.train), len(split.validation), len(split.test)
        (81, 9, 10)
    """
    problem = find(name)
    file = problem.locate(Path(folder))
    if file is None:
        raise DataError(problem.missing(Path(folder)))
    split = problem.reader(file)
    if not all(len(part) for part in (split.train, split.validation, split.test)):
        raise DataError(f"{file} has too few rows to set a tenth aside twice.")
    return split
