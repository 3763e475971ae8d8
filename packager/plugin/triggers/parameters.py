"""Reads parameters: what a user says of a trigger's event, or of a subscription to be."""

from __future__ import annotations

from typing import Any

from packager.errors import Diagnostics
from packager.inputs.yaml_fields import truth_of, wrong_type
from packager.inputs.yaml_shapes import (
    TEXTS,
    TRUTH,
    Field,
    Record,
    Shape,
    anything,
    choice,
    is_true,
    listing,
    or_null,
    text,
)
from packager.inputs.yaml_tree import YamlValue
from packager.model.plugin import Parameter
from packager.plugin.manifest import i18n_texts
from packager.plugin.settings import OPTIONS, option_labels, options_of

# The SDK's EventParameter.EventParameterType, which is the daemon's.
PARAMETER_TYPES = (
    "string",
    "number",
    "boolean",
    "select",
    "checkbox",
    "file",
    "files",
    "model-selector",
    "app-selector",
    "object",
    "array",
    "dynamic-select",
)
_NUMBER_SCHEMA = {"type": "number"}


def _check_number(node: YamlValue, diagnostics: Diagnostics) -> bool:
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return True
    wrong_type(node, "a number", diagnostics)
    return False


_BOUND = or_null(Shape(_NUMBER_SCHEMA, _check_number))
_PARAMETER = Record(
    "a parameter: a mapping with name and type",
    (
        Field("name", text("the parameter's name"), "Its key.", expected="the parameter's name"),
        Field(
            "type",
            choice(PARAMETER_TYPES, "a parameter's type", "a type of a parameter"),
            expected="one of " + ", ".join(PARAMETER_TYPES),
        ),
        Field("required", TRUTH),
        Field("multiple", TRUTH, "Whether several options may be chosen."),
        Field("default", anything(), "Its value where a user gives none."),
        Field("options", OPTIONS, "What a select or a checkbox offers."),
        Field("min", _BOUND),
        Field("max", _BOUND),
        Field("precision", anything()),
        Field("scope", anything(), "Which apps or models may be chosen."),
        Field("label", TEXTS, "What the user sees."),
        Field("description", TEXTS, "What it is for."),
        Field("placeholder", TEXTS, "An example, in the empty field."),
    ),
)
PARAMETERS = or_null(listing(_PARAMETER.shape, "a list of parameters"))


def read_parameters(node: YamlValue | None, diagnostics: Diagnostics) -> tuple[Parameter, ...]:
    """Read a list of parameters that `PARAMETERS` has taken, faulty ones as far as sound."""
    found: dict[str, Parameter] = {}
    for item in node.items if node is not None else ():
        if not _PARAMETER.shape.check(item, diagnostics):
            continue
        parameter = _parameter(item, diagnostics)
        if parameter is None:
            continue
        other = found.setdefault(parameter.name, parameter)
        if other is not parameter:
            diagnostics.error(
                "duplicate",
                f"the parameter {parameter.name} is declared twice; first at {other.place}",
                parameter.place,
                key=item.key,
            )
    return tuple(found.values())


def _parameter(node: YamlValue, diagnostics: Diagnostics) -> Parameter | None:
    """Return the parameter; None after a fault without which it would have no meaning."""
    name = _PARAMETER["name"].take(node, diagnostics)
    type_ = _PARAMETER["type"].take(node, diagnostics)
    options = options_of(node, diagnostics)
    required = is_true(_PARAMETER["required"].take(node, diagnostics))
    multiple = is_true(_PARAMETER["multiple"].take(node, diagnostics))
    bounds = [_number(_PARAMETER[each].take(node, diagnostics)) for each in ("min", "max")]
    if name is None or type_ is None:
        return None
    default, scope = node.entries.get("default"), node.entries.get("scope")
    return Parameter(
        name=name.text,
        type=type_.text,
        required=required,
        place=name.place,
        default=_default(type_.text, default),
        has_default=default is not None,
        default_place=default.place if default is not None else None,
        options=options,
        multiple=multiple,
        label=i18n_texts(node.entries.get("label")),
        help=i18n_texts(node.entries.get("description") or node.entries.get("help")),
        placeholder=i18n_texts(node.entries.get("placeholder")),
        scope=(scope.text or None) if scope else None,
        option_labels=option_labels(node.entries.get("options")),
        minimum=bounds[0],
        maximum=bounds[1],
    )


def _number(node: YamlValue | None) -> float | None:
    return node.value if node is not None and isinstance(node.value, int | float) else None


def _default(type_: str, node: YamlValue | None) -> Any:
    """Return what a parameter has without a value, None for nothing."""
    if node is None or node.value is None:
        return None
    scalar = node.kind not in ("a mapping", "a list")
    if scalar and type_ in ("string", "select", "dynamic-select"):
        return node.text or None
    truth = truth_of(node) if type_ == "boolean" else None
    return node.plain() if truth is None else truth
