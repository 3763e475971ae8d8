"""Reads the document that an export is, with the place of whatever is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping

from packager.endpoints.declaration import Declaration
from packager.endpoints.exchange import FORMAT
from packager.endpoints.given import read_given
from packager.endpoints.manage import Wanted
from packager.errors import Diagnostics
from packager.inputs.suggestions import did_you_mean
from packager.inputs.yaml_fields import (
    expect_bool,
    expect_entry,
    expect_list,
    expect_mapping,
    expect_text,
)
from packager.inputs.yaml_tree import YamlValue

_KEYS = ("format", "plugin", "group", "endpoints")
_ENTRY_KEYS = ("name", "hook_id", "enabled", "root", "space", "settings")
_ENTRY = "an endpoint: a mapping with name and settings"


def read_import(top: YamlValue, declaration: Declaration, diagnostics: Diagnostics) -> list[Wanted]:
    """Return the endpoints that a document lists, each checked against the group's declaration."""
    if expect_mapping(top, diagnostics, "a mapping with endpoints, as an export has it") is None:
        return []
    _check_keys(top, _KEYS, diagnostics)
    expected: Mapping[str, object] = {
        "format": FORMAT,
        "plugin": declaration.plugin,
        "group": declaration.group,
    }
    for name, value in expected.items():
        node = top.entries.get(name)
        if node is not None and node.text != str(value):
            diagnostics.error(
                "invalid-value",
                f"these are not endpoints of the {name} {value}"
                if name != "format"
                else f"expected {FORMAT}: the format that this packager knows",
                node.place,
                key=name,
            )
    listed = expect_entry(top, "endpoints", diagnostics, "a list of endpoints")
    items = expect_list(listed, diagnostics, "a list of endpoints") if listed else None
    wanted = [_entry(item, declaration, diagnostics) for item in items or ()]
    found = [each for each in wanted if each is not None]
    _check_twins(found, diagnostics)
    return found


def _entry(item: YamlValue, declaration: Declaration, diagnostics: Diagnostics) -> Wanted | None:
    if expect_mapping(item, diagnostics, _ENTRY) is None:
        return None
    _check_keys(item, _ENTRY_KEYS, diagnostics)
    name = expect_entry(item, "name", diagnostics, "the endpoint's name")
    if name is None or expect_text(name, diagnostics, "the endpoint's name") is None:
        return None
    settings = item.entries.get("settings")
    switches = {
        key: expect_bool(node, diagnostics)
        for key in ("enabled", "root")
        if (node := item.entries.get(key)) is not None and node.kind != "nothing"
    }
    texts = {
        key: expect_text(node, diagnostics)
        for key in ("hook_id", "space")
        if (node := item.entries.get(key)) is not None and node.kind != "nothing"
    }
    empty = settings is None or settings.kind == "nothing"
    return Wanted(
        name=name.text,
        given={} if empty or not settings else read_given(settings, declaration, diagnostics),
        enabled=switches.get("enabled"),
        root=switches.get("root"),
        hook_id=texts.get("hook_id"),
        space=texts.get("space"),
        place=item.place,
        name_place=name.place,
    )


def _check_keys(node: YamlValue, known: tuple[str, ...], diagnostics: Diagnostics) -> None:
    for name, entry in node.entries.items():
        if name not in known:
            diagnostics.error(
                "unknown-key",
                "there is no such key",
                entry.key_place or entry.place,
                key=entry.key,
                hint=did_you_mean(name, known) or f"there are {', '.join(known)}",
            )


def _check_twins(wanted: list[Wanted], diagnostics: Diagnostics) -> None:
    by_name: dict[str, Wanted] = {}
    for each in wanted:
        first = by_name.setdefault(each.name or "", each)
        if first is not each:
            diagnostics.error(
                "duplicate",
                f"the endpoint {each.name} is there twice; first at {first.place}",
                each.name_place,
                key="name",
            )
