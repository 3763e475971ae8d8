"""Puts together what an endpoint group is configured with: defaults, literals and sources.

The rules are those the Dify daemon applies when a user saves an endpoint (`ValidateProviderConfigs`
in langgenius/dify-plugin-daemon). No message says a value.
"""

from __future__ import annotations

import os

import endpoint_runtime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from endpoint_runtime.settings.refreshed import Kept

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_STRINGS = ("text-input", "secret-input")
_JSON = ("app-selector", "model-selector", "array[tools]", "tool-selector", "file", "files")
# What a model-selector of these scopes needs besides provider, model and model_type.
_SCOPE_KEYS = {
    "rerank": ("score_threshold", "top_n"),
    "tts": ("voice",),
    "vision": ("completion_params",),
}
_UNSET = object()
_REMOTE = ("ssm", "secret")
_LEAST_SECRET = 8  # characters of a text from AWS that is not declared to be a secret
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
        self._kept: Kept | None = None
        # Them all, where they are read for good and a copy of the mapping is a deep one.
        self.flat: dict[str, Any] | None = None
        self.hidden: list[str] = []

    def copy(self, deadline: float | None = None, request_id: str = "") -> dict[str, Any]:
        """Give a fresh deep copy, as plugins write into what they get; or raise `SettingsError`.

        `deadline` is in seconds since the epoch. After an error they are read again.
        """
        if self._kept is not None:
            self._kept.get(deadline, request_id)
        elif self._values is None:
            sources = self._bundle.SOURCES
            document = self._bundle.SETTINGS_FROM
            if document is None and all(each[0] not in _REMOTE for each in sources.values()):
                values = self._read(None)
                self.flat = values if is_flat(values) else None
            else:
                from endpoint_runtime.settings.refreshed import Kept

                ttl = self._bundle.SETTINGS_TTL
                self._kept = Kept("the settings", self._read, ttl, (SettingsError,))
                self._kept.get(deadline, request_id)
        assert self._values is not None  # noqa: S101 - one of the above read them, or raised
        values, flat = self._values
        copy: dict[str, Any] = values.copy() if flat else fresh_copy(values)
        return copy

    def forget(self) -> None:
        """Read them again at the next request: a restored snapshot may hold old ones."""
        self._values = self._kept = self.flat = None

    def _read(self, deadline: float | None) -> dict[str, Any]:
        declaration = self._bundle.SETTINGS
        sources = self._bundle.SOURCES
        document = self._bundle.SETTINGS_FROM
        values = read_settings(declaration, sources, document=document, deadline=deadline)
        for text in secret_texts(declaration, values, sources, document is not None):
            endpoint_runtime.hide(text)
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
    """Give the settings of a group by name, or raise `SettingsError` with everything wrong.

    `declaration`, `sources` and `document` are SETTINGS, SOURCES and SETTINGS_FROM of `_bundle.py`.
    An optional setting that nobody set stays absent, as in Dify. What the document holds besides
    passes through, as in Dify; a setting with a source of its own is not taken from it.
    """
    settings: dict[str, Any] = {}
    faults: list[str] = []
    declared = set()
    remote: Mapping[str, Any] = {}
    if LOCAL in environment:
        from endpoint_runtime.settings.remote import local_settings

        # They stand in for everything that is in AWS, and go before all else.
        remote = local_settings(environment)
        sources = {
            name: ("local",) if name in remote or source[0] in _REMOTE else source
            for name, source in sources.items()
        }
    elif document is not None or any(source[0] in _REMOTE for source in sources.values()):
        from endpoint_runtime.settings.remote import remote_settings

        remote = remote_settings(sources, document, deadline)
    for config in declaration:
        name = config["name"]
        declared.add(name)
        value, origin = _UNSET, ""
        source = sources.get(name)
        try:
            if source is not None and source[0] == "literal":
                value = source[1]
            elif source is not None and source[0] == "env":
                origin = f" (environment variable {source[1]})"
                value = environment.get(source[1], _UNSET)
                value = _from_text(config, value)
            else:
                if source is not None and source[0] in _REMOTE:
                    from endpoint_runtime.settings.sources import label

                    origin = f" ({label(source)})"
                value = _from_text(config, remote.get(name, _UNSET))
            if (value is _UNSET or value is None) and config.get("default") is not None:
                value = config["default"]
            if value is _UNSET or value is None:
                if config.get("required"):
                    raise ValueError("is required and not set")
                continue
            _check(config, value)
        except ValueError as fault:
            faults.append(f"setting {name}{origin} {fault}")
            continue
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


def secret_texts(
    declaration: Iterable[Mapping[str, Any]],
    settings: Mapping[str, Any],
    sources: Mapping[str, tuple[Any, ...]],
    has_document: bool,
) -> list[str]:
    """Give the texts that nothing in a log may have (docs/logging.md).

    They are the secret-inputs, and of what AWS keeps the texts that are long enough to be secrets,
    but for declared settings that are no texts: those are options, and ids.
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
            found += [text for text in _texts([value]) if len(text) >= _LEAST_SECRET]
    return found


def hidden_values(
    declaration: Iterable[Mapping[str, Any]], settings: Mapping[str, Any]
) -> list[str]:
    """The texts that must not be seen in a log: all but selects, whose options the plugin shows."""
    shown = {config["name"] for config in declaration if config.get("type") == "select"}
    return _texts([value for name, value in settings.items() if name not in shown])


def _texts(values: list[Any]) -> list[str]:
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
    """Convert text from outside to the declared type; raise a valueless ValueError.

    What is no text is given as it is: the JSON of a secret has types of its own.
    """
    if not isinstance(text, str):
        return text
    kind = config.get("type")
    if config.get("multiple") and kind == "select":
        if not text.strip().startswith("["):  # SSM's StringList
            return text.split(",") if text.strip() else _UNSET
        kind = "array[tools]"
    if kind in _STRINGS:
        return text
    # Lambda's way to leave a template's optional parameter unset is an empty variable.
    if text.strip() == "":
        return _UNSET
    if kind == "boolean":
        word = text.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise ValueError("is no boolean: true, false, 1, 0, yes, no, on or off")
    if kind == "number":
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            raise ValueError("is no number") from None
    if kind in _JSON:
        import json

        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("is no JSON") from None
    return text


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
    elif kind == "number":
        finite = isinstance(value, int | float) and value - value == 0
        if not finite or isinstance(value, bool):
            raise ValueError("must be a finite number")
    elif kind == "array[tools]":
        if not isinstance(value, list):
            raise ValueError("must be a list")
    elif kind in ("app-selector", "model-selector", "tool-selector"):
        if not isinstance(value, dict):
            raise ValueError("must be a mapping")
        needed: tuple[str, ...] = ()
        if kind == "app-selector":
            needed = ("app_id",)
        elif kind == "model-selector":
            needed = ("provider", "model", "model_type")
            needed += _SCOPE_KEYS.get(config.get("scope") or "", ())
        for key in needed:
            if key not in value:
                raise ValueError(f"must have the key {key}")
