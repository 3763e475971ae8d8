"""Arguments of tools that run in the function's process: types and defaults as in Dify."""

from __future__ import annotations

from typing import Any

import pytest

from endpoint_runtime.calls.tools.parameters import as_declared


@pytest.mark.parametrize(
    ("kind", "value", "cast"),
    [
        ("string", 3, "3"),
        ("string", None, ""),
        ("select", "a", "a"),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("boolean", "other", True),
        ("boolean", None, False),
        ("boolean", 1, True),
        ("number", "3", 3),
        ("number", "3.5", 3.5),
        ("number", "", None),
        ("number", [1], None),
        ("files", {"a": 1}, [{"a": 1}]),
        ("array", "[1, 2]", [1, 2]),
        ("array", "text", ["text"]),
        ("array", {"a": 1}, [{"a": 1}]),
        ("object", '{"a": 1}', {"a": 1}),
        ("object", "[1]", {}),
        ("model-selector", {"provider": "p"}, {"provider": "p"}),
        ("any", None, None),
    ],
)
def test_types(kind: str, value: Any, cast: Any) -> None:
    declared = {"p": (kind, False, False, None, ())}

    found = as_declared({"p": value, "other": 1}, declared)

    assert found == {"p": cast, "other": 1}
    assert type(found["p"]) is type(cast)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, {"n": 5, "s": "a", "b": True, "o": ""}),
        ({"n": 0, "s": "b", "b": False, "o": "x"}, {"n": 0, "s": "b", "b": False, "o": "x"}),
        ({"n": "", "s": "", "b": "no"}, {"n": 5, "s": "a", "b": False, "o": ""}),
    ],
)
def test_a_form_has_a_value_in_every_call(given: dict[str, Any], found: dict[str, Any]) -> None:
    declared = {
        "n": ("number", True, True, 5, ()),
        "s": ("select", True, False, "a", ("a", "b")),
        "b": ("boolean", True, False, True, ()),
        "o": ("string", True, False, None, ()),
        "asked": ("string", False, True, "not taken", ()),
    }

    assert as_declared(given, declared) == found


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        (("string", True, True, None, ()), "", "tool parameter p not found in tool config"),
        (
            ("select", True, False, None, ("a", "b")),
            "c",
            "tool parameter p value c not in options ['a', 'b']",
        ),
        (("number", False, False, None, ()), "x", "invalid literal for int() with base 10: 'x'"),
    ],
)
def test_what_dify_refuses(declared: Any, given: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        as_declared({"p": given}, {"p": declared})

    assert str(caught.value) == message
