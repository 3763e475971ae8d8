"""Finds the tools that a plugin declares itself: its endpoints may call them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from packager.errors import Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.yaml_tree import YamlValue, read_yaml
from packager.model.calls import Credential, DeclaredTool, ToolParameter

_YAML = (".yaml", ".yml")
_TEXTS = ("secret-input", "select", "string", "text-input")


def read_own_tools(folder: PluginFolder, providers: Iterable[YamlValue]) -> dict[str, DeclaredTool]:
    """Return the plugin's tools by `provider/tool`.

    `providers` are the files that the manifest lists under `plugins.tools`. What is wrong with one
    is Dify's to say: here it is no tool.
    """
    unsaid = Diagnostics()
    found: dict[str, DeclaredTool] = {}
    for reference in providers:
        provider = _read(folder, reference, unsaid)
        name = _text(provider, "identity", "name")
        tools = provider.entries.get("tools") if provider else None
        for each in tools.items if tools is not None else ():
            tool = _read(folder, each, unsaid)
            source = _at(tool, "extra", "python", "source")
            file = source and folder.resolve(source, unsaid, what="", suffixes=(".py",))
            own = _text(tool, "identity", "name")
            if name and own and file:
                found[f"{name}/{own}"] = DeclaredTool(file, _parameters(tool))
    return found


def _parameters(tool: YamlValue | None) -> dict[str, ToolParameter]:
    declared = _at(tool, "parameters")
    found: dict[str, ToolParameter] = {}
    for each in declared.items if declared is not None else ():
        name, kind = _text(each, "name"), _text(each, "type")
        required, options = _at(each, "required"), _at(each, "options")
        if name and kind:
            found[name] = ToolParameter(
                kind,
                _text(each, "form") == "form",
                required is not None and required.value is True,
                _default(_at(each, "default"), kind),
                _values(options.items if options is not None else ()),
            )
    return found


def _values(options: Iterable[YamlValue]) -> tuple[str, ...]:
    found = (_at(each, "value") for each in options)
    return tuple(each.text for each in found if each is not None)


def read_credentials(
    folder: PluginFolder, providers: Iterable[YamlValue]
) -> tuple[Credential, ...]:
    """Return the credentials that the same providers declare, in both forms that Dify reads."""
    unsaid = Diagnostics()
    found: list[Credential] = []
    for reference in providers:
        provider = _read(folder, reference, unsaid)
        declared = _at(provider, "credentials_for_provider")
        if declared is None:
            continue
        named = {**declared.entries} or {_text(each, "name"): each for each in declared.items}
        for name, each in named.items():
            required, default = _at(each, "required"), _at(each, "default")
            found.append(
                Credential(
                    _text(provider, "identity", "name"),
                    name,
                    required is not None and required.value is True,
                    _default(default, _text(each, "type")),
                    each.key_place or each.place,
                )
            )
    return tuple(found)


def _default(default: YamlValue | None, kind: str) -> Any:
    """Return a default as Dify gives it to tools: text, where the type is one of text."""
    if default is None or default.value is None:
        return None
    return default.text if kind in _TEXTS and default.text else default.plain()


def _read(folder: PluginFolder, reference: YamlValue, unsaid: Diagnostics) -> YamlValue | None:
    file = folder.resolve(reference, unsaid, what="", suffixes=_YAML)
    if file is None:
        return None
    return read_yaml(folder.root / file, folder.display_of(file), unsaid)


def _at(node: YamlValue | None, *names: str) -> YamlValue | None:
    for name in names:
        node = node.entries.get(name) if node else None
    return node


def _text(node: YamlValue | None, *names: str) -> str:
    found = _at(node, *names)
    return found.text if found is not None and isinstance(found.value, str) else ""
