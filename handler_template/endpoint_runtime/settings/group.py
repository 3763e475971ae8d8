"""Puts together what an endpoint group is configured with: defaults, literals and sources.

The rules are those the Dify daemon applies when a user saves an endpoint (`ValidateProviderConfigs`
in langgenius/dify-plugin-daemon). No message says a value.
"""

from __future__ import annotations

import os

from endpoint_runtime import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from endpoint_runtime.settings.refreshed import Refreshed

_STRINGS = ("text-input", "secret-input")
_UNSET = object()
_REMOTE = ("ssm", "secret")
# What these are called (`llm`, `chat`) is no secret, and stands in paths and messages.
_SHOWN = ("select", "model-selector", "array[tools]", "tool-selector")
LEAST_SECRET = 8  # characters of a text from AWS that is not declared to be a secret
# `packager invoke` hands on settings by name in it, as JSON, in place of what AWS keeps.
LOCAL = "PACKAGER_LOCAL_SETTINGS"


class SettingsError(Exception):
    """Settings are missing or break the group's declaration; the message names them, no values."""


class GroupSettings:
    """The settings of one group: read at the first request, those from AWS again when they are old.

    `bundle` is the generated `_bundle` module. `hidden` are the texts that must not be seen in a
    log: of the values that are, and of those that were just before, which requests may still have.
    """

    def __init__(self, bundle: Any) -> None:
        self._bundle = bundle
        self._values: tuple[dict[str, Any], bool] | None = None  # and whether they are flat
        self._refreshed: Refreshed | None = None
        # Them all, where they are read for good and a copy of the mapping is a deep one.
        self.flat: dict[str, Any] | None = None
        self.hidden: list[str] = []

    def copy(self, deadline: float | None = None, request_id: str = "") -> dict[str, Any]:
        """Return a fresh deep copy, as plugins write into what they get; or raise `SettingsError`.

        `deadline` is in seconds since the epoch. After an error they are read again.
        """
        if self._refreshed is not None:
            self._refreshed.get(deadline, request_id)
        elif self._values is None:
            sources, document = self._bundle.SOURCES, self._bundle.SETTINGS_FROM
            if document is None and all(each[0] not in _REMOTE for each in sources.values()):
                values = self._read(None)
                self.flat = values if is_flat(values) else None
            else:
                from endpoint_runtime.settings.refreshed import Refreshed

                ttl = self._bundle.SETTINGS_TTL
                self._refreshed = Refreshed("the settings", self._read, ttl, (SettingsError,))
                self._refreshed.get(deadline, request_id)
        assert self._values is not None  # noqa: S101 - one of the above read them, or raised
        values, flat = self._values
        copy: dict[str, Any] = values.copy() if flat else fresh_copy(values)
        return copy

    def forget(self) -> None:
        """Read them again at the next request: a restored snapshot may hold old ones."""
        self._values = self._refreshed = self.flat = None

    def _read(self, deadline: float | None) -> dict[str, Any]:
        declaration, sources = self._bundle.SETTINGS, self._bundle.SOURCES
        document = self._bundle.SETTINGS_FROM
        values = read_settings(declaration, sources, document=document, deadline=deadline)
        for text in secret_texts(declaration, values, sources, document is not None):
            process.add_secret(text)
        before = [] if self._values is None else hidden_values(declaration, self._values[0])
        self.hidden = [*hidden_values(declaration, values), *before]
        self._values = values, is_flat(values)
        return values


def read_settings(
    declaration: Sequence[Mapping[str, Any]],
    sources: Mapping[str, tuple[Any, ...]],
    environment: Mapping[str, str] = os.environ,
    *,
    document: tuple[Any, ...] | None = None,
    deadline: float | None = None,
) -> dict[str, Any]:
    """Return the settings of a group by name, or raise `SettingsError` with everything wrong.

    `declaration`, `sources` and `document` are SETTINGS, SOURCES and SETTINGS_FROM of `_bundle.py`.
    An optional setting that nobody set stays absent, as in Dify. What the document holds besides
    passes through, as in Dify; a setting with a source of its own is not taken from it.
    """
    remote: Mapping[str, Any] = {}
    local = LOCAL in environment
    if local or document is not None or any(each[0] in _REMOTE for each in sources.values()):
        remote = _remote_values(sources, document, deadline, environment)
    if local:  # what is there stands in for everything that is in AWS, and goes before all else
        sources = {
            name: ("local",) if name in remote or source[0] in _REMOTE else source
            for name, source in sources.items()
        }
    return assembled(declaration, sources, environment, remote)


def assembled(
    declaration: Sequence[Mapping[str, Any]],
    sources: Mapping[str, tuple[Any, ...]],
    environment: Mapping[str, str],
    remote: Mapping[str, Any],
) -> dict[str, Any]:
    """Return settings by name, where `remote` has the values of what has no source here.

    Raises `SettingsError` with everything wrong.
    """
    settings: dict[str, Any] = {}
    faults: list[str] = []
    declared = set()
    for config in declaration:
        name = config["name"]
        declared.add(name)
        source = sources.get(name)
        try:
            value = _value(config, source, environment, remote)
        except ValueError as fault:
            faults.append(f"setting {name}{_origin(source)} {fault}")
            continue
        if value is not _UNSET:
            settings[name] = value
    for name, source in sources.items():
        if name not in declared and source[0] in ("literal", "env"):  # passes through, as in Dify
            value = environment.get(source[1], _UNSET) if source[0] == "env" else source[1]
            if value is not _UNSET:
                settings[name] = value
    settings |= {
        name: value for name, value in remote.items() if name not in declared and value is not None
    }
    if faults:
        raise SettingsError("; ".join(faults))
    return settings


