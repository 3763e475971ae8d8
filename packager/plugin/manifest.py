"""Reads a plugin's manifest.yaml: its name, and the files of its endpoint groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.yaml_fields import TEXT_SCHEMA, expect_text
from packager.inputs.yaml_shapes import (
    BYTES,
    TEXTS,
    TRUTH,
    Field,
    Record,
    Shape,
    anything,
    is_true,
    listing,
    or_null,
)
from packager.inputs.yaml_tree import YamlValue, read_yaml
from packager.model.declared import Declared
from packager.model.options import Architecture
from packager.paths import exists, is_file, unseen

MANIFEST = "manifest.yaml"
NAME = re.compile(r"[a-z0-9_-]{1,128}")  # the SDK's PluginConfiguration
_PYTHON = re.compile(r"\s*(3\.[0-9]{1,3})(?![0-9])")
_ARCHITECTURES: Mapping[str, Architecture] = {"amd64": "x86_64", "arm64": "arm64"}
GROUP_FILE = "the path of an endpoint group's YAML file"
PROVIDER_FILE = "the path of a trigger provider's YAML file"


def _check_name(name: YamlValue, diagnostics: Diagnostics) -> bool:
    if expect_text(name, diagnostics, "the plugin's name") is None:
        return False
    if not NAME.fullmatch(name.text):
        diagnostics.error(
            "invalid-value",
            f"{name.text!r} can't be a plugin's name; expected 1 to 128 of a-z, 0-9, _ and -",
            name.place,
            key=name.key,
        )
    return True  # else what is said of its files would lack it


_NAME = Shape(
    {
        "anyOf": [
            {"type": "string", "pattern": f"^(?:{NAME.pattern})$"},
            {"type": ["number", "boolean"]},
        ]
    },
    _check_name,
)
_STORAGE = Record(
    "a mapping",
    (
        Field("enabled", TRUTH),
        Field("size", or_null(BYTES), "Bytes that session.storage may hold."),
    ),
    or_null=True,
)
_PERMISSION = Record("a mapping", (Field("storage", _STORAGE.shape),), or_null=True)
_RESOURCE = Record(
    "a mapping",
    (
        Field("memory", anything(), "Bytes; raises the function's default memory."),
        Field("permission", _PERMISSION.shape),
    ),
    or_null=True,
)
_PLUGINS = Record(
    "a mapping with endpoints",
    (
        Field(
            "endpoints",
            or_null(listing(anything(TEXT_SCHEMA), "a list of endpoint groups' YAML files")),
            "The YAML files of endpoint groups, from the plugin's folder.",
        ),
        Field(
            "triggers",
            or_null(listing(anything(TEXT_SCHEMA), "a list of trigger providers' YAML files")),
            "The YAML files of trigger providers, likewise.",
        ),
    ),
)
# Of the two, one has to be there and have something.
_ONE_OF = [
    {"required": [name], "properties": {name: {"type": "array", "minItems": 1}}}
    for name in ("endpoints", "triggers")
]
_PLUGINS_SHAPE = Shape({**_PLUGINS.schema, "anyOf": _ONE_OF}, _PLUGINS.shape.check)
_RUNNER = {"properties": {"version": {"description": 'The Python it is for, such as "3.13".'}}}
_META = {
    "properties": {
        "arch": {"description": "amd64 and arm64, or one of them."},
        "runner": _RUNNER,
    }
}
MANIFEST_RECORD = Record(
    "a mapping with name and plugins",
    (
        Field("name", _NAME, "1 to 128 of a-z, 0-9, _ and -", expected="the plugin's name"),
        Field("version", anything(), "The plugin's version."),
        Field("author", anything(), "Who publishes it."),
        Field("label", TEXTS, "What Dify calls the plugin."),
        Field("description", TEXTS, "What the plugin does."),
        Field("resource", _RESOURCE.shape),
        Field("plugins", _PLUGINS_SHAPE, expected=GROUP_FILE),
        Field("meta", anything(_META)),
    ),
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says that matters here. `storage_size` is in bytes."""

    name: str
    version: str
    author: str
    description: str
    group_files: tuple[YamlValue, ...]
    provider_files: tuple[YamlValue, ...]  # of triggers
    tool_files: tuple[YamlValue, ...]  # of providers of tools
    storage_enabled: bool
    storage_size: int | None
    place: Place  # of the name
    label: Mapping[str, str] = field(default_factory=dict)  # by language
    declared: Declared = field(default_factory=Declared)
    descriptions: Mapping[str, str] = field(default_factory=dict)  # by language
    icon: str | None = None  # as the manifest names it


