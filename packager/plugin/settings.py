"""Reads settings (ProviderConfig in Dify's words): an endpoint group's, a trigger provider's."""

from __future__ import annotations

from typing import Any

from packager.errors import Diagnostics, Place
from packager.inputs.yaml_fields import truth_of, wrong_type
from packager.inputs.yaml_shapes import (
    NULL,
    SCALAR,
    TEXTS,
    TRUTH,
    Field,
    Record,
    Schema,
    Shape,
    anything,
    choice,
    is_true,
    listing,
    or_null,
    text,
)
from packager.inputs.yaml_tree import YamlValue
from packager.model.plugin import Setting
from packager.plugin.manifest import i18n_texts

# The SDK's ProviderConfig.Config, the daemon's `any`, and what the documentation names besides.
SETTING_TYPES = (
    "secret-input",
    "text-input",
    "select",
    "boolean",
    "model-selector",
    "app-selector",
    "array[tools]",
    "number",
    "tool-selector",
    "any",
)
MAX_SETTINGS = 64  # the daemon's ValidateProviderConfigs
MAX_NAME = 1023  # characters
# Their values are text, however the default was written: `default: 8080` means "8080".
_TEXT_TYPES = ("secret-input", "text-input", "select")
_FREE_TEXT = ("secret-input", "text-input", "any")


def _check_scalar(node: YamlValue, diagnostics: Diagnostics) -> bool:
    if node.kind in ("a mapping", "a list", "nothing"):  # empty text is a value
        wrong_type(node, "the option's value", diagnostics)
        return False
    return True


_VALUE = Shape(SCALAR, _check_scalar)
_OPTION = Record(
    "an option",
    (
        Field("value", _VALUE, expected="the option's value"),
        Field("label", TEXTS, "What the user sees."),
    ),
)
OPTIONS = or_null(
    listing(anything({"anyOf": [SCALAR, _OPTION.schema]}), "a list of options"),
)


def _setting_record(what: str, name: str) -> Record:
    """Return the description of a setting; where its key is not its name, it has to have a `name`,
    which is what is expected. Else the SDK puts the key in the place of whatever it has there."""
    named = text("the setting's name", maxLength=MAX_NAME) if name else anything()
    return Record(
        what,
        (
            Field(
                "name",
                named,
                "Its key in the settings of _invoke.",
                expected=name,
            ),
            Field(
                "type",
                choice(SETTING_TYPES, "a setting's type", "a type of a setting"),
                expected="one of " + ", ".join(SETTING_TYPES),
            ),
            Field("required", TRUTH),
            Field("multiple", TRUTH),
            Field("default", anything(), "Its value where a user gives none."),
            Field("options", OPTIONS, "What a select offers."),
            Field("scope", anything(), "Which apps or models may be chosen."),
            Field("label", TEXTS, "What the user sees."),
            Field("help", TEXTS, "What it is for."),
            Field("placeholder", TEXTS, "An example, in the empty field."),
            Field("url", anything(), "Where to get a value."),
        ),
    )


_LISTED = _setting_record("a setting: a mapping with name and type", "the setting's name")
_MAPPED = _setting_record("a setting: a mapping with type", "")
SETTINGS: Schema = {
    "anyOf": [
        NULL,
        {"type": "array", "items": _LISTED.schema, "maxItems": MAX_SETTINGS},
        {
            "type": "object",
            "additionalProperties": _MAPPED.schema,
            "propertyNames": {"maxLength": MAX_NAME},
            "maxProperties": MAX_SETTINGS,
        },
    ]
}


def read_settings(group: YamlValue, diagnostics: Diagnostics) -> tuple[Setting, ...]:
    """Read the `settings` of a group's file: a list, or a map from name to ProviderConfig."""
    return read_configs(group.entries.get("settings"), "a list of settings", diagnostics)


def read_configs(
    node: YamlValue | None, what: str, diagnostics: Diagnostics
) -> tuple[Setting, ...]:
    """Read ProviderConfigs, which are `what` is expected: a list, or a map from their names."""
    if node is None or node.value is None:
        return ()
    settings: list[Setting] = []
    if node.kind == "a list":
        for item in node.items:
            if _LISTED.shape.check(item, diagnostics):
                name = _LISTED["name"].take(item, diagnostics)
                settings += _setting(name.text, name.place, item, diagnostics) if name else []
    elif node.kind == "a mapping":
        for key, item in node.entries.items():
            if _MAPPED.shape.check(item, diagnostics):
                settings += _setting(key, item.key_place or item.place, item, diagnostics)
    else:
        wrong_type(node, what, diagnostics)
    return _without_twins(settings, node, diagnostics)


