"""Pickles: plain arrays are read, and nothing that a pickle asks for is ever done.

They are written as raw instructions, so that nothing here could run one either.
"""

from __future__ import annotations

import os
from contextlib import suppress

import numpy as np
import pytest

from formats import NDARRAY, array, program, string, whole
from pushforward.datasets import pickled
from pushforward.datasets.pickled import read_arrays
from pushforward.errors import DataError

FLOATS = np.arange(6, dtype="<f4").reshape(2, 3) / 4
LABELS = np.array([7, -1], dtype="<i8")


def test_arrays_in_nested_tuples_come_in_their_order():
    pair = array(FLOATS) + b"q\x01" + array(LABELS) + b"\x86"
    floats, labels, more = read_arrays(program(pair, array(np.arange(300)), b"\x86"), "a.pkl")
    np.testing.assert_array_equal(floats, FLOATS)
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_array_equal(more, np.arange(300))
    assert (floats.dtype, labels.dtype) == (FLOATS.dtype, LABELS.dtype)


def test_what_was_noted_is_found_again():
    # As in real files: the names of the first array are fetched from the memo for the second.
    first = array(FLOATS).replace(NDARRAY, NDARRAY + b"q\x05")
    second = array(LABELS).replace(NDARRAY, b"h\x05")
    assert len(read_arrays(program(first, second, b"\x86"), "a.pkl")) == 2


def test_no_command_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "system", lambda _: pytest.fail("a command was run"))
    mark = tmp_path / "was-here"
    touch = string(f"touch {mark}".encode()) + b"\x85R"
    for system in (b"cos\nsystem\n", b"cposix\nsystem\n", b"cbuiltins\nexec\n"):
        with pytest.raises(DataError, match=r"evil\.pkl: it asks for '.* (system|exec)', and only"):
            read_arrays(program(system, touch), "evil.pkl")
        with pytest.raises(DataError, match="it asks for"):
            read_arrays(program(array(FLOATS), system, touch, b"\x86"), "evil.pkl")
    assert not mark.exists()


OTHER_WAYS = {
    "STACK_GLOBAL": string(b"os") + string(b"system") + b"\x93",
    "INST": b"(" + string(b"true") + b"ios\nsystem\n",
    "OBJ": b"(" + NDARRAY + b"o",
    "NEWOBJ": NDARRAY + b")\x81",
    "EXT1": b"\x82\x01",
    "PERSID": b"Pother\n",
    "BINPERSID": b"NQ",
    "NEXT_BUFFER": b"\x97",
    "BINUNICODE": b"X\x01\0\0\0a",
    "LONG1": b"\x8a\x01\x01",
    "DUP": b"N2",
    "EMPTY_DICT": b"}",
    "FRAME": b"\x95" + bytes(8),
    "MEMOIZE": b"N\x94",
}


@pytest.mark.parametrize(("name", "code"), [*OTHER_WAYS.items(), ("UNICODE", b"Va\n")])
def test_any_other_instruction_is_refused(name, code):
    message = rf"a\.pkl: its instruction ({name}|SHORT_BINUNICODE) is none that plain arrays need"
    with pytest.raises(DataError, match=message):
        read_arrays(program(code), "a.pkl")


REFUSED = {
    "nothing": (b"", "damaged"),
    "no end": (program(array(FLOATS))[:-1], "damaged"),
    "cut in the content": (program(array(FLOATS))[:-8], "damaged"),
    "a name that is misspelt": (program(b"cnumpy\\u\nndarray\n"), "damaged|asks for"),
    "no instruction": (b"\xff\xfe", "damaged"),
    "an empty stack": (program(b"R"), "damaged"),
    "a tuple without a mark": (program(b"NNt"), "damaged"),
    "a tuple over a mark": (program(b"(N\x86"), "damaged"),
    "a tuple of too few": (program(b"N\x87"), "damaged"),
    "nothing noted": (program(b"h\x07"), "damaged"),
    "a type called as an array": (program(NDARRAY, string(b"f4"), b"\x85R"), "damaged"),
    "a number built": (program(whole(1), b"Nb"), "damaged"),
    "objects": (program(array(FLOATS, code=b"O8")), "type 'O8'"),
    "big-endian": (program(array(FLOATS, order=b">")), "damaged"),
    "columns first": (program(array(FLOATS, fortran=b"\x88")), "damaged"),
    "a lying shape": (program(array(FLOATS, shape=(2, 4))), r"\(2, 4\) .* 24 bytes, but needs 32"),
    "very many": (program(array(FLOATS, shape=(2**31 - 1,) * 40)), "but needs"),
    "less than none": (program(array(FLOATS, shape=(-2, -3))), "damaged"),
    "content that is no string": (program(array(FLOATS)[:-28], b"Ntb"), "damaged"),
}


@pytest.mark.parametrize(("data", "said"), REFUSED.values(), ids=REFUSED)
def test_refusals_name_the_file(data, said):
    with pytest.raises(DataError, match=rf"^a\.pkl: .*{said}"):
        read_arrays(data, "a.pkl")


def test_endless_programs():
    with pytest.raises(DataError, match="more than 10,000 instructions"):
        read_arrays(program(b"N" * 20_000), "a.pkl")


def test_a_tower_of_tuples_is_not_climbed():
    # Forty times a pair of the same: 2^40 values for whoever walks over them.
    tower = b"Nq\x00" + b"h\x00h\x00\x86q\x00" * 40
    shape = array(FLOATS).replace(b"(" + whole(2) + whole(3) + b"t", b"h\x00")
    for data in (program(tower), program(b"N" + b"\x85" * 5_000)):
        assert read_arrays(data, "a.pkl") == []
    with pytest.raises(DataError, match="damaged"):
        read_arrays(program(tower, shape), "a.pkl")


def test_any_damage_is_refused_or_harmless():
    good = program(array(FLOATS), array(LABELS), b"\x86")
    rng = np.random.default_rng(0)
    for _ in range(3_000):
        bad = bytearray(good)
        for at in rng.integers(len(bad), size=rng.integers(1, 4)):
            bad[at] = rng.integers(256)
        with suppress(DataError):  # any other error fails the test
            arrays = read_arrays(bytes(bad), "a.pkl")
            assert all(part.dtype.str[1:] in pickled.NUMBERS for part in arrays)
