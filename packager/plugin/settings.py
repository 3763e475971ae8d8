"""Reads the settings that an endpoint group declares (ProviderConfig in Dify's words)."""

from __future__ import annotations

from typing import Any

from packager.errors import Diagnostics, Place
from packager.inputs.suggestions import did_you_mean
from packager.inputs.yaml_fields import (
    expect_bool,
    expect_entry,
    expect_text,
    truth_of,
    wrong_type,
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


def read_settings(group: YamlValue, diagnostics: Diagnostics) -> tuple[Setting, ...]:
    """Read the `settings` of a group's file: a list, or a map from name to ProviderConfig."""
    node = group.entries.get("settings")
    if node is None or node.value is None:
        return ()
    settings: list[Setting] = []
    if node.kind == "a list":
        for item in node.items:
            if item.kind != "a mapping":
                wrong_type(item, "a setting: a mapping with name and type", diagnostics)
                continue
            name = expect_entry(item, "name", diagnostics, "the setting's name")
            if (
                name is not None
                and expect_text(name, diagnostics, "the setting's name") is not None
            ):
                settings += _setting(name.text, name.place, item, diagnostics)
    elif node.kind == "a mapping":
        for key, item in node.entries.items():
            if item.kind != "a mapping":
                wrong_type(item, "a setting: a mapping with type", diagnostics)
                continue
            settings += _setting(key, item.key_place or item.place, item, diagnostics)
    else:
        wrong_type(node, "a list of settings", diagnostics)
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
    required = expect_bool(node.entries.get("required"), diagnostics)
    multiple = expect_bool(node.entries.get("multiple"), diagnostics)
    options = _options(node, diagnostics)
    type_ = expect_entry(node, "type", diagnostics, "one of " + ", ".join(SETTING_TYPES))
    if type_ is None or expect_text(type_, diagnostics, "a setting's type") is None:
        return []
    if type_.text not in SETTING_TYPES:
        diagnostics.error(
            "invalid-value",
            f"{type_.text!r} is not a type of a setting; expected one of "
            + ", ".join(SETTING_TYPES),
            type_.place,
            key=type_.key,
            hint=did_you_mean(type_.text, SETTING_TYPES),
        )
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
        option_labels=_option_labels(node.entries.get("options")),
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


def _options(node: YamlValue, diagnostics: Diagnostics) -> tuple[str, ...]:
    options = node.entries.get("options")
    if options is None or options.value is None:
        return ()
    if options.kind != "a list":
        wrong_type(options, "a list of options", diagnostics)
        return ()
    values: list[str] = []
    for option in options.items:
        if option.kind == "a mapping":
            value = expect_entry(option, "value", diagnostics, "the option's value")
            if value is None:
                continue
        else:
            value = option
        if value.kind in ("a mapping", "a list", "nothing"):  # empty text is a value
            wrong_type(value, "the option's value", diagnostics)
        else:
            values.append(value.text)
    return tuple(values)


def _option_labels(options: YamlValue | None) -> dict[str, dict[str, str]]:
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
            f"the group has {len(by_name)} settings; Dify takes {MAX_SETTINGS}",
            list(by_name.values())[MAX_SETTINGS].place,
            key=node.key,
        )
    return tuple(by_name.values())
