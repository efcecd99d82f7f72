"""Files made by somebody who means harm: each function writes one, and says how it is read."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pushforward as pf
from pushforward.images import read_images
from pushforward.schema import store

HASHED = ("config.json", "model.safetensors")
Attack = Callable[[Path], Callable[[], object]]


class Bomb:
    """Unpickled, it leaves a file behind."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.trace}",)


def sign(folder: Path) -> None:
    """Make the manifest fit the files."""
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in HASHED}
    (folder / "manifest.json").write_text(json.dumps(hashes))


def model(name: str, change: Callable[[Path], object], signed: bool = True) -> Attack:
    """A sound model whose file `name` is changed."""

    def attack(scratch: Path) -> Callable[[], object]:
        folder = scratch / "m"
        pf.save(pf.flows.nsf(2, layers=1, hidden=(8,)), folder)
        change(folder / name)
        if signed:
            sign(folder)
        return lambda: pf.load(folder)

    return attack


def replaced(old: str, new: str) -> Callable[[Path], object]:
    """A change of one text in a file."""
    return lambda path: path.write_text(path.read_text().replace(old, new, 1))


def file(name: str, content: bytes, read: Callable[[Path], object]) -> Attack:
    """One file of that content."""

    def attack(scratch: Path) -> Callable[[], object]:
        (scratch / name).write_bytes(content)
        return lambda: read(scratch / name)

    return attack


def header(text: bytes) -> Callable[[Path], object]:
    """A safetensors file that is little but a header."""
    return lambda path: path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(64))


def sparse(path: Path) -> None:
    """A terabyte that takes no room."""
    with open(path, "r+b") as handle:
        handle.truncate(1 << 40)


def linked(target: str) -> Callable[[Path], object]:
    """The file becomes a link."""
    return lambda path: (path.unlink(), path.symlink_to(target))


def piped(path: Path) -> None:
    """The file becomes a pipe to which nobody writes."""
    path.unlink()
    os.mkfifo(path)


def array(shape: tuple[int, ...], dtype: str) -> bytes:
    """The header of a .npy file, and a few bytes."""
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(64)


CONFIG, TENSORS, MANIFEST = "config.json", "model.safetensors", "manifest.json"
DEEP = b"[" * 200_000
MANY = json.dumps({f"flow.{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
                   for i in range(100_000)}).encode()  # fmt: skip
TWICE = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' \
        b'"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}'  # fmt: skip
GZIP = gzip.compress(struct.pack(">IIII", 0x803, 100, 28, 28) + bytes(300 << 20), 9)
ATTACKS: dict[str, Attack] = {
    "a pickle called model.safetensors": model(
        TENSORS, lambda path: path.write_bytes(pickle.dumps(Bomb(path.parent / "ran")))
    ),
    "a pickle called config.json": model(
        CONFIG, lambda path: path.write_bytes(pickle.dumps(Bomb(path.parent / "ran")))
    ),
    "a header of 100,000 tensors": model(TENSORS, header(MANY)),
    "a header nested 200,000 deep": model(TENSORS, header(DEEP)),
    "a tensor's name twice in a header": model(TENSORS, header(TWICE)),
    "tensors of a terabyte, sparse": model(TENSORS, sparse, signed=False),
    "a config of a terabyte, sparse": model(CONFIG, sparse, signed=False),
    "a manifest of a terabyte, sparse": model(MANIFEST, sparse, signed=False),
    "tensors that are a link to /dev/zero": model(TENSORS, linked("/dev/zero"), signed=False),
    "a config that is a link to /etc/passwd": model(CONFIG, linked("/etc/passwd")),
    "a manifest that is a pipe": model(MANIFEST, piped, signed=False),
    "a config nested 200,000 deep": model(CONFIG, lambda path: path.write_bytes(DEEP)),
    "a manifest nested 200,000 deep": model(
        MANIFEST, lambda path: path.write_bytes(DEEP[:60_000]), signed=False
    ),
    "a size of 4,000 digits": model(CONFIG, replaced('"features": 2', f'"features": {"9" * 4000}')),
    "a size of 1e999": model(CONFIG, replaced('"features": 2', '"features": 1e999')),
    "a size of NaN": model(CONFIG, replaced('"features": 2', '"features": NaN')),
    "a hidden layer of 10⁹": model(CONFIG, replaced("8\n", "1000000000\n")),
    "10⁷ layers": model(CONFIG, replaced('"layers": 1', '"layers": 10000000')),
    "a recipe called os.system": model(CONFIG, replaced('"nsf"', '"os.system"')),
    "a recipe called ../../evil": model(CONFIG, replaced('"nsf"', '"../../evil"')),
    "a model called ../../../etc": lambda _: lambda: pf.load("../../../../../../../etc"),
    "a schema nested 200,000 deep": file("s.json", DEEP, store.load),
    "a schema with a number of 100,000 digits": file("s.json", b"9" * 100_000, store.load),
    "a schema with 100,000 keys": file(
        "s.json", json.dumps({f"k{i}": 0 for i in range(100_000)}).encode(), store.load
    ),
    "an array of pickled objects": file("a.npy", array((8, 4, 4), "|O"), read_images),
    "an array that says it has 10¹⁵ numbers": file(
        "a.npy", array((10**9, 1000, 1000), "|u1"), read_images
    ),
    "gzip of 300 MiB in 300 KiB": file("train-images-idx3-ubyte.gz", GZIP, read_images),
}  # fmt: skip
