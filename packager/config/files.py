"""Reads the tables that configure a plugin: pyproject.toml's [tool.packager], or packager.toml."""

from __future__ import annotations

from pathlib import Path

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.suggestions import did_you_mean
from packager.inputs.toml_file import ConfigTable, read_toml


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a plugin's folder says of how to package it."""

    table: ConfigTable | None
    requires_python: str | None
    requires_python_place: Place | None = None


def read_config_files(root: Path, display: str, diagnostics: Diagnostics) -> Configuration:
    """Read the configuration in the plugin's folder `root`; what is faulty counts as absent."""
    pyproject = read_toml(root, display, "pyproject.toml", diagnostics)
    packager = read_toml(root, display, "packager.toml", diagnostics)
    tool_table: ConfigTable | None = None
    requires: str | None = None
    requires_place: Place | None = None
    if pyproject is not None:
        tool = pyproject.values.get("tool")
        ours = tool.get("packager") if isinstance(tool, dict) else None
        if isinstance(ours, dict):
            prefix = ("tool", "packager")
            tool_table = ConfigTable(ours, pyproject.file, prefix, pyproject.positions)
        elif ours is not None:
            place = pyproject.place(("tool", "packager"))
            diagnostics.error("wrong-type", "expected a table", place, key="tool.packager")
        elif isinstance(tool, dict) and did_you_mean("packager", tool):
            wrong = next(name for name in tool if did_you_mean("packager", [name]))
            place = pyproject.place(("tool", wrong))
            diagnostics.warn(
                "ignored-table",
                "is not read; the table is called tool.packager",
                place,
                key=f"tool.{wrong}",
            )
        project = pyproject.values.get("project")
        if isinstance(project, dict) and isinstance(project.get("requires-python"), str):
            requires = project["requires-python"]
            requires_place = pyproject.place(("project", "requires-python"))
    if tool_table is not None and packager is not None:
        diagnostics.error(
            "configured-twice",
            f"the plugin is configured here and in {tool_table.file}; expected one of the two",
            packager.place(()),
            hint="move everything into one file, and remove the other's tables",
        )
    return Configuration(tool_table or packager, requires, requires_place)