def read_manifest(folder: PluginFolder, diagnostics: Diagnostics) -> Manifest | None:
    """Read the manifest of the plugin in `folder`; None after a fault that leaves nothing to read.

    Only what is used is checked: what else Dify wants of a manifest is Dify's to say.
    """
    display = folder.display_of(MANIFEST)
    if not is_file(folder.root / MANIFEST):
        other = next(
            (name for name in ("manifest.yml", "manifest.json") if exists(folder.root / name)),
            None,
        )
        diagnostics.error(
            "no-manifest",
            f"there is no {MANIFEST}{unseen(folder.root / MANIFEST)}, so this is not a plugin",
            Place(display),
            hint=f"rename {other} to manifest.yaml"
            if other
            else "name the plugin's own folder, or make a new plugin: packager init NAME",
        )
        return None
    if not folder.holds(folder.root / MANIFEST):
        diagnostics.error("outside-plugin", "is a link that leaves the plugin", Place(display))
        return None
    top = read_yaml(folder.root / MANIFEST, display, diagnostics)
    if top is None or not MANIFEST_RECORD.shape.check(top, diagnostics):
        return None
    name = MANIFEST_RECORD["name"].take(top, diagnostics)
    enabled, size = _storage(top, diagnostics)
    descriptions = i18n_texts(top.entries.get("description"))
    groups, providers = _files(top, diagnostics)
    return Manifest(
        name=name.text if name else "",
        version=_optional_text(top, "version", diagnostics),
        author=_optional_text(top, "author", diagnostics),
        description=_description(descriptions),
        group_files=groups,
        provider_files=providers,
        tool_files=tools.items if (tools := _at(top, "plugins", "tools")) else (),
        storage_enabled=enabled,
        storage_size=size,
        place=name.place if name else top.place,
        label=i18n_texts(top.entries.get("label")),
        declared=_declared(top),
        descriptions=descriptions,
        icon=_icon(top.entries.get("icon")),
    )


def _files(
    top: YamlValue, diagnostics: Diagnostics
) -> tuple[tuple[YamlValue, ...], tuple[YamlValue, ...]]:
    """Return the files of endpoint groups, and those of trigger providers."""
    plugins = top.entries.get("plugins")
    place = plugins.place if plugins else top.place
    if plugins is not None and plugins.value is not None:
        if not _PLUGINS.shape.check(plugins, diagnostics):
            return (), ()
        before = len(diagnostics.errors)
        groups, providers = (
            node.items if (node := _PLUGINS[name].take(plugins, diagnostics)) else ()
            for name in ("endpoints", "triggers")
        )
        if groups or providers or len(diagnostics.errors) > before:
            return groups, providers
        endpoints = plugins.entries.get("endpoints")
        place = endpoints.place if endpoints is not None else place
    others = sorted({*plugins.entries} - {"endpoints", "triggers"}) if plugins else []
    diagnostics.error(
        "no-group",
        "the plugin declares no endpoint group; expected " + GROUP_FILE,
        place,
        key="plugins.endpoints",
        hint=f"only endpoints and triggers can be packaged; this plugin has {', '.join(others)}"
        if others
        else "list the group's file, such as group/webhook.yaml, under plugins.endpoints",
    )
    return (), ()


def _storage(top: YamlValue, diagnostics: Diagnostics) -> tuple[bool, int | None]:
    node = top
    for record, name in (
        (MANIFEST_RECORD, "resource"),
        (_RESOURCE, "permission"),
        (_PERMISSION, "storage"),
    ):
        entry = record[name].take(node, diagnostics)
        if entry is None or entry.value is None:
            return False, None
        node = entry
    size = _STORAGE["size"].take(node, diagnostics)
    enabled = is_true(_STORAGE["enabled"].take(node, diagnostics))
    return enabled, size.value if size and isinstance(size.value, int) else None


def _declared(top: YamlValue) -> Declared:
    """Return what the manifest says of where it runs; what is odd there is Dify's to say."""
    memory = _at(top, "resource", "memory")
    version = _at(top, "meta", "runner", "version")
    arch = _at(top, "meta", "arch")
    names = [item.text for item in arch.items] if arch else []
    found = _PYTHON.match(version.text) if version else None
    has_memory = memory is not None and type(memory.value) is int and memory.value > 0
    return Declared(
        python=found[1] if found else None,
        python_place=version.place if version else None,
        memory=memory.value if memory and has_memory and isinstance(memory.value, int) else None,
        architectures=tuple(each for name, each in _ARCHITECTURES.items() if name in names),
    )


def _at(node: YamlValue | None, *names: str) -> YamlValue | None:
    for name in names:
        node = node.entries.get(name) if node else None
    return node


def _optional_text(top: YamlValue, name: str, diagnostics: Diagnostics) -> str:
    node = top.entries.get(name)
    if node is None or node.value is None or node.text == "":
        return ""
    return expect_text(node, diagnostics) or ""


def _icon(node: YamlValue | None) -> str | None:
    return node.value if node is not None and isinstance(node.value, str) and node.value else None


def _description(texts: Mapping[str, str]) -> str:
    """Return the description in English, else in the first language there is."""
    return texts.get("en_US") or next(iter(texts.values()), "")


def i18n_texts(node: YamlValue | None) -> dict[str, str]:
    """Return the texts of an i18n object by language; a bare text counts as English."""
    if node is None or node.value is None:
        return {}
    if node.kind == "a mapping":
        return {language: entry.text for language, entry in node.entries.items() if entry.text}
    return {"en_US": node.text} if node.text else {}
