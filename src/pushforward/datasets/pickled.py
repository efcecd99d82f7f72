"""Arrays out of a pickle, without unpickling it: nothing that it asks for is ever called.

A pickle is a program. Here its instructions are listed by `pickletools.genops` and walked by a
machine that knows only what a tuple of arrays needs: constants, tuples, and three names, of which
each stands for a note of what is to be built. Any other instruction or name is refused.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pushforward.errors import DataError
from pushforward.text import excerpt, refusal

if TYPE_CHECKING:
    import numpy as np

MOST_STEPS = 10_000  # instructions; three pairs of arrays take 130
NUMBERS = ("u1", "i4", "i8", "f4", "f8")
_RECONSTRUCT = "numpy.core.multiarray _reconstruct"
_NDARRAY = "numpy ndarray"
_DTYPE = "numpy dtype"
_MARK = object()
# genops could not read on (a wrong escape is a warning, which may be an error), or the machine met
# something of another kind than it needs.
_MISFITS = (
    *(ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError),
    DeprecationWarning,
)


@dataclass(frozen=True)
class _Name:
    """Stands for something importable; it is never imported."""

    text: str


@dataclass(frozen=True)
class _Bytes:
    """Where a string of bytes lies in the pickle: it is not copied."""

    start: int
    size: int


@dataclass
class _Type:
    """An element type; its byte order comes later, by BUILD."""

    code: str
    order: str = ""


class _Array:
    """An array; its content comes later, by BUILD."""


def read_arrays(data: bytes, file: str) -> list[np.ndarray]:
    """The NumPy arrays in a pickle of tuples of them.

    Args:
        data: the pickle, of protocol 0 to 2 as Python 2 wrote it.
        file: its name, for the errors.

    Returns:
        The arrays in the order in which they stand there, whatever the tuples that hold them. They
        are read-only, and share memory with `data`.

    Raises:
        DataError: it holds, or does, anything else; it is damaged or cut short.

    Example:
        >>> read_arrays(b"cos\\nsystem\\n.", "evil.pkl")
        Traceback (most recent call last):
        pushforward.errors.DataError: evil.pkl: it asks for 'os system', and only plain ...
    """
    machine = _Machine(data, file)
    try:
        for step, (opcode, argument, position) in enumerate(pickletools.genops(data)):
            if step == MOST_STEPS:
                raise refusal(file, f"it has more than {MOST_STEPS:,} instructions: refused.")
            if opcode.name == "STOP":
                break
            machine.step(opcode.name, argument, position or 0)
    except DataError:
        raise
    except _MISFITS as error:
        raise refusal(file, "it is damaged, or no pickle of plain arrays: refused.") from error
    return machine.arrays


class _Machine:
    def __init__(self, data: bytes, file: str) -> None:
        self.arrays: list[np.ndarray] = []
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._data = data
        self._file = file

    def step(self, name: str, argument: Any, position: int) -> None:
        """Carry out one instruction."""
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name](argument))
        elif name in _STRINGS:
            # `genops` has checked that the string lies within the data; the last byte that it has
            # read is the string's.
            head = _STRINGS[name]
            self.stack.append(_Bytes(position + head, len(argument)))
        elif name in _TUPLES:
            self._pack(_TUPLES[name])
        elif name == "TUPLE":
            self._pack(self.stack[::-1].index(_MARK), marked=True)
        elif name == "GLOBAL":
            self.stack.append(self._name(argument))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self._memo[argument])
        elif name == "REDUCE":
            arguments, callee = self.stack.pop(), self.stack.pop()
            self.stack.append(self._reduce(callee, arguments))
        elif name == "BUILD":
            state = self.stack.pop()
            self._build(self.stack[-1], state)
        elif name != "PROTO":
            raise refusal(
                self._file, f"its instruction {name} is none that plain arrays need: refused."
            )

    def _pack(self, count: int, marked: bool = False) -> None:
        start = len(self.stack) - count
        if start < marked or _MARK in self.stack[start:]:
            raise IndexError("fewer values than the tuple needs")
        items = tuple(self.stack[start:])
        del self.stack[start - marked :]
        self.stack.append(items)

    def _name(self, text: str) -> _Name:
        if text not in (_RECONSTRUCT, _NDARRAY, _DTYPE):
            raise refusal(
                self._file, f"it asks for {excerpt(text)}, and only plain arrays are read: refused."
            )
        return _Name(text)

    def _text(self, value: object) -> str:
        if not isinstance(value, _Bytes):
            raise TypeError("not a string")
        return self._data[value.start : value.start + value.size].decode("latin-1")

    def _reduce(self, callee: object, arguments: tuple[Any, ...]) -> _Type | _Array:
        if callee == _Name(_DTYPE):
            code = self._text(arguments[0])
            if code not in NUMBERS:
                raise refusal(self._file, f"its numbers are of the type {excerpt(code)}: refused.")
            return _Type(code)
        if callee == _Name(_RECONSTRUCT) and arguments[0] == _Name(_NDARRAY):
            return _Array()
        raise TypeError("neither an array nor a type")

    def _build(self, target: object, state: tuple[Any, ...]) -> None:
        if isinstance(target, _Type):
            target.order = self._text(state[1])
        elif isinstance(target, _Array):
            self.arrays.append(self._values(*state))
        else:
            raise TypeError("neither an array nor a type")

    def _values(
        self, version: object, shape: tuple[int, ...], kind: _Type, fortran: object, raw: _Bytes
    ) -> np.ndarray:
        import numpy as np

        if fortran is not False or kind.order not in ("<", "|"):
            raise ValueError("another order of bytes or of dimensions")
        if not all(isinstance(size, int) and size >= 0 for size in shape):
            raise ValueError("no shape")
        element = np.dtype(f"{kind.order}{kind.code}")
        count = math.prod(shape)
        if raw.size != count * element.itemsize:
            raise refusal(
                self._file,
                f"an array of shape {shape} is promised in {raw.size:,} bytes, but needs "
                f"{count * element.itemsize:,}; fetch it again.",
            )
        return np.frombuffer(self._data, element, count, raw.start).reshape(shape)


_CONSTANTS: dict[str, Callable[[Any], Any]] = {
    "MARK": lambda _: _MARK,
    "NONE": lambda _: None,
    "NEWFALSE": lambda _: False,
    "NEWTRUE": lambda _: True,
    "EMPTY_TUPLE": lambda _: (),
    "BININT": int,
    "BININT1": int,
    "BININT2": int,
}
_STRINGS = {"SHORT_BINSTRING": 2, "BINSTRING": 5}  # bytes before the string itself
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
