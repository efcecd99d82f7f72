"""`config.json`: what a model is, in words and numbers, with a version of its own schema."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pushforward.errors import ModelError

SCHEMA = 1
LARGEST_SIZE = 1 << 20  # no size in a recipe's arguments is larger: a guard against altered files


class FlowRecord(BaseModel):
    """The recipe and its arguments, from which the flow is rebuilt without code from the file."""

    model_config = ConfigDict(extra="forbid")
    recipe: str
    arguments: dict[str, Any]


class ColumnRecord(BaseModel):
    """One column of a table, and the number subtracted from it before float32 sees it."""

    model_config = ConfigDict(extra="forbid")
    name: str
    offset: float = 0.0


class TableRecord(BaseModel):
    """The columns that the flow models, and those that it is conditioned on."""

    model_config = ConfigDict(extra="forbid")
    columns: list[ColumnRecord]
    context: list[ColumnRecord] = Field(default_factory=list)


class Config(BaseModel):
    """The content of `config.json`.

    Attributes:
        format: the version of this layout.
        versions: of pushforward and torch, when the model was written.
        flow: how to rebuild it.
        dtype: of its tensors.
        table: its columns; None for a flow that was saved from the library.
        training: settings, rows, seed and the fingerprint of the data, never the data.
        figures: held-out results.
    """

    model_config = ConfigDict(extra="forbid")
    format: int = SCHEMA
    versions: dict[str, str]
    flow: FlowRecord
    dtype: Literal["float32", "float64"] = "float32"
    table: TableRecord | None = None
    training: dict[str, Any] = Field(default_factory=dict)
    figures: dict[str, Any] = Field(default_factory=dict)


def parse(text: str, source: str) -> Config:
    """The config in `text`.

    Raises:
        ModelError: not such a config, of a newer schema, or with a size beyond reason.

    Example:
        >>> record = '{"versions": {}, "flow": {"recipe": "maf", "arguments": {"features": 2}}}'
        >>> parse(record, "config.json").flow.recipe
        'maf'
    """
    try:
        config = Config.model_validate_json(text)
    except ValidationError as error:
        newer = _newer(text)
        if newer is not None:
            raise ModelError(
                f"{source} has format {newer}, but this version of pushforward reads up to "
                f"{SCHEMA}; upgrade pushforward."
            ) from None
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise ModelError(f"{source} is not a model's config: {where}: {first['msg']}.") from None
    if config.format > SCHEMA:
        raise ModelError(
            f"{source} has format {config.format}, but this version of pushforward reads up to "
            f"{SCHEMA}; upgrade pushforward."
        )
    for name, value in config.flow.arguments.items():
        _refuse_huge(source, name, value)
    return config


def _newer(text: str) -> int | None:
    """The format number of a config that this schema cannot parse, where it is a newer one."""
    import json

    try:
        number = json.loads(text)["format"]
    except (ValueError, KeyError, TypeError):
        return None
    return number if isinstance(number, int) and number > SCHEMA else None


def _refuse_huge(source: str, name: str, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _refuse_huge(source, name, item)
    elif isinstance(value, int) and value > LARGEST_SIZE:
        raise ModelError(f"{source}: {name} is {value}, larger than any model ({LARGEST_SIZE}).")
