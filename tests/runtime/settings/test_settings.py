"""Settings from defaults, literals and the environment, and the daemon's checks."""

from __future__ import annotations

from typing import Any

import pytest

from endpoint_runtime.settings.group import (
    SettingsError,
    fresh_copy,
    hidden_values,
    is_flat,
    read_settings,
)


def setting(kind: str = "text-input", **more: Any) -> dict[str, Any]:
    return {"name": "s", "type": kind, "required": False, **more}


def from_env(config: dict[str, Any], text: str) -> dict[str, Any]:
    return read_settings([config], {"s": ("env", "S")}, {"S": text})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text-input", " x ", " x "),
        ("text-input", "", ""),
        ("secret-input", "123", "123"),
        ("boolean", "true", True),
        ("boolean", " YES ", True),
        ("boolean", "1", True),
        ("boolean", "on", True),
        ("boolean", "False", False),
        ("boolean", "no", False),
        ("boolean", "0", False),
        ("boolean", "off", False),
        ("number", "7", 7),
        ("number", "-7.5", -7.5),
        ("app-selector", '{"app_id": "a", "inputs": {}}', {"app_id": "a", "inputs": {}}),
        (
            "model-selector",
            '{"provider": "p", "model": "m", "model_type": "llm"}',
            {"provider": "p", "model": "m", "model_type": "llm"},
        ),
        ("array[tools]", '[{"a": 1}]', [{"a": 1}]),
        ("of-a-later-dify", "x", "x"),
    ],
)
def test_environment_values_by_type(kind: str, text: str, value: Any) -> None:
    assert from_env(setting(kind), text) == {"s": value}


@pytest.mark.parametrize(
    ("config", "text", "message"),
    [
        (
            setting("boolean"),
            "hush",
            "is not a boolean: true, false, 1, 0, yes, no, on or off",
        ),
        (setting("number"), "hush", "is not a number"),
        (setting("number"), "nan", "must be a finite number"),
        (setting("number"), "inf", "must be a finite number"),
        (setting("app-selector"), "hush", "is not valid JSON"),
        (setting("app-selector"), "[" * 65536, "is not valid JSON"),  # a secret may have as much
        (setting("app-selector"), "[]", "must be a mapping"),
        (setting("app-selector"), "{}", "must have the key app_id"),
        (
            setting("model-selector"),
            '{"provider": 1, "model": 2}',
            "must have the key model_type",
        ),
        (
            setting("model-selector", scope="tts"),
            '{"provider": 1, "model": 2, "model_type": "tts"}',
            "must have the key voice",
        ),
        (setting("array[tools]"), "{}", "must be a list"),
        (setting("select", options=("a", "b")), "hush", "must be one of its options: a, b"),
    ],
)
def test_wrong_environment_values(config: dict[str, Any], text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_env(config, text)

    assert str(caught.value) == f"setting s (environment variable S) {message}"


@pytest.mark.parametrize(
    ("config", "value", "message"),
    [
        (setting("text-input"), 5, "must be a string"),
        (setting("select", options=("a",)), 5, "must be a string"),
        (setting("boolean"), "true", "must be a boolean"),
        (setting("number"), True, "must be a finite number"),
        (setting("number"), "5", "must be a finite number"),
        (setting("app-selector"), "a", "must be a mapping"),
    ],
)
def test_wrong_literals(config: dict[str, Any], value: Any, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings([config], {"s": ("literal", value)}, {})

    assert str(caught.value) == f"setting s {message}"


@pytest.mark.parametrize(
    ("config", "value"),
    [
        (setting("select", options=("a", "b"), multiple=True), ["a", "b"]),
        (setting("select", options=("a", "b")), "b"),
        (setting("number"), 1.5),
        (setting("text-input"), ""),
    ],
)
def test_right_literals(config: dict[str, Any], value: Any) -> None:
    assert read_settings([config], {"s": ("literal", value)}, {}) == {"s": value}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (setting(), {}),
        (setting(default=None), {}),
        (setting(default=" "), {"s": " "}),
        (setting(default="x", required=True), {"s": "x"}),
        (setting("boolean", default=False), {"s": False}),
    ],
)
@pytest.mark.parametrize("sources", [{}, {"s": ("env", "UNSET")}])
def test_nobody_set_it(
    config: dict[str, Any], expected: dict[str, Any], sources: dict[str, Any]
) -> None:
    assert read_settings([config], sources, {}) == expected


def test_an_empty_variable_is_no_value_for_what_is_no_text() -> None:
    assert from_env(setting("boolean"), "") == {}
    assert from_env(setting("select", options=("a",), default="a"), "") == {"s": "a"}


def test_all_faults_at_once_and_no_values() -> None:
    declaration = [
        setting("secret-input", required=True),
        {"name": "t", "type": "number", "required": True},
        {"name": "u", "type": "text-input", "required": True},
    ]

    with pytest.raises(SettingsError) as caught:
        read_settings(declaration, {"t": ("env", "T"), "u": ("env", "U")}, {"T": "hush"})

    assert str(caught.value) == (
        "setting s is required and not set; setting t (environment variable T) is not a number; "
        "setting u (environment variable U) is required and not set"
    )


def test_settings_that_no_config_names_pass_through() -> None:
    sources = {"x": ("literal", 1), "y": ("env", "Y"), "z": ("env", "Z")}

    assert read_settings([], sources, {"Y": "2"}) == {"x": 1, "y": "2"}


def test_a_copy_is_deep() -> None:
    original = {"a": [{"b": (1, 2)}], "c": "d"}

    copy = fresh_copy(original)

    assert copy == {"a": [{"b": [1, 2]}], "c": "d"}
    assert copy["a"] is not original["a"] and copy["a"][0] is not original["a"][0]


def test_hidden_values() -> None:
    declaration = [
        {"name": "secret", "type": "secret-input"},
        {"name": "mode", "type": "select"},
        {"name": "on", "type": "boolean"},
    ]
    settings = {
        "secret": "hush",
        "mode": "fast",
        "on": True,
        "undeclared": {"a": ["deep", 1], "b": "open"},
    }

    assert sorted(hidden_values(declaration, settings)) == ["deep", "hush", "open"]


@pytest.mark.parametrize(
    ("value", "flat"), [("x", True), (None, True), (1, True), ([], False), ({}, False)]
)
def test_flat_settings(value: object, flat: bool) -> None:
    assert is_flat({"a": "b", "c": value}) is flat
