"""Each key is described once: its reader, its default, the docs' row and the schema agree."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.config.calls.models import MODELS
from packager.config.deferred_keys import TRIGGER, WORKER
from packager.config.dify import DIFY
from packager.config.json_schema import configuration_schema
from packager.config.key_types import Key
from packager.config.keys import GROUPS, KEYS, TABLES, default_of
from packager.config.refused import InvalidValue
from packager.config.sources import SOURCE_SCHEMA
from packager.config.tables import read_table
from packager.model.options import Options

PAGE = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"
TABLE = re.compile(r"^\| key \| default \| takes \|\n(?:\|.*\n)+", re.MULTILINE)
SCHEMA = jsonschema.Draft202012Validator(configuration_schema())
# Of these a schema can't know all: the syntax of globs, tables that hold dates or nan.
READ_STRICTER = {
    "include",
    "exclude",
    "keep",
    "template",
    "api_template",
    "events",
    "warmup",
}
READ_ELSEWHERE = {"events", "deferred", "trigger", "worker"}

TEXTS = st.sampled_from(
    [
        *("", " ", "a", "a b", "/v1", "/v1/", "json", "a.b", "image/*", "*", "1", "é"),
        *("python3.12", "arm64", "http", "rest", "url", "fast", "stock", "native", "s3", "real"),
        *("alias/neko", "neko-bucket", "a" * 64, "dify", "all", "memory", "light", "opaque"),
    ]
)
SCALARS = st.one_of(
    st.booleans(), st.integers(-1, 1 << 51), st.sampled_from([0, 1, 30, 128, 900, 86400]), TEXTS
)
SOURCES = st.dictionaries(
    st.sampled_from(["ssm", "secret", "env", "key"]),
    st.sampled_from(["/neko", "neko", "NEKO", "", "a b", 1]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), SOURCES)


def docs_table() -> str:
    rows = ["| key | default | takes |", "|---|---|---|"]
    for key in (*KEYS.values(), *TABLES.values(), GROUPS):
        name = f"{key.name}.{key.below}" if key.below else key.name
        default = f"`{toml(default_of(key))}`" if key.unset is None else key.unset
        rows.append(f"| `{name}` | {default} | {key.says} |")
    return "\n".join(rows) + "\n"


def toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return "{}"
        case _:
            return str(value)


def reads(key: Key, value: object) -> bool:
    try:
        key.read(value)
    except InvalidValue:
        return False
    return True


def fits(configuration: object) -> bool:
    return SCHEMA.is_valid(configuration)


def test_the_docs_table_is_up_to_date(refresh: bool) -> None:
    """`pytest tests/unit/config/test_keys.py --refresh` writes it again."""
    page = PAGE.read_text("utf-8")
    if refresh:
        page = TABLE.sub(lambda _: docs_table(), page, count=1)
        PAGE.write_text(page, "utf-8")
    [found] = TABLE.findall(page)[:1]
    assert found == docs_table()


def test_every_option_has_its_key() -> None:
    apart = {"places": None, "keys": None, "dify_base_url": "dify", "dify_inner": "dify"}
    options = {apart.get(each.name, each.name) for each in fields(Options)} - {None}
    assert options == {*KEYS, *TABLES}


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_the_docs_say_what_a_key_takes(key: Key) -> None:
    default = default_of(key)
    assert key.says
    assert key.unset is not None or default is not None
    for value in key.schema.get("enum", ()):
        if key.name != "runtime":  # "python3.11" to "python3.15"
            assert toml(value) in f"{key.says} {toml(default)} {key.unset}"
    limit = key.schema.get("maximum")
    if limit is not None and limit < 100_000:  # more is no limit of ours
        assert str(limit) in key.says


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_a_default_is_a_value_that_the_schema_takes(key: Key) -> None:
    default = default_of(key)
    if key.unset is None:
        value = [*default] if isinstance(default, tuple) else default
        assert reads(key, value)
        assert fits({key.name: value})


@given(name=st.sampled_from(sorted(KEYS.keys() - READ_ELSEWHERE)), value=VALUES)
def test_schema_and_reader_agree(name: str, value: Any) -> None:
    assert fits({name: value}) >= reads(KEYS[name], value)
    if name not in READ_STRICTER:
        assert fits({name: value}) == reads(KEYS[name], value)
    assert fits({"groups": {"any": {name: value}}}) == fits({name: value})


URLS = st.sampled_from(
    ["https://d", "http://d:80/v1/", "https://d:x", "ftp://d", "https://d/?a", "https://u:p@d", "d"]
)


@given(
    st.sampled_from([("dify", DIFY), ("models", MODELS), ("trigger", TRIGGER), ("worker", WORKER)]),
    st.data(),
    st.one_of(VALUES, URLS, st.sampled_from(["openai", "eu-central-1", "t-1"]), SOURCES),
)
def test_schema_and_reader_of_tables_agree(
    table: tuple[str, tuple[Key, ...]], data: st.DataObject, value: Any
) -> None:
    name, keys = table
    key = data.draw(st.sampled_from(keys))
    said: list[object] = []
    read_table(keys, {key.name: value}, (name,), lambda *fault: said.append(fault))
    # That a name is reserved, or one of this many levels, a source's schema does not know.
    assert fits({name: {key.name: value}}) == (not said) or key.schema is SOURCE_SCHEMA


@pytest.mark.parametrize(
    ("configuration", "fitting"),
    [
        ({}, True),
        ({"memroy": 1}, False),
        ({"groups": {"a": {"memory": 256}}}, True),
        ({"groups": {"a": {"groups": {}}}}, False),
        ({"settings": {"a": "text", "b": {"ssm": "/neko"}, "c": {"app_id": "x"}}}, True),
        ({"settings": {"b": {"ssm": "/neko", "env": "NEKO"}}}, False),
        ({"apps": {"*": {"secret": "neko", "key": "k"}}}, True),
        ({"apps": {"*": "app-key"}}, False),
        ({"dify": {"base_url": "https://dify.example.com/v1"}}, True),
        ({"dify": {"url": "https://dify.example.com/v1"}}, False),
        ({"events": [{"source": "schedule", "path": "/a", "expression": "rate(1 hour)"}]}, True),
        ({"tools": {"a/b": {"lambda": "f"}, "a/*": {"mcp": "https://x", "tool": "t"}}}, True),
        ({"tools": {"a/b": {"mcp": "https://x", "lambda": "f"}}}, False),
        ({"tools": {"a/b": {"lambda": "f", "header": "X-Key"}}}, False),
        ({"tools": {"a/b": {"plugin": ".", "credentials": {"a": "text"}}}}, False),
        ({"tools": {"a": {"lambda": "f"}}}, False),
        ({"events": [{"source": "schedule", "path": "/a"}]}, False),
        ({"events": [{"source": "sqs", "path": "/a", "batch_size": 5, "topic": "x"}]}, False),
    ],
)
def test_the_schema(configuration: object, fitting: bool) -> None:
    assert fits(configuration) is fitting


def test_the_schema_is_sound_and_says_what_keys_are_for() -> None:
    schema = configuration_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$defs"]["group"]["properties"]["memory"] == {
        "type": "integer",
        "minimum": 128,
        "maximum": 10240,
        "description": "MiB, 128 to 10240. CPU comes with it. "
        "Where nothing is said here, the manifest's `resource.memory` if that is more",
        "default": 512,
    }
