"""Reads what answers calls back to Dify, the tables `apps`, `dify`, `models` and `tools`, and lays
what is said for a group over what is said for all."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any

from packager.config.calls.models import check_models, models_of, read_models
from packager.config.calls.tools import read_tools
from packager.config.dify import check_inner, inner_of, read_apps, read_dify
from packager.config.tables import Report
from packager.dataclass import dataclass
from packager.errors import Code, Diagnostics
from packager.inputs.toml_positions import KeyPath
from packager.model.calls import Tool
from packager.model.options import Options, Source

TABLES = ("apps", "dify", "models", "tools")


@dataclass(slots=True)
class Calls:
    """What the four tables say, checked: by their keys, but for the sources of tools' keys."""

    apps: dict[str, Source] = field(default_factory=dict)
    dify: dict[str, Any] = field(default_factory=dict)
    models: dict[str, Any] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    tool_keys: dict[str, Source] = field(default_factory=dict)

    def read(self, name: str, value: object, path: KeyPath, root: Path, report: Report) -> None:
        """Take in one of the tables; `root` is the plugin's folder."""
        match name:
            case "apps":
                self.apps = dict(read_apps(value, path, report))
            case "dify":
                self.dify = read_dify(value, path, report)
            case "models":
                self.models = read_models(value, path, report)
            case "tools":
                self.tools, self.tool_keys = read_tools(value, path, root, report)

    def lay(self, over: Calls) -> None:
        """Lay what another table says over this: key by key, models' names and tools one by one."""
        self.apps |= over.apps
        self.dify |= over.dify
        names = {**self.models.get("names", {}), **over.models.get("names", {})}
        self.models |= over.models | ({"names": names} if names else {})
        for name in over.tools:  # its keys, if it had some, are no longer read
            mine = f"tools.{name}."
            self.tool_keys = {k: v for k, v in self.tool_keys.items() if not k.startswith(mine)}
        self.tools |= over.tools
        self.tool_keys |= over.tool_keys

    def options(self) -> dict[str, Any]:
        """Return what it makes of Options."""
        models, models_key = models_of(self.models)
        inner, inner_key = inner_of(self.dify)
        return {
            "apps": self.apps,
            "dify_base_url": self.dify.get("base_url"),
            "dify_inner": inner,
            "models": models,
            "tools": self.tools,
            "keys": models_key | inner_key | self.tool_keys,
        }


def check_calls(option: Options, diagnostics: Diagnostics) -> None:
    """Note what the tables of a group leave out, or have that contradicts itself."""

    def report(
        code: Code, message: str, path: KeyPath, hint: str | None, place: KeyPath | None
    ) -> None:
        key = ".".join(map(str, path))
        diagnostics.error(code, message, option.place(key), key=key, hint=hint)

    check_models(option, report)
    check_inner(option, report)
