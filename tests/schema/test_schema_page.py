"""The page about the file: its example is a schema, and its table names what there is."""

import re
from pathlib import Path

from pushforward.schema.kinds import COMMON, MEANING
from pushforward.schema.store import parse, to_json

PAGE = (Path(__file__).parents[2] / "docs" / "schema.md").read_text("utf-8")


def test_the_example_is_a_schema():
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    schema = parse(found[1], "the page")
    assert len(schema.modelled) == 6
    assert parse(to_json(schema), "again") == schema


def test_the_table_is_complete():
    rows = re.findall(r"^\| `(\w+)` \| .* \|(.*)\|$", PAGE, re.MULTILINE)
    keys = {kind: set(re.findall(r"`(\w+)`", cell)) for kind, cell in rows}
    assert set(keys) == set(MEANING)
    for kind, named in keys.items():
        assert named <= MEANING[kind] | COMMON, kind
