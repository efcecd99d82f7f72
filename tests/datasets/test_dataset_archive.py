"""Archives: the one member asked for, or a refusal; hostile ones among them."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import warnings
import zipfile

import pytest

from pushforward.datasets.archive import DEB_CONTENT, read_member
from pushforward.errors import DataError

MEMBER = "some/data/numbers.csv"
CONTENT = b"1,2\n" * 100


@pytest.fixture(params=["wheel", "tgz", "deb"])
def make(request):
    """Each test with this runs on every kind of archive."""
    return request.getfixturevalue(request.param)


def test_the_member_is_given(make):
    assert read_member(make({"other": b"x", MEMBER: CONTENT}), MEMBER) == CONTENT


def test_a_missing_member(make):
    with pytest.raises(DataError, match="does not hold some/data/numbers"):
        read_member(make({"other": b"x"}), MEMBER)


@pytest.mark.parametrize("stray", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:\\evil"])
def test_names_that_leave_the_folder(make, stray):
    with pytest.raises(DataError, match="leaves its folder"):
        read_member(make({stray: b"x", MEMBER: CONTENT}), MEMBER)


@pytest.mark.parametrize("keep", [0, 1, 20, "half", -1])
def test_a_truncated_archive(make, keep):
    path = make({MEMBER: bytes(range(256)) * 40})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 if keep == "half" else keep])
    with pytest.raises(DataError, match="damaged"):
        read_member(path, MEMBER)


def test_a_flipped_byte(make):
    path = make({MEMBER: bytes(range(256)) * 4})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF  # in the packed content, whatever the archive
    path.write_bytes(data)
    with pytest.raises(DataError):
        read_member(path, MEMBER)


def test_a_bomb(make):
    path = make({MEMBER: bytes(1 << 20)})
    assert path.stat().st_size < 5000
    with pytest.raises(DataError, match="more than the 100,000 bytes allowed"):
        read_member(path, MEMBER, limit=100_000)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_member(tmp_path / "none.whl", MEMBER)


class TestZip:
    def test_a_link(self, tmp_path):
        path = tmp_path / "some.whl"
        info = zipfile.ZipInfo(MEMBER)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(info, "/etc/passwd")
        with pytest.raises(DataError, match="a link or a folder"):
            read_member(path, MEMBER)

    def test_a_folder(self, wheel):
        with pytest.raises(DataError, match="a link or a folder"):
            read_member(wheel({"some/": b""}), "some/")

    @pytest.mark.parametrize(
        ("size", "said"), [(0xFFFFFFFE, "more than"), (10, "damaged"), (401, "damaged")]
    )
    def test_a_declared_size_that_lies(self, wheel, size, said):
        path = wheel({MEMBER: CONTENT})
        data = bytearray(path.read_bytes())
        entry = data.index(b"PK\x01\x02")  # the central directory is what zipfile goes by
        data[entry + 24 : entry + 28] = struct.pack("<I", size)
        path.write_bytes(data)
        with pytest.raises(DataError, match=said):
            read_member(path, MEMBER)

    def test_an_encrypted_member(self, wheel):
        path = wheel({MEMBER: CONTENT})
        data = bytearray(path.read_bytes())
        for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(signature) + flags] |= 1
        path.write_bytes(data)
        with pytest.raises(DataError, match="encrypted"):
            read_member(path, MEMBER)

    def test_two_members_of_one_name(self, tmp_path):
        path = tmp_path / "some.whl"
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr(MEMBER, b"first")
            archive.writestr(MEMBER, b"second")
        with pytest.raises(DataError, match="exactly once"):
            read_member(path, MEMBER)


class TestTar:
    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
    def test_what_is_not_a_file(self, tgz, kind):
        info = tarfile.TarInfo(MEMBER)
        info.type, info.linkname = kind, "/etc/passwd"
        with pytest.raises(DataError, match="a link or a folder"):
            read_member(tgz({}, info), MEMBER)

    def test_a_bomb_before_the_member(self, tgz):
        with pytest.raises(DataError, match="more than"):
            read_member(tgz({"bomb": bytes(1 << 20), MEMBER: CONTENT}), MEMBER, limit=100_000)

    def test_a_bomb_in_a_header(self, tmp_path):
        header = tarfile.TarInfo("long")
        header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 20
        path = tmp_path / "some.tgz"
        path.write_bytes(gzip.compress(header.tobuf() + bytes(1 << 20)))
        with pytest.raises(DataError, match="more than"):
            read_member(path, MEMBER, limit=100_000)

    def test_a_size_that_was_never_written(self, tmp_path):
        info = tarfile.TarInfo(MEMBER)
        info.size = 1 << 40
        path = tmp_path / "some.tgz"
        path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"short"))
        with pytest.raises(DataError):
            read_member(path, MEMBER)

    def test_a_plain_tar_is_not_what_npm_gives(self, tmp_path):
        path = tmp_path / "some.tgz"
        with tarfile.open(path, "w") as archive:
            archive.addfile(tarfile.TarInfo(MEMBER), io.BytesIO())
        with pytest.raises(DataError, match="damaged"):
            read_member(path, MEMBER)


class TestDeb:
    def damaged(self, path, data):
        path.write_bytes(data)
        with pytest.raises(DataError, match=r"damaged|does not hold"):
            read_member(path, MEMBER)

    def test_no_ar_archive(self, deb):
        path = deb({MEMBER: CONTENT})
        self.damaged(path, b"!<arkh>\n" + path.read_bytes()[8:])

    def test_without_its_files(self, deb):
        path = deb({MEMBER: CONTENT})
        self.damaged(path, path.read_bytes().replace(DEB_CONTENT.encode(), b"data.tar.zz"))

    @pytest.mark.parametrize("size", [b"999999999 ", b"-1        ", b"1e3       ", b"7         "])
    def test_a_header_that_lies(self, deb, size):
        path = deb({MEMBER: CONTENT})
        data = path.read_bytes()
        at = data.index(DEB_CONTENT.encode()) + 48
        self.damaged(path, data[:at] + size + data[at + 10 :])