def _remote_values(
    sources: Mapping[str, tuple[Any, ...]],
    document: tuple[Any, ...] | None,
    deadline: float | None,
    environment: Mapping[str, str],
) -> dict[str, Any]:
    from endpoint_runtime.settings.remote import json_object, remote_settings
    from endpoint_runtime.settings.source_kinds import SourceError

    try:
        if LOCAL in environment:
            return json_object(environment[LOCAL], LOCAL)
        return remote_settings(sources, document, deadline)
    except SourceError as fault:
        raise SettingsError(str(fault)) from None


def _value(
    config: Mapping[str, Any],
    source: tuple[Any, ...] | None,
    environment: Mapping[str, str],
    remote: Mapping[str, Any],
) -> Any:
    """Return the value of a declared setting, `_UNSET` for none; raise a ValueError without it."""
    if source is not None and source[0] == "literal":
        value = source[1]
    elif source is not None and source[0] == "env":
        value = _from_text(config, environment.get(source[1], _UNSET))
    else:
        value = _from_text(config, remote.get(config["name"], _UNSET))
    if value is _UNSET or value is None:
        value = config.get("default")
        if value is None:
            if config.get("required"):
                raise ValueError("is required and not set")
            return _UNSET
    _check(config, value)
    return value


def _origin(source: tuple[Any, ...] | None) -> str:
    """Return what a message says of where a setting is from: nothing of what the bundle holds."""
    if source is None or source[0] not in ("env", *_REMOTE):
        return ""
    from endpoint_runtime.settings.source_kinds import label

    return f" ({label(source)})"


def secret_texts(
    declaration: Iterable[Mapping[str, Any]],
    settings: Mapping[str, Any],
    sources: Mapping[str, tuple[Any, ...]],
    has_document: bool,
) -> list[str]:
    """Return the texts that nothing in a log may have (docs/logging.md).

    They are the secret-inputs, and of what AWS keeps the texts that are long enough to be secrets,
    but for declared settings that are not texts: those are options, and ids.
    """
    found: list[str] = []
    in_document = settings.keys() - sources.keys() if has_document else set()
    kinds = {config["name"]: config for config in declaration}
    for name, value in settings.items():
        config = kinds.get(name, {})
        kind = config.get("type", "text-input")
        is_remote = name in in_document or (name in sources and sources[name][0] in _REMOTE)
        if kind == "secret-input":
            found.append(value)
        elif kind == "text-input" and is_remote and value != config.get("default"):
            found += [text for text in texts_in([value]) if len(text) >= LEAST_SECRET]
    return found


def hidden_values(
    declaration: Iterable[Mapping[str, Any]], settings: Mapping[str, Any]
) -> list[str]:
    """The texts that must not be seen in a log: not those of chosen options, models and tools."""
    shown = {config["name"] for config in declaration if config.get("type") in _SHOWN}
    return texts_in([value for name, value in settings.items() if name not in shown])


def texts_in(values: list[Any]) -> list[str]:
    """Return all texts in `values`, which is emptied, and in what they hold."""
    found: list[str] = []
    while values:
        value = values.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list | tuple):
            values += value
    return found


def is_flat(settings: Mapping[str, Any]) -> bool:
    """Whether no value can be written into, so that a copy of the mapping is a deep one."""
    return not any(isinstance(value, dict | list | tuple) for value in settings.values())


def fresh_copy(value: Any) -> Any:
    """Copy settings deeply (they are plain JSON), as plugins write into what they get."""
    if isinstance(value, dict):
        return {key: fresh_copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fresh_copy(item) for item in value]
    return value


def _from_text(config: Mapping[str, Any], text: Any) -> Any:
    """Return text from outside as the declared type has it; raise a ValueError without the value.

    What is not text is returned as it is: the JSON of a secret has types of its own.
    """
    kind = config.get("type")
    if not isinstance(text, str) or kind in _STRINGS:
        return text
    if kind == "select" and not config.get("multiple"):
        # Lambda's way to leave a template's optional parameter unset is an empty variable.
        return text if text.strip() else _UNSET
    from endpoint_runtime.settings.kinds import from_text

    found = from_text(config, text)
    return _UNSET if found is None else found


def _check(config: Mapping[str, Any], value: Any) -> None:
    """Raise a ValueError that says what is wrong with a value, without the value."""
    kind = config.get("type")
    if kind in _STRINGS:
        if not isinstance(value, str):
            raise ValueError("must be a string")
    elif kind == "select":
        chosen = value if config.get("multiple") and isinstance(value, list) else [value]
        options = config.get("options") or ()
        for item in chosen:
            if not isinstance(item, str):
                raise ValueError("must be a string")
            if item not in options:
                raise ValueError("must be one of its options: " + ", ".join(options))
    elif kind == "boolean":
        if not isinstance(value, bool):
            raise ValueError("must be a boolean")
    else:
        from endpoint_runtime.settings.kinds import check

        check(config, value)
