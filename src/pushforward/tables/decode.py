"""From a file's bytes, in whatever encoding, to text.

The first bytes settle UTF-16, UTF-32 and UTF-8 with a byte-order mark. Everything else is taken for
UTF-8 until a byte contradicts it. Where all before that byte was plain ASCII, nothing has been
misread yet, and the file is taken for Windows-1252 (Latin-1 with more letters), however late the
byte comes. Otherwise the file is damaged or mixed, and is refused with its line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from pushforward.tables.words import refusal

BLOCK = 1 << 20  # bytes read at a time
_TELLING = 64  # bytes that tell the encoding

_MARKS = (  # UTF-32 first: its little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


def text_blocks(path: Path) -> Iterator[str]:
    """Yield the file's text, some of it at a time.

    Raises:
        DataError: the file cannot be read, is not text, or mixes encodings; the line is named.
    """
    try:
        with open(path, "rb") as file:
            chunk = file.read(max(BLOCK, _TELLING))
            decoder = Decoder(str(path), chunk)
            while chunk:
                yield decoder.decode(chunk)
                chunk = file.read(BLOCK)
            yield decoder.decode(b"", final=True)
    except OSError as error:
        raise refusal(str(path), f"it cannot be read ({error.strerror or error}).") from error


class Decoder:
    r"""Bytes to text, block by block, with the line of whatever cannot be text.

    Example:
        >>> decoder = Decoder("a.csv", b"plain")
        >>> decoder.decode(b"plain"), decoder.decode(b"caf\xe9!"), decoder.encoding
        ('plain', 'café!', 'cp1252')
    """

    def __init__(self, source: str, head: bytes) -> None:
        self._source = source
        self._use(_encoding(head))
        self._line = 1
        self._ascii = True

    def _use(self, encoding: str) -> None:
        self.encoding = encoding
        self._codec = codecs.getincrementaldecoder(encoding)()

    def decode(self, chunk: bytes, final: bool = False) -> str:
        """The text of `chunk`; a character cut in two by the block's end comes with the next."""
        text = self._decode(chunk, final)
        before, nul, _ = text.partition("\0")
        if nul:
            line = self._line + before.count("\n")
            raise refusal(
                self._source,
                f"line {line} holds a NUL byte, so that it is no plain text; save it as CSV again.",
            )
        self._line += text.count("\n")
        self._ascii = self._ascii and text.isascii()
        return text

    def _decode(self, chunk: bytes, final: bool) -> str:
        try:
            return self._codec.decode(chunk, final)
        except UnicodeDecodeError as error:
            seen = error.object[: error.start]
            if self.encoding == "utf-8" and self._ascii and seen.isascii():
                self._use("cp1252")
                return self._decode(error.object, final)
            line = self._line + seen.count(b"\n")
            what = "UTF-8 or Windows-1252" if self.encoding == "cp1252" else self.encoding.upper()
            raise refusal(
                self._source, f"line {line} is not valid {what} text; save the file as UTF-8."
            ) from error


def _encoding(head: bytes) -> str:
    """The encoding that a file's first bytes show; `utf-8` is a guess, to be given up if wrong."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = set(head[0:_TELLING:2]), set(head[1:_TELLING:2])
    if odd == {0} and 0 not in even:  # every other byte is 0: UTF-16 that came without its mark
        return "utf-16-le"
    if even == {0} and 0 not in odd:
        return "utf-16-be"
    return "utf-8"


def without_last_lines(blocks: Iterable[str]) -> Iterator[str]:
    r"""The same text without the empty lines at its end.

    Example:
        >>> "".join(without_last_lines(["\na\n", "\n", "b\n", "\n"]))
        '\na\n\nb'
    """
    held = ""
    for text in blocks:
        text = held + text
        body = text.rstrip("\r\n")
        held = text[len(body) :]
        if body:
            yield body
