from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.bundle.literals import render, render_bundle_literals
from packager.errors import Place
from packager.model.options import EnvSource, LiteralSource, Options
from packager.model.plugin import Endpoint, EndpointGroup, Setting
from packager.plugin.functions import FunctionPlan
from tests.support.generated import examples
from tests.support.plugins import make_plugin

PLACE = Place("x")


def plan() -> FunctionPlan:
    settings = (
        Setting("api_key", "secret-input", True, PLACE),
        Setting("mode", "select", False, PLACE, None, True, ("a", "b")),
        Setting("ids", "array[tools]", False, PLACE, multiple=True),
        Setting("model", "model-selector", False, PLACE, scope="llm&vision"),
    )
    endpoints = (
        Endpoint("/duck/<app_id>", "GET", "endpoints/duck.py", False, PLACE, PLACE, PLACE),
    )
    group = EndpointGroup("neko", "group/neko.yaml", settings, endpoints, PLACE)
    options = Options(settings={"api_key": EnvSource("API_KEY"), "mode": LiteralSource("größe")})
    plugin = make_plugin(Path("p"), {"neko": options}, group)
    return FunctionPlan(plugin, group, "NekoFunction", options)


def test_a_bundles_literals() -> None:
    values: dict[str, Any] = {}
    exec(render_bundle_literals(plan()), values)
    del values["__builtins__"], values["__doc__"]
    assert values == {
        "FORMAT": 1,
        "PACKAGER": "0.1.0",
        "PLUGIN": "neko",
        "PLUGIN_VERSION": "0.0.1",
        "GROUP": "neko",
        "FUNCTION": "NekoFunction",
        "HOOK_ID": "NekoFunction",
        "PYTHON": "3.13",
        "ARCHITECTURE": "arm64",
        "TIMEOUT": 29,
        "ROUTES": (("/duck/<app_id>", "GET", "endpoints/duck.py"),),
        "SETTINGS": (
            {"name": "api_key", "type": "secret-input", "required": True},
            {
                "name": "mode",
                "type": "select",
                "required": False,
                "default": None,
                "options": ("a", "b"),
            },
            {"name": "ids", "type": "array[tools]", "required": False, "multiple": True},
            {"name": "model", "type": "model-selector", "required": False, "scope": "llm&vision"},
        ),
        "SOURCES": {"api_key": ("env", "API_KEY"), "mode": ("literal", "größe")},
        "SETTINGS_FROM": None,
        "SETTINGS_TTL": 300,
        "APPS": {},
        "MODELS": None,
        "OBSERVE": (),
        "TOOLS": {},
        "OWN_TOOLS": {},
        "OWN_DEFAULTS": {},
        "DIFY_INNER": None,
        "KEYS": {},
        "DIFY_BASE_URL": None,
        "ENDPOINTS": None,
        "PUBLIC_URL": None,
        "EVENTS": (),
        "FAIL_ON": (),
        "WARMUP": None,
        "DEFERRED": None,
        "TRIGGER": None,
        "STREAM": False,
        "STREAM_HEARTBEAT": 0,
        "ERRORS": "opaque",
        "MAX_BODY": 6291456,
        "BINARY_TYPES": (),
        "TEXT_TYPES": (),
        "STORAGE": None,
        "GZIP": False,
        "BASE_PATH": "",
        "HANDLER": "endpoint_runtime.lambda_handler.handler",
        "ENTRY": "fast",
        "PRELOAD": (),
        "PRELOAD_SOURCES": ("endpoints/duck.py",),
        "DIET": "",
        "DIET_PACKAGES": (),
        "DIET_PLUGIN": False,
        "SDK": "light",
        "LEFT_OUT": (),
    }


def test_the_file_is_ascii_and_imports_nothing() -> None:
    text = render_bundle_literals(plan())
    assert text.isascii()
    assert "import" not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((), "()"),
        ((1,), "(1,)"),
        ([], "[]"),
        ({}, "{}"),
        ("\U0001fae8 é", r"'\U0001fae8 \xe9'"),
        (datetime.date(2024, 1, 2), "'2024-01-02'"),
        (-math.inf, "-1e999"),
        (("x" * 60, "y" * 60), f"(\n    '{'x' * 60}',\n    '{'y' * 60}',\n)"),
    ],
)
def test_rendered_values(value: object, text: str) -> None:
    assert render(value) == text


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_rendered_evaluates_to_the_value(value: object) -> None:
    assert eval(render(value)) == value


@given(st.lists(VALUES, min_size=8, max_size=10))
@examples(25)  # of some hundred values
def test_long_values_too(value: object) -> None:
    assert eval(render({"a": value, "b": (value,)})) == {"a": value, "b": (value,)}
