"""A schema on disk: JSON that a person can read and edit, one line for each column."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pushforward.errors import ConfigurationError, DataError
from pushforward.files import write_text
from pushforward.limits import DOCUMENT, read_bytes
from pushforward.schema.column import Column
from pushforward.schema.schema import VERSION, Schema
from pushforward.text import excerpt, guess, listed, visible


def save(schema: Schema, path: str | Path, force: bool = True) -> None:
    """Write a schema as JSON.

    Raises:
        DataError: the file cannot be written, or exists and `force` is False.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "schema.json"
        >>> save(Schema(columns=[Column(name="x", kind="real")]), path)
        >>> load(path).columns[0].name
        'x'
    """
    write_text(path, to_json(schema), force)


def to_json(schema: Schema) -> str:
    """The text of a schema's file.

    Example:
        >>> print(to_json(Schema(columns=[Column(name="x", kind="real")], na=["NA"])))
        {
          "version": 1,
          "na": ["NA"],
          "columns": [
            {"name": "x", "kind": "real", "dtype": "float64", "missing": false}
          ]
        }
        <BLANKLINE>
    """
    lines = ",\n".join("    " + _dump(_record(column)) for column in schema.columns)
    head = f'{{\n  "version": {schema.version},\n  "na": {_dump(schema.na)},\n  "columns": [\n'
    return f"{head}{lines}\n  ]\n}}\n"


def _record(column: Column) -> dict[str, Any]:
    told = column.model_dump(exclude_none=True)
    if not column.fine:
        told.pop("fine")
    return told


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def load(path: str | Path) -> Schema:
    """Read a schema's file.

    Raises:
        DataError: there is no such file, it is no JSON in UTF-8, or larger than 16 MiB.
        ConfigurationError: as `parse`.

    Example:
        >>> load("no/such.json")
        Traceback (most recent call last):
        pushforward.errors.DataError: no/such.json: there is no such file.
    """
    path = Path(path)
    try:
        text = read_bytes(path, DOCUMENT, DataError).decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{visible(path)}: there is no such file.") from None
    except OSError as error:
        raise DataError(f"{visible(path)} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{visible(path)} is no schema: it is not text in UTF-8.") from None
    return parse(text, str(path))


def parse(text: str, source: str) -> Schema:
    """The schema in a text.

    Raises:
        DataError: it is no JSON object.
        ConfigurationError: a key or a value has no meaning; names the file, column and key.

    Example:
        >>> parse('{"columns": [{"name": "x", "kind": "reel"}]}', "schema.json")
        Traceback (most recent call last):
        pushforward.errors.ConfigurationError: schema.json: column 'x': kind is 'reel' (did you \
mean 'real'?), and must be one of 'real', 'positive', 'bounded', 'integer', 'rounded', \
'periodic', 'boolean', 'category', 'ordered', 'datetime', 'time', 'identifier', 'constant', 'empty'.
    """
    source = visible(source)
    try:
        content = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{source} is no JSON: {error.msg.lower()} at line {error.lineno}, column "
            f"{error.colno}; mend it there."
        ) from None
    except RecursionError:
        raise DataError(f"{source} is no schema: it is nested too deeply.") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{source}: {error}") from None
    except ValueError:
        raise DataError(f"{source} is no schema: it has a number of thousands of digits.") from None
    if not isinstance(content, dict):
        raise DataError(f"{source} is no schema: it must be an object with a list of columns.")
    version = content.get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise ConfigurationError(
            f"{source} has version {version}, but this version of pushforward reads up to "
            f"{VERSION}; upgrade pushforward."
        )
    try:
        return Schema.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(f"{source}: {_sentence(error, content)}.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise ConfigurationError(f"the key {excerpt(name)} stands twice in one object.")
    return dict(pairs)


def _sentence(error: ValidationError, content: dict[str, Any]) -> str:
    first = error.errors()[0]
    place, kind = list(first["loc"]), first["type"]
    where, known = "", list(Schema.model_fields)
    if place[:1] == ["columns"] and len(place) > 1:
        record, known = content["columns"][place[1]], list(Column.model_fields)
        name = record.get("name") if isinstance(record, dict) else None
        where = f"column {excerpt(name) if isinstance(name, str) else int(place[1]) + 1}: "
        place = place[2:]
    key = str(place[0]) if place else ""
    if kind == "extra_forbidden":
        return f"{where}there is no key {excerpt(key)}{guess(key, known)}; keys are {listed(known)}"
    if kind == "missing":
        return f"{where}the key {excerpt(key)} is missing"
    if kind == "literal_error":
        allowed = _literals(first)
        given = str(first["input"])
        return (
            f"{where}{key} is {excerpt(given)}{guess(given, allowed)}, and must be one of "
            f"{listed(allowed)}"
        )
    said = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    if not key:
        return visible(f"{where}{said}")
    return visible(f"{where}{key} is {excerpt(first['input'])}: {said[:1].lower()}{said[1:]}")


def _literals(detail: Any) -> list[str]:
    import re

    return re.findall(r"'([^']*)'", str(detail["ctx"]["expected"])) or [str(VERSION)]
