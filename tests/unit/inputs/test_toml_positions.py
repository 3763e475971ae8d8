"""Positions of TOML keys."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from packager.inputs.toml_positions import nearest_position, toml_positions

TEXT = """\
# a comment with [brackets] and = signs
title = "a # b"  # trailing
[tool.packager]
memory = 512
timeout=29
"quoted key".inner = 'x'
date = 1979-05-27 07:32:00
text = \"\"\"
[not.a.table]
key = 1\"\"\"
globs = [ # why
    "a", "b]",
  ["c"],
]
[tool.packager.settings]
model = { provider = "p", nested = {deep = 1} }
[[many]]
a = 1
[[many]]
a = 2
[many.below]
b = 3
"""


def test_every_kind_of_key_has_its_position() -> None:
    assert toml_positions(TEXT) == {
        ("title",): (2, 1),
        ("tool",): (3, 2),
        ("tool", "packager"): (3, 7),
        ("tool", "packager", "memory"): (4, 1),
        ("tool", "packager", "timeout"): (5, 1),
        ("tool", "packager", "quoted key"): (6, 1),
        ("tool", "packager", "quoted key", "inner"): (6, 14),
        ("tool", "packager", "date"): (7, 1),
        ("tool", "packager", "text"): (8, 1),
        ("tool", "packager", "globs"): (11, 1),
        ("tool", "packager", "globs", 0): (12, 5),
        ("tool", "packager", "globs", 1): (12, 10),
        ("tool", "packager", "globs", 2): (13, 3),
        ("tool", "packager", "globs", 2, 0): (13, 4),
        ("tool", "packager", "settings"): (15, 16),
        ("tool", "packager", "settings", "model"): (16, 1),
        ("tool", "packager", "settings", "model", "provider"): (16, 11),
        ("tool", "packager", "settings", "model", "nested"): (16, 27),
        ("tool", "packager", "settings", "model", "nested", "deep"): (16, 37),
        ("many",): (17, 3),
        ("many", 0): (17, 3),
        ("many", 0, "a"): (18, 1),
        ("many", 1): (19, 3),
        ("many", 1, "a"): (20, 1),
        ("many", 1, "below"): (21, 7),
        ("many", 1, "below", "b"): (22, 1),
    }


def test_a_key_without_a_position_stands_where_its_table_does() -> None:
    positions = toml_positions("[a.b]\nc = 1\n")
    assert nearest_position(positions, ("a", "b", "x", "y")) == (1, 4)
    assert nearest_position(positions, ("z",)) is None


keys = st.from_regex(r"[a-zA-Z0-9_-]{1,6}", fullmatch=True) | st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=4
).map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
values = st.recursive(
    st.integers(-9, 9).map(str)
    | st.sampled_from(["true", "1979-05-27", '"x]}#,="', "'''\n'a''\n'''", '"""\\"""" """', "nan"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[ " + ", ".join(items) + " ]")
        | st.dictionaries(keys, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(keys, st.dictionaries(keys, values, max_size=3), max_size=4))
def test_every_key_tomllib_reads_is_found(tables: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
        for name, table in tables.items()
    )
    try:
        loaded = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # one key, bare and quoted
        return
    assert set(toml_positions(text)) == set(_paths(loaded, ()))


def _paths(value: object, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [found for key, each in inner for found in [(*path, key), *_paths(each, (*path, key))]]
