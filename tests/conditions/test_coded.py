"""Conditions by a schema: codes, intervals, and what is refused."""

import math

import pytest

from pushforward.conditions import Condition, code
from pushforward.errors import ConfigurationError
from pushforward.schema import Column, Schema
from pushforward.transforms.columns import Limit

INF = math.inf
GRADES = ["low", "mid", "high"]
SCHEMA = Schema(
    columns=[
        Column(name="cut", kind="category", levels=["Fair", "Good", "Ideal"], dtype="string"),
        Column(name="grade", kind="ordered", levels=GRADES, reserve=0.1, dtype="string"),
        Column(name="flag", kind="boolean", levels=["no", "yes"], dtype="string"),
        Column(name="n", kind="integer", lower=0, upper=100, dtype="int64"),
        Column(name="p", kind="rounded", step=0.1, origin=5.0, format="$#,##0.0", dtype="string"),
        Column(name="x", kind="real"),
        Column(name="w", kind="positive"),
        Column(name="s", kind="bounded", lower=0, upper=1, step=0.01),
        Column(name="ra", kind="periodic", lower=0, period=360),
        Column(
            name="day",
            kind="datetime",
            step=86400,
            origin="2020-01-01",
            format="%d.%m.%Y",
            dtype="string",
        ),
        Column(name="at", kind="datetime", step=1, origin="2020-01-01", fine=True, dtype="string"),
        Column(name="k", kind="constant", value="7", dtype="int64"),
    ]
)
PLACE = {column.name: j for j, column in enumerate(SCHEMA.modelled)}

KNOWN = {
    "cut=Good": ("cut", 1.0),
    "cut!=Good|Ideal": ("cut", 0.0),
    "cut in {Good;Fair},cut=Good|Ideal": ("cut", 1.0),
    "grade=(other)": ("grade", 3.0),
    "grade>mid": ("grade", 2.0),
    "flag!=no": ("flag", 1.0),
    "n=7": ("n", 7.0),
    "n>6,n<8": ("n", 7.0),
    "n>=100": ("n", 100.0),
    'p="$5.3"': ("p", 3.0),
    "p=5.3": ("p", 3.0),
    "x=-2.5": ("x", -2.5),
    "x>=1,x<=1": ("x", 1.0),
    "ra=370": ("ra", 10.0),
    "day=03.01.2020": ("day", 2.0),
    "day=2020-01-03": ("day", 2.0),
    "at=2020-01-01 00:01:00": ("at", 60.0),
}


@pytest.mark.parametrize("text", KNOWN)
def test_known(text):
    name, value = KNOWN[text]
    found = code(text, SCHEMA)
    assert found.known == {PLACE[name]: pytest.approx(value)}
    assert not found.limits


LIMITS = {
    "cut!=Good": ("cut", Limit(codes=(0, 2))),
    "grade>=mid": ("grade", Limit(codes=(1, 2))),
    "grade<high": ("grade", Limit(codes=(0, 1))),
    "grade!=low": ("grade", Limit(codes=(1, 2, 3))),
    "n>6,n<9": ("n", Limit(7, 8)),
    "n>6.5": ("n", Limit(7, 100)),
    "n<=6.5": ("n", Limit(0, 6)),
    "n<6": ("n", Limit(0, 5)),
    "p>5.1": ("p", Limit(2, INF)),
    "x>=1,x<2": ("x", Limit(1.0, math.nextafter(2, -INF))),
    "x>1": ("x", Limit(math.nextafter(1, INF), INF)),
    "w<=3": ("w", Limit(0.0, 3.0)),
    "day>03.01.2020": ("day", Limit(3, INF)),
    "ra>=350": ("ra", Limit(350, 360)),
}


@pytest.mark.parametrize("text", LIMITS)
def test_limits(text):
    name, limit = LIMITS[text]
    found = code(text, SCHEMA)
    assert found.limits == {PLACE[name]: limit}
    assert not found.known


def test_bounds_of_rounded_numbers_speak_of_the_rounded_ones():
    limit = code("s>=0.12,s<0.15", SCHEMA).limits[PLACE["s"]]
    assert (limit.low, limit.high) == pytest.approx((0.115, 0.145), abs=1e-6)
    assert round(limit.low, 2) == 0.12
    assert round(limit.high, 2) == 0.14
    seconds = code("at>=2020-01-01 00:01:00", SCHEMA).limits[PLACE["at"]]
    assert 59.5 < seconds.low < 59.51


