"""Reads a plugin's manifest.yaml: its name, and the files of its endpoint groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from packager.errors import Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.yaml_fields import (
    expect_bool,
    expect_entry,
    expect_list,
    expect_mapping,
    expect_text,
    wrong_type,
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


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says that matters here. `storage_size` is in bytes."""

    name: str
    version: str
    author: str
    description: str
    group_files: tuple[YamlValue, ...]
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
            hint=f"rename {other} to manifest.yaml" if other else "name the plugin's own folder",
        )
        return None
    if not folder.holds(folder.root / MANIFEST):
        diagnostics.error("outside-plugin", "is a link that leaves the plugin", Place(display))
        return None
    top = read_yaml(folder.root / MANIFEST, display, diagnostics)
    if top is None or expect_mapping(top, diagnostics, "a mapping with name and plugins") is None:
        return None
    name = _name(top, diagnostics)
    enabled, size = _storage(top, diagnostics)
    descriptions = i18n_texts(top.entries.get("description"))
    return Manifest(
        name=name.text if name else "",
        version=_optional_text(top, "version", diagnostics),
        author=_optional_text(top, "author", diagnostics),
        description=_description(descriptions),
        group_files=_group_files(top, diagnostics),
        storage_enabled=enabled,
        storage_size=size,
        place=name.place if name else top.place,
        label=i18n_texts(top.entries.get("label")),
        declared=_declared(top),
        descriptions=descriptions,
        icon=_icon(top.entries.get("icon")),
    )


def _name(top: YamlValue, diagnostics: Diagnostics) -> YamlValue | None:
    name = expect_entry(top, "name", diagnostics, "the plugin's name")
    if name is None or expect_text(name, diagnostics, "the plugin's name") is None:
        return None
    if not NAME.fullmatch(name.text):
        diagnostics.error(
            "invalid-value",
            f"{name.text!r} can't be a plugin's name; expected 1 to 128 of a-z, 0-9, _ and -",
            name.place,
            key=name.key,
        )
    return name


def _group_files(top: YamlValue, diagnostics: Diagnostics) -> tuple[YamlValue, ...]:
    plugins = top.entries.get("plugins")
    if plugins is not None and plugins.value is not None:
        if expect_mapping(plugins, diagnostics, "a mapping with endpoints") is None:
            return ()
        endpoints = plugins.entries.get("endpoints")
        if endpoints is not None and endpoints.value is not None:
            files = expect_list(endpoints, diagnostics, "a list of endpoint groups' YAML files")
            if files is None or files:
                return files or ()
            plugins = endpoints
    others = sorted(plugins.entries) if plugins else []
    diagnostics.error(
        "no-group",
        "the plugin declares no endpoint group; expected " + GROUP_FILE,
        plugins.place if plugins else top.place,
        key="plugins.endpoints",
        hint=f"only endpoints can be packaged; this plugin has {', '.join(others)}"
        if others
        else "list the group's file, such as group/webhook.yaml, under plugins.endpoints",
    )
    return ()


def _storage(top: YamlValue, diagnostics: Diagnostics) -> tuple[bool, int | None]:
    node = top
    for name in ("resource", "permission", "storage"):
        entry = node.entries.get(name)
        if entry is None or entry.value is None:
            return False, None
        if expect_mapping(entry, diagnostics) is None:
            return False, None
        node = entry
    size = node.entries.get("size")
    if size is None or size.value is None:
        return expect_bool(node.entries.get("enabled"), diagnostics), None
    if isinstance(size.value, bool) or not isinstance(size.value, int):
        wrong_type(size, "a number of bytes", diagnostics)
        return expect_bool(node.entries.get("enabled"), diagnostics), None
    return expect_bool(node.entries.get("enabled"), diagnostics), size.value


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
