"""What parameters of each type take, from YAML and from text."""

from __future__ import annotations

from typing import Any

import pytest

from packager.errors import Diagnostics, Place
from packager.inputs.yaml_tree import parse_yaml
from packager.model.plugin import Parameter
from packager.settings.values import WrongValue
from packager.subscriptions.parameters import parameter_of_node, parameter_of_text

PLACE = Place("provider.yaml")


def parameter(kind: str, **more: Any) -> Parameter:
    return Parameter("p", kind, False, PLACE, **more)


SEVERAL = parameter("checkbox", options=("a", "b"))
CHOICE = parameter("select", options=("1.0", "b"))
FEW = parameter("number", minimum=1, maximum=9)


@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        (parameter("string"), "7", "7"),
        (parameter("string"), "null", None),
        (parameter("dynamic-select"), "acme/cats", "acme/cats"),
        (parameter("dynamic-select", multiple=True), "[x, 7]", ["x", "7"]),
        (CHOICE, "1.0", "1.0"),
        (SEVERAL, "a", ["a"]),
        (SEVERAL, "[b, a]", ["b", "a"]),
        (parameter("checkbox"), "yes", True),
        (parameter("boolean"), "false", False),
        (parameter("boolean"), "'on'", True),
        (FEW, "9", 9),
        (FEW, "'1.5'", 1.5),
        (parameter("object"), "{a: [1]}", {"a": [1]}),
        (parameter("array"), "[1, {a: b}]", [1, {"a": "b"}]),
        (parameter("app-selector"), "{app_id: a}", {"app_id": "a"}),
    ],
)
def test_what_yaml_says(declared: Parameter, text: str, value: Any) -> None:
    node = parse_yaml(text, "f", Diagnostics())
    assert node is not None

    assert parameter_of_node(declared, node) == value


@pytest.mark.parametrize(
    ("declared", "text", "wanted"),
    [
        (parameter("string"), "[a]", "text"),
        (CHOICE, "1.00", "one of 1.0, b"),
        (SEVERAL, "[a, c]", "some of a, b"),
        (SEVERAL, "[[a]]", "a list of texts"),
        (SEVERAL, "{a: b}", "a list of texts"),
        (FEW, "0", "a number from 1 to 9"),
        (parameter("number", minimum=2), "1", "at least 2"),
        (parameter("number", maximum=2), "3", "at most 2"),
        (FEW, "[1]", "a number"),
        (FEW, "true", "a number"),
        (parameter("boolean"), "perhaps", "true, false, 1, 0, yes, no, on or off"),
        (parameter("object"), "[1]", "a mapping"),
        (parameter("array"), "7", "a list"),
        (parameter("object"), "'{'", "JSON"),
        (parameter("app-selector"), "{}", "a table with app_id"),
    ],
)
def test_what_is_not_taken(declared: Parameter, text: str, wanted: str) -> None:
    node = parse_yaml(text, "f", Diagnostics())
    assert node is not None

    with pytest.raises(WrongValue) as wrong:
        parameter_of_node(declared, node)
    assert str(wrong.value) == f"expected {wanted}"


def test_what_text_says() -> None:
    assert parameter_of_text(SEVERAL, " a , b,") == ["a", "b"]
    assert parameter_of_text(parameter("object"), '{"a": 1}') == {"a": 1}
    assert parameter_of_text(parameter("number"), " ") is None
    assert parameter_of_text(parameter("string"), "[x]") == "[x]"
