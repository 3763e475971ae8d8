"""Reads what somebody says of an endpoint's settings: values, places of values, or no value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from packager.config.refused import InvalidValue
from packager.config.sources import SOURCE_KEYS, read_reference
from packager.dataclass import dataclass
from packager.endpoints.declaration import Declaration
from packager.errors import Diagnostics, Place
from packager.inputs.yaml_tree import YamlValue
from packager.model.options import AwsSource, EnvSource
from packager.model.plugin import Setting
from packager.settings.removals import removable
from packager.settings.values import WrongValue
from packager.settings.values_file import named_nodes, value_of_node

_MAPPINGS = ("app-selector", "model-selector", "tool-selector", "any")
_REFERENCE_KEYS = ({"ssm"}, {"secret"}, {"secret", "key"})


@dataclass(frozen=True, slots=True)
class Given:
    """What is said of one setting: a checked value, where one is kept, or None for no value.

    `wrong` is what was found wrong with it, and said.
    """

    value: Any = field(repr=False)  # of JSON's types, or an AwsSource
    place: Place | None = None
    wrong: bool = False


def read_given(
    top: YamlValue, declaration: Declaration, diagnostics: Diagnostics
) -> dict[str, Given]:
    """Return what a mapping of settings' names says; what is wrong goes into `diagnostics`.

    A null is not a value; `{ssm: /name}` and `{secret: name, key: k}` say where it is kept. No
    message holds a value.
    """
    given: dict[str, Given] = {}
    declared = [setting.name for setting in declaration.settings]
    for name, node in named_nodes(top, declared, _nobody(declaration), diagnostics):
        setting = declaration.setting(name)
        assert setting is not None  # noqa: S101 - its name is declared
        try:
            given[name] = Given(value_or_reference(setting, node), node.place)
        except (WrongValue, InvalidValue) as wrong:
            diagnostics.error("invalid-value", str(wrong), node.place, key=name)
            given[name] = Given(None, node.place, wrong=True)
    return given


def unset(
    names: Iterable[str], declaration: Declaration, diagnostics: Diagnostics
) -> dict[str, Given]:
    """Return that settings are to have no value; those that must have one are errors."""
    nobody = _nobody(declaration)
    good = removable(names, declaration.settings, nobody, diagnostics)
    return dict.fromkeys(good, Given(None))


def references_in(given: Mapping[str, Given]) -> dict[str, AwsSource]:
    """Return where the values are kept that are not given themselves."""
    return {name: each.value for name, each in given.items() if is_reference(each.value)}


def is_reference(value: object) -> bool:
    """Return whether what is given is where a value is kept."""
    return isinstance(value, AwsSource)


def _nobody(declaration: Declaration) -> str:
    return f"the group {declaration.group} does not declare"


def value_or_reference(setting: Setting, node: YamlValue) -> Any:
    """Return the value that a node says, or where it is kept; raise `WrongValue` or
    `InvalidValue`."""
    keys = node.entries.keys()
    # A setting whose values are mappings may have one of its own with such keys.
    meant = any(key in keys for key in SOURCE_KEYS)
    if meant and (setting.type not in _MAPPINGS or set(keys) in _REFERENCE_KEYS):
        source = read_reference(node.plain())
        if isinstance(source, EnvSource):
            raise InvalidValue(
                "an endpoint's values are in no variable of its function; expected "
                '{ssm: "/name"}, {secret: name, key: k}, or the value'
            )
        return source
    return value_of_node(setting, node)
