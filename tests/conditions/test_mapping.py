"""Conditions written in Python: the same as those of the command line, and what is refused."""

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pytest

from pushforward.conditions import code, from_mapping
from pushforward.errors import ConfigurationError, DataError
from pushforward.schema import Column, Schema

GRADES = ["low", "mid", "high"]
SCHEMA = Schema(
    columns=[
        Column(name="cut", kind="category", levels=["Fair", "Good", "Ideal"], dtype="string"),
        Column(name="grade", kind="ordered", levels=GRADES, dtype="string"),
        Column(name="rank", kind="ordered", levels=GRADES, reserve=0.1, dtype="string"),
        Column(name="n", kind="integer", lower=0, upper=100, dtype="int64"),
        Column(name="p", kind="rounded", step=0.1, origin=5.0),
        Column(name="x", kind="real"),
        Column(name="w", kind="positive"),
        Column(name="s", kind="bounded", lower=0, upper=1, step=0.01),
        Column(name="ra", kind="periodic", lower=0, period=360),
        Column(name="day", kind="datetime", step=86400, origin="2020-01-01", dtype="date32[day]"),
        Column(name="k", kind="constant", value="7", dtype="int64"),
    ]
)

SAME = {
    "cut=Good": {"cut": "Good"},
    "cut=Good|Fair": {"cut": ["Good", "Fair"]},
    "cut=Ideal": {"cut": {"Ideal"}},
    "cut=Fair|Good|Ideal": {"cut": np.array(["Ideal", "Good", "Fair"])},
    "grade>=mid": {"grade": ("mid", None)},
    "grade<=low": {"grade": (None, "low")},
    "grade>=low": {"grade": (None, None)},
    "rank>=low": {"rank": (None, None)},
    "n=7": {"n": (7, 7)},
    "n>=6.5": {"n": (6.5, math.inf)},
    "n<=6.5": {"n": (None, 6.5)},
    "n>=-5": {"n": (-5, None)},
    "n>=100": {"n": (100, None)},
    "p=5.3": {"p": 5.3},
    "p>=5.15,p<=6": {"p": (5.15, Decimal("6.0"))},
    "x=-2.5": {"x": (-2.5, -2.5)},
    "x>=1,x<=2": {"x": (1, 2)},
    "w<=3": {"w": (-4, 3)},
    "s>=0.12,s<=0.14": {"s": (0.12, 0.14)},
    "ra=370": {"ra": 370},
    "ra>=350,ra<=360": {"ra": (350, 360)},
    "day>=2020-01-03": {"day": (dt.date(2020, 1, 3), None)},
    "n<=4,x>=0,cut=Good": {"n": (None, 4), "x": (0.0, None), "cut": "Good"},
}


@pytest.mark.parametrize("text", SAME)
def test_both_ways_to_write_a_condition_mean_the_same(text):
    one, two = code(text, SCHEMA), from_mapping(SAME[text], SCHEMA)
    assert two.known == one.known
    assert two.limits == one.limits
    assert list(two.limits) == list(one.limits)
    assert two.text == str(SAME[text])


def test_no_condition():
    found = from_mapping({}, SCHEMA)
    assert not found.known
    assert not found.limits


REFUSED = [
    ({"cot": "Good"}, DataError, r"given: there is no column 'cot' \(did you mean 'cut'\?\)"),
    ({"k": 8}, ConfigurationError, "No row can meet the condition k=8: 'k' is '7' in every row"),
    ({"k": (8, None)}, ConfigurationError, "No row can meet the condition k>=8"),
    ({"k": None}, ConfigurationError, "column 'k' is given no value"),
    ({"cut": "ideal"}, DataError, "column 'cut' holds 'ideal', which is none of its levels"),
    ({"cut": ["Good", None]}, ConfigurationError, "column 'cut' is given no value"),
    ({"cut": []}, ConfigurationError, "takes one value, or a pair"),
    ({"cut": ("Fair", None)}, ConfigurationError, "categories without an order"),
    ({"grade": ("high", "low")}, ConfigurationError, "no value from high to low"),
    ({"rank": ("best", None)}, ConfigurationError, "no place in its order for 'best'"),
    ({"n": (5, 2)}, ConfigurationError, "no value from 5 to 2; give the lower end first"),
    ({"n": (5.2, 5.8)}, ConfigurationError, "no value from 5.2 to 5.8"),
    ({"n": (1, 2, 3)}, ConfigurationError, "takes one value, or a pair"),
    ({"n": [1, 2]}, ConfigurationError, "takes one value, or a pair"),
    ({"n": "many"}, DataError, "column 'n' is integer, and 'many' cannot be read"),
    ({"n": object()}, DataError, "cannot be read"),
    ({"n": 1.5}, DataError, "not a whole number"),
    ({"n": 101}, DataError, "must not be above 100"),
    ({"n": math.nan}, ConfigurationError, "column 'n' is given no value"),
    ({"n": (101, None)}, DataError, "no row has column 'n' so; widen its limits"),
    ({"w": 0}, DataError, "must be above 0"),
    ({"day": "soon"}, DataError, "column 'day' is datetime, and 'soon' cannot be read"),
    ("n=5", ConfigurationError, "given must name columns and their values"),
]


@pytest.mark.parametrize("asked", [7, 7.0, "7", [6, 7], (None, 7), (6.5, None)])
def test_what_is_certain_tells_nothing(asked):
    found = from_mapping({"k": asked}, SCHEMA)
    assert (found.known, found.limits) == ({}, {})


@pytest.mark.parametrize(("given", "error", "said"), REFUSED)
def test_refused(given, error, said):
    with pytest.raises(error, match=said) as caught:
        from_mapping(given, SCHEMA)
    assert "\n" not in str(caught.value)
