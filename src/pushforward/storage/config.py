"""`config.json`: what a model is, in words and numbers, with a version of its own schema."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from pushforward.errors import ModelError
from pushforward.storage.images import ImageRecord
from pushforward.storage.migrations import FORMAT, migrated


class FlowRecord(BaseModel):
    """The recipe and its arguments, from which the flow is rebuilt without code from the file."""

    model_config = ConfigDict(extra="forbid")
    recipe: str
    arguments: dict[str, Any]


class ColumnRecord(BaseModel):
    """One column of a table, and the number subtracted from it before float32 sees it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: str
    offset: float = 0.0


class TableRecord(BaseModel):
    """The columns that the flow models, and those that it is conditioned on."""

    model_config = ConfigDict(extra="forbid")
    columns: list[ColumnRecord]
    context: list[ColumnRecord] = Field(default_factory=list)
    typed: dict[str, Any] | None = None  # the table's schema, where its cells are not all numbers

    @model_validator(mode="after")
    def _refuse_one_name_twice(self) -> TableRecord:
        names = [column.name for column in (*self.columns, *self.context)]
        for name, count in Counter(names).items():
            if count > 1:
                raise ValueError(f"two of its columns are called {name!r}")
        return self


class Config(BaseModel):
    """The content of `config.json`.

    Attributes:
        format: the version of this layout.
        versions: of pushforward and torch, when the model was written.
        flow: how to rebuild it.
        dtype: of its tensors.
        table: its columns; None for a flow of images, or saved from the library.
        images: what they are; None for all other flows.
        training: settings, rows, seed and the fingerprint of the data, never the data.
        figures: held-out results.
    """

    # Figures may be infinite: JSON then says Infinity, as Python's own writer does.
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")
    format: Annotated[int, Field(ge=1)] = FORMAT
    versions: dict[str, str]
    flow: FlowRecord
    dtype: Literal["float32", "float64"] = "float32"
    table: TableRecord | None = None
    images: ImageRecord | None = None
    training: dict[str, Any] = Field(default_factory=dict)
    figures: dict[str, Any] = Field(default_factory=dict)


def parse(text: str | bytes, source: str) -> Config:
    """The config in `text`.

    Raises:
        ModelError: not such a config, or of a newer schema.

    Example:
        >>> record = '{"versions": {}, "flow": {"recipe": "maf", "arguments": {"features": 2}}}'
        >>> parse(record, "config.json").flow.recipe
        'maf'
    """
    record = _record(text)
    number = record.get("format")
    if isinstance(number, int) and number > FORMAT:  # and may then be laid out in any way
        raise ModelError(
            f"{source} has format {number}, but this version of pushforward reads up to {FORMAT}; "
            "upgrade pushforward."
        )
    try:
        if (new := migrated(record)) is not record:
            return Config.model_validate(new)
        return Config.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise ModelError(f"{source} is not a model's config: {where}: {first['msg']}.") from None


def _record(text: str | bytes) -> dict[str, Any]:
    """The object in `text`; an empty one where there is none, which validation then says."""
    try:
        record = from_json(text)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