@pytest.mark.parametrize("text", ["n>=0", "n>-5,n<1000", "cut=Fair|Good|Ideal"])
def test_what_every_row_meets_is_no_limit(text):
    found = code(text, SCHEMA)
    assert not found.limits
    assert not found.known


def test_several_columns_keep_their_order():
    found = code("x>1,cut=Good,n<5,x<3,w>2", SCHEMA)
    assert list(found.limits) == [PLACE["x"], PLACE["n"], PLACE["w"]]
    assert found.limits[PLACE["x"]].high < 3
    assert found.row(len(PLACE))[0, PLACE["cut"]] == 1
    assert sum(map(math.isnan, found.row(len(PLACE))[0])) == len(PLACE) - 1


REFUSED = {
    "cot=Good": r"no column 'cot' \(did you mean 'cut'\?\); its columns are 'cut'",
    "k=8": "No row can meet the condition k=8: 'k' is '7' in every row",
    "k!=7.0": "No row can meet the condition k!=7.0",
    "k>7": "No row can meet the condition k>7",
    "k>=seven": "'seven' is no number",
    "cut=ideal": r"'ideal' is none of the levels of 'cut' \(did you mean 'Ideal'\?\)",
    "cut>Fair": "the levels of 'cut' have no order; use =",
    "grade>(other)": "can meet",
    "flag=1": "'1' is none of the levels of 'flag'",
    "cut=Good,cut=Ideal": "cut=Good,cut=Ideal contradicts itself",
    "grade>high": "No row can meet the condition grade>high",
    "n>5,n<3": "n>5,n<3 contradicts itself",
    "n>5,n<6": "contradicts itself",
    "x>1,x<1": "contradicts itself",
    "n=5,n=6": "contradicts itself",
    "n=5,n>5": "contradicts itself",
    "n=-1": "'-1' is too low for 'n', which ends at 0",
    "n=101": "'101' is too high for 'n', which ends at 100",
    "n=1.5": "'1.5' is not on the steps of 1 that 'n' lies on",
    "p=5.25": "'5.25' is not on the steps of 0.1",
    "w=0": "'0' is too low for 'w'",
    "n>100": "beyond the bounds of 'n'",
    "ra<-10": "beyond the bounds of 'ra'",
    "n=red": r"'red' is no number within ±1e30",
    "x=1e31": "'1e31' is no number within",
    "day=soon": "'soon' is no date; write it as %d.%m.%Y",
    "n!=5": "'n' holds numbers; give one value, or bounds",
    "n=5|6": "'n' holds numbers; give one value, or bounds",
    "n=NA": "'NA' says that a cell is missing",
    "cut=missing": "'missing' says that a cell is missing",
    'x=""': "says that a cell is missing",
}


def test_yes_and_no_are_told_in_any_case():
    schema = Schema(columns=[Column(name="ok", kind="boolean", levels=["no", "Yes"])])
    assert [code(f"ok{told}", schema).known for told in ("=NO", "=yes", "!=YES")] == [
        {0: 0.0},
        {0: 1.0},
        {0: 0.0},
    ]


@pytest.mark.parametrize("text", ["k=7", "k=7.0", "k in {6;7}", "k!=8", "k>=7, k<9"])
def test_what_is_certain_tells_nothing(text):
    assert code(text, SCHEMA) == Condition(text, {}, {})


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text):
    with pytest.raises(ConfigurationError, match=REFUSED[text]) as caught:
        code(text, SCHEMA)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("n=3.3", "1 that 'n' lies on: the nearest are 3 and 4."),
        ("p=$5.13", "0.1 that 'p' lies on: the nearest are $5.1 and $5.2."),
        ("s=0.255", "0.01 that 's' lies on: the nearest are 0.25 and 0.26."),
        (
            "at=2020-01-01 00:00:01.5",
            "1 seconds that 'at' lies on: the nearest are 2020-01-01 00:00:01 and "
            "2020-01-01 00:00:02.",
        ),
        (
            "day=2020-01-01 06:00",
            "86400 seconds that 'day' lies on: the nearest are 01.01.2020 and 02.01.2020.",
        ),
    ],
)
def test_a_value_off_the_steps_is_told_the_nearest(text, nearest):
    with pytest.raises(ConfigurationError) as refused:
        code(text, SCHEMA)
    assert str(refused.value).endswith(f"is not on the steps of {nearest}")


def test_bounds_may_lie_between_steps():
    assert code("s>0.255,at<2020-01-01 00:00:01.5", SCHEMA).known == {}
