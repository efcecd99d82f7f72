"""Older layouts of a config come to the present one, step by step."""

import json

import pytest

from pushforward.errors import ModelError
from pushforward.storage import config
from pushforward.storage.migrations import FORMAT, STEPS, migrated


def renamed(record):
    return {"name" if key == "title" else key: value for key, value in record.items()}


def nested(record):
    return {"format": record["format"], "flow": {"name": record["name"]}}


def test_every_step_from_where_a_record_is():
    steps = [renamed, nested]
    new = {"format": 3, "flow": {"name": "maf"}}
    assert migrated({"format": 1, "title": "maf"}, steps) == new
    assert migrated({"title": "maf"}, steps) == new  # the first format where none is told
    assert migrated({"format": 2, "name": "maf"}, steps) == new
    assert migrated(new, steps) is new


def test_a_step_leaves_what_it_was_given():
    old = {"format": 1, "title": "maf"}
    migrated(old, [renamed])
    assert old == {"format": 1, "title": "maf"}


@pytest.mark.parametrize("number", [0, -1, 4, "1", None, 1.5])
def test_a_format_that_there_is_not_is_left_to_validation(number):
    record = {"format": number, "title": "maf"}
    assert migrated(record, [renamed, nested]) is record


def test_the_format_written_is_the_last():
    assert len(STEPS) + 1 == FORMAT


def test_fields_that_came_later_within_a_format_have_defaults():
    """The layout of the first models: no images, no typed tables, no context."""
    flow = {"recipe": "maf", "arguments": {"features": 1}}
    text = json.dumps({"format": 1, "versions": {}, "flow": flow, "table": {"columns": []}})
    read = config.parse(text, "config.json")
    assert read.images is None
    assert read.table is not None
    assert read.table.typed is None
    assert read.table.context == []


def test_a_config_of_an_older_format_is_read(monkeypatch):
    def old(record):
        return {k: v for k, v in record.items() if k != "old"} | {"versions": {}}

    monkeypatch.setattr(config, "FORMAT", 2)
    monkeypatch.setattr(config, "migrated", lambda record: migrated(record, [old]))
    flow = {"recipe": "maf", "arguments": {"features": 1}}
    assert config.parse(json.dumps({"format": 1, "old": 1, "flow": flow}), "c").format == 2
    with pytest.raises(ModelError, match="has format 3"):
        config.parse(json.dumps({"format": 3}), "c")