def _setting(name: str, place: Place, node: YamlValue, diagnostics: Diagnostics) -> list[Setting]:
    """Return the setting, or nothing after a fault without which it would have no meaning."""
    if len(name) > MAX_NAME:
        diagnostics.error(
            "too-large",
            f"the setting's name has {len(name)} characters; at most {MAX_NAME} are possible",
            place,
            key=node.key,
        )
    required = is_true(_MAPPED["required"].take(node, diagnostics))
    multiple = is_true(_MAPPED["multiple"].take(node, diagnostics))
    options = options_of(node, diagnostics)
    type_ = _MAPPED["type"].take(node, diagnostics)
    if type_ is None:
        return []
    default = node.entries.get("default")
    scope = node.entries.get("scope")
    setting = Setting(
        name=name,
        type=type_.text,
        required=required,
        place=place,
        default=_default(type_.text, default, options),
        has_default=default is not None,
        default_place=default.place if default is not None else None,
        options=options,
        multiple=multiple,
        label=i18n_texts(node.entries.get("label")),
        help=i18n_texts(node.entries.get("help")),
        placeholder=i18n_texts(node.entries.get("placeholder")),
        scope=(scope.text or None) if scope else None,
        url=i18n_texts(node.entries.get("url")),
        option_labels=option_labels(node.entries.get("options")),
    )
    if setting.type == "secret-input" and default is not None and setting.default:
        diagnostics.warn(
            "secret-default",
            "a secret's default is not a secret: it is in the plugin, the bundle and the template",
            default.place,
            key=default.key,
            hint="leave it out, and make the setting required if it needs a value",
        )
    return [setting]


def _default(type_: str, node: YamlValue | None, options: tuple[str, ...]) -> Any:
    """Return what a setting has without a value, None for nothing.

    Empty text stands for nothing where a form has no text, and Dify's forms take `"yes"` for true.
    """
    if node is None or node.value is None:
        return None
    scalar = node.kind not in ("a mapping", "a list")
    if scalar and node.text == "" and type_ not in _FREE_TEXT and "" not in options:
        return None
    if type_ in _TEXT_TYPES and scalar:
        return node.text
    truth = truth_of(node) if type_ == "boolean" else None
    return node.plain() if truth is None else truth


def options_of(node: YamlValue, diagnostics: Diagnostics) -> tuple[str, ...]:
    """Return the values of the `options` of a setting or parameter."""
    options = _MAPPED["options"].take(node, diagnostics)
    values: list[str] = []
    for option in options.items if options else ():
        value: YamlValue | None = option
        if option.kind == "a mapping":
            value = _OPTION["value"].take(option, diagnostics)
        elif not _VALUE.check(option, diagnostics):
            value = None
        values += [value.text] if value is not None else []
    return tuple(values)


def option_labels(options: YamlValue | None) -> dict[str, dict[str, str]]:
    """Return the labels of options, by their values; none for an option that has none."""
    labels: dict[str, dict[str, str]] = {}
    for option in options.items if options is not None else ():
        value = option.entries.get("value")
        texts = i18n_texts(option.entries.get("label"))
        if value is not None and texts:
            labels[value.text] = texts
    return labels


def _without_twins(
    settings: list[Setting], node: YamlValue, diagnostics: Diagnostics
) -> tuple[Setting, ...]:
    by_name: dict[str, Setting] = {}
    for setting in settings:
        other = by_name.setdefault(setting.name, setting)
        if other is not setting:
            diagnostics.error(
                "duplicate",
                f"the setting {setting.name} is declared twice; first at {other.place}",
                setting.place,
                key=node.key,
            )
    if len(by_name) > MAX_SETTINGS:
        diagnostics.error(
            "too-large",
            f"there are {len(by_name)} settings; Dify takes {MAX_SETTINGS}",
            list(by_name.values())[MAX_SETTINGS].place,
            key=node.key,
        )
    return tuple(by_name.values())
