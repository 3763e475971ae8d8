"""The tool and the runtime agree on what text means for a setting, and on what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint_runtime.settings.group import SettingsError, read_settings
from packager.bundle.literals import _setting
from packager.errors import Diagnostics, Place
from packager.inputs.yaml_tree import parse_yaml
from packager.model.plugin import Setting
from packager.settings.values import (
    WrongValue,
    text_of_value,
    value_of_json,
    value_of_text,
    value_of_yaml,
)

OPTIONS = ("a", "b c", "true", "")
SETTINGS = [
    Setting("s", kind, False, Place("x"), options=options, multiple=multiple, scope=scope)
    for kind, options, multiple, scope in [
        ("text-input", (), False, None),
        ("secret-input", (), False, None),
        ("select", OPTIONS, False, None),
        ("select", OPTIONS, True, None),
        ("boolean", (), False, None),
        ("number", (), False, None),
        ("app-selector", (), False, None),
        ("model-selector", (), False, None),
        ("model-selector", (), False, "tts"),
        ("array[tools]", (), False, None),
        ("tool-selector", (), False, None),
        ("any", (), False, None),
    ]
]
MODEL = {"provider": "p", "model": "m", "model_type": "tts"}
TEXTS = [
    *("", " ", "a", "b c", "a,b c", '["a"]', '["x"]', "[", "true", " YES ", "0", "off", "maybe"),
    *("7", "-7.5", "nan", "1e999", "null", "{}", '{"app_id": "x"}', '{"app_id": ""}', "[1]"),
    *(json.dumps(MODEL), json.dumps(MODEL | {"voice": "v"}), '"text"', "méow", "[[[["),
]


def by_runtime(setting: Setting, source: Any, environment: dict[str, str]) -> Any:
    try:
        settings = read_settings([_setting(setting)], {"s": source}, environment)
    except SettingsError:
        return "refused"
    return ("value", settings["s"]) if "s" in settings else "no value"


def by_tool(setting: Setting, text: str) -> Any:
    try:
        value = value_of_text(setting, text)
    except WrongValue:
        return "refused"
    return "no value" if value is None else ("value", value)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: f"{each.type}-{each.multiple}")
@pytest.mark.parametrize("text", TEXTS)
def test_text(setting: Setting, text: str) -> None:
    expected = by_runtime(setting, ("env", "S"), {"S": text})
    # Dify's own daemon takes an app without an id; whoever writes one here is told.
    if setting.type == "app-selector" and text == '{"app_id": ""}':
        assert (expected, by_tool(setting, text)) == (("value", {"app_id": ""}), "refused")
    else:
        assert by_tool(setting, text) == expected


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: f"{each.type}-{each.multiple}")
def test_what_is_refused_is_not_quoted(setting: Setting) -> None:
    for text in ("s3cr3t", '{"a": "s3cr3t"}', '["s3cr3t"]', "{s3cr3t"):
        try:
            value_of_text(setting, text)
        except WrongValue as wrong:
            assert "s3cr3t" not in str(wrong)


@given(text=st.text(max_size=20))
def test_any_text(text: str) -> None:
    for setting in SETTINGS:
        assert by_tool(setting, text) == by_runtime(setting, ("env", "S"), {"S": text})


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: f"{each.type}-{each.multiple}")
@pytest.mark.parametrize("text", TEXTS)
def test_what_is_written_is_read_again(setting: Setting, text: str) -> None:
    try:
        value = value_of_text(setting, text)
    except WrongValue:
        return
    if value is not None:
        assert value_of_text(setting, text_of_value(setting, value)) == value
        assert value_of_json(setting, json.loads(json.dumps(value))) == value


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("secret-input", "0123", "0123"),
        ("secret-input", "yes", "yes"),
        ("secret-input", "2024-01-01", "2024-01-01"),
        ("secret-input", "''", ""),
        ("select", "true", "true"),
        ("boolean", "on", True),
        ("boolean", "'off'", False),
        ("number", "7", 7),
        ("number", "'7.5'", 7.5),
        ("app-selector", "{app_id: x}", {"app_id": "x"}),
        ("app-selector", '\'{"app_id": "x"}\'', {"app_id": "x"}),
        ("array[tools]", "[{a: 1}]", [{"a": 1}]),
    ],
)
def test_yaml(kind: str, written: str, value: Any) -> None:
    setting = Setting("s", kind, False, Place("x"), options=("true",))
    node = parse_yaml(written, "x", Diagnostics())
    assert node is not None
    assert value_of_yaml(setting, node) == value


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("secret-input", "~"),
        ("secret-input", "[x]"),
        ("secret-input", "{x: y}"),
        ("boolean", "2"),
        ("boolean", "''"),
        ("number", "yes"),
        ("app-selector", "x"),
        ("app-selector", "{app: x}"),
    ],
)
def test_wrong_yaml(kind: str, written: str) -> None:
    node = parse_yaml(written, "x", Diagnostics())
    assert node is not None
    with pytest.raises(WrongValue, match=r"^expected "):
        value_of_yaml(Setting("s", kind, False, Place("x")), node)
