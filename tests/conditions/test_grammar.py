"""What a condition may look like, and what is said of one that cannot be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushforward.conditions import Clause, parse
from pushforward.errors import ConfigurationError

READABLE = {
    "cut=Ideal": [("cut", "=", ("Ideal",))],
    " cut = Very Good , price >= 5000 ": [("cut", "=", ("Very Good",)), ("price", ">=", ("5000",))],
    "a==1": [("a", "=", ("1",))],
    "a!=1": [("a", "!=", ("1",))],
    "a<1,a>-1": [("a", "<", ("1",)), ("a", ">", ("-1",))],
    "cut=a|b": [("cut", "=", ("a", "b"))],
    "cut!=a|b": [("cut", "!=", ("a", "b"))],
    "cut in {a; b}": [("cut", "=", ("a", "b"))],
    "cut in{a}": [("cut", "=", ("a",))],
    "in in {in; in out}": [("in", "=", ("in", "in out"))],
    '"in a" in {b}': [("in a", "=", ("b",))],
    '"a,b"="c,""d"""': [("a,b", "=", ('c,"d"',))],
    'p="$1,200.50"': [("p", "=", ("$1,200.50",))],
    "day>=2020-01-01 10:00": [("day", ">=", ("2020-01-01 10:00",))],
    "wow!=!": [("wow", "!=", ("!",))],
    "größe (cm)<=1e3": [("größe (cm)", "<=", ("1e3",))],
}


@pytest.mark.parametrize("text", READABLE)
def test_readable(text):
    assert [(c.name, c.sign, c.values) for c in parse(text)] == READABLE[text]


UNREADABLE = {
    "": "is empty; write name=value",
    " ": "is empty",
    "a=1,": "ends with a comma",
    ",a=1": "cannot be read at ',a=1'",
    "a": "cannot be read at 'a'",
    "a=": "cannot be read at 'a='",
    "=1": "cannot be read at '=1'",
    "b=2,a=<1": "cannot be read at 'a=<1'",
    "1<a<2": "cannot be read at '1<a<2'",
    "a in b": "cannot be read at 'a in b'",
    "a in {}": "cannot be read",
    "a in {b": "cannot be read",
    'a="b': "cannot be read",
    'a="b"c': "cannot be read",
    '""=1': "cannot be read",
    "a<1|2": "bounds a column by several values",
}


@pytest.mark.parametrize("text", UNREADABLE)
def test_unreadable(text):
    with pytest.raises(ConfigurationError, match=UNREADABLE[text].replace("(", r"\(")):
        parse(text)


words = st.text(min_size=1, max_size=8)
signs = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


@st.composite
def clauses(draw) -> Clause:
    sign = draw(signs)
    most = 3 if sign in ("=", "!=") else 1
    return Clause(draw(words), sign, tuple(draw(st.lists(words, min_size=1, max_size=most))))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(clauses(), min_size=1, max_size=4))
def test_what_is_written_is_read_back(wanted):
    assert parse(",".join(map(str, wanted))) == wanted


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet='ab "=!<>|,;{}\n', max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        found = parse(text)
    except ConfigurationError as error:
        assert str(error).startswith("The condition ")  # noqa: PT017
        assert str(error).isprintable()  # noqa: PT017
    else:
        assert parse(",".join(map(str, found))) == found
