"""Reads what a group declares to whoever makes its endpoints, as plugin/endpoint_declaration.py
writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from packager.config.calls.choices import Choices
from packager.contract import ENDPOINTS_METADATA_FORMAT
from packager.dataclass import dataclass
from packager.endpoints.provider_declaration import read_provider, read_setting, texts_of
from packager.errors import PackagerError
from packager.model.plugin import Setting, TriggerProvider


@dataclass(frozen=True, slots=True)
class Interface:
    """A method and a path that every endpoint of a group has; `hidden` ones Dify does not show."""

    method: str
    path: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Declaration:
    """A group, and how its function serves endpoints.

    `function` is its logical id, `settings_ttl` in seconds, `outputs` the names of the stack's
    outputs (`url`, `store`, perhaps `key`); `choices` are those of settings. With a
    `provider` its endpoints are subscriptions.
    """

    plugin: str
    group: str
    function: str
    store: str
    settings: tuple[Setting, ...]
    interfaces: tuple[Interface, ...]
    settings_ttl: int
    label: Mapping[str, str] = field(default_factory=dict)
    public_url: str | None = None
    kms_key: str | None = None
    routes: str = "all"
    outputs: Mapping[str, str] = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)
    provider: TriggerProvider | None = None

    def setting(self, name: str) -> Setting | None:
        """Return the setting of a name; None where the group declares none."""
        return next((each for each in self.settings if each.name == name), None)


def declaration_of_text(text: object, where: str) -> Declaration:
    """Return what the JSON `text` of a template's metadata says; raise `PackagerError` for no such
    text."""
    try:
        document = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _unreadable(where)
    return read_declaration(document, where)


def read_declaration(document: Mapping[str, Any], where: str) -> Declaration:
    """Return what `document` says, which is `where`; raise `PackagerError` where it can't be read.

    What is in it besides is of a later packager, and left aside.
    """
    if document.get("format") != ENDPOINTS_METADATA_FORMAT:
        raise PackagerError(
            f"{where} declares its endpoints in the format {document.get('format')!r}, and this "
            f"packager knows format {ENDPOINTS_METADATA_FORMAT}",
            hint="use the packager that it was deployed with, or deploy it again",
        )
    try:
        return Declaration(
            plugin=str(document["plugin"]),
            group=str(document["group"]),
            function=str(document["function"]),
            store=str(document["store"]),
            settings=tuple(read_setting(each, where) for each in document["settings"]),
            interfaces=tuple(
                Interface(str(each["method"]), str(each["path"]), bool(each["hidden"]))
                for each in document["interfaces"]
            ),
            settings_ttl=int(document["settings_ttl"]),
            label=texts_of(document.get("label")),
            public_url=document.get("public_url"),
            kms_key=document.get("kms_key"),
            routes=str(document.get("routes", "all")),
            outputs={
                kind: output
                for kind, output in (document.get("outputs") or {}).items()
                if output is not None
            },
            choices=Choices(
                **{
                    kind: tuple(map(str, names))
                    for kind, names in (document.get("choices") or {}).items()
                    if kind in ("apps", "models", "tools")
                }
            ),
            provider=read_provider(document["provider"], where) if "provider" in document else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _unreadable(where) from None


def _unreadable(where: str) -> PackagerError:
    return PackagerError(
        f"what {where} declares of its endpoints can't be read", hint="deploy it again"
    )
