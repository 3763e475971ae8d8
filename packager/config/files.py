"""Reads the tables that configure a plugin: pyproject.toml's [tool.packager], or packager.toml."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from packager.errors import FaultCollector, Place
from packager.inputs.toml_limits import TooMuch, load_toml
from packager.inputs.toml_positions import KeyPath, Position, nearest_position, toml_positions
from packager.inputs.yaml_fields import did_you_mean
from packager.inputs.yaml_tree import MAX_FILE
from packager.paths import is_file, is_inside, unseen

_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class ConfigTable:
    """The configuration of one plugin as it was written, and where."""

    values: Mapping[str, Any]
    file: str  # how messages name it
    prefix: KeyPath = ()  # where in the file the table is
    positions: Mapping[KeyPath, Position] = field(default_factory=dict)

    def place(self, path: KeyPath) -> Place:
        """Give where the key `path` of the table is written."""
        position = nearest_position(self.positions, (*self.prefix, *path))
        return Place(self.file, *position) if position else Place(self.file)

    def key(self, path: KeyPath) -> str:
        """Give the whole path of the key, for messages."""
        return ".".join(str(part) for part in (*self.prefix, *path))


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a plugin's folder says of how to package it."""

    table: ConfigTable | None
    requires_python: str | None
    requires_python_place: Place | None = None


def read_config_files(root: Path, display: str, faults: FaultCollector) -> Configuration:
    """Read the configuration in the plugin's folder `root`; what is faulty counts as absent."""
    pyproject = read_toml(root, display, "pyproject.toml", faults)
    packager = read_toml(root, display, "packager.toml", faults)
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
            faults.error("expected a table", place, key="tool.packager")
        elif isinstance(tool, dict) and did_you_mean("packager", tool):
            wrong = next(name for name in tool if did_you_mean("packager", [name]))
            place = pyproject.place(("tool", wrong))
            faults.warn(
                "is not read; the table is called tool.packager", place, key=f"tool.{wrong}"
            )
        project = pyproject.values.get("project")
        if isinstance(project, dict) and isinstance(project.get("requires-python"), str):
            requires = project["requires-python"]
            requires_place = pyproject.place(("project", "requires-python"))
    if tool_table is not None and packager is not None:
        faults.error(
            f"the plugin is configured here and in {tool_table.file}; expected one of the two",
            packager.place(()),
            hint="move everything into one file, and remove the other's tables",
        )
    return Configuration(tool_table or packager, requires, requires_place)


def read_toml(root: Path, display: str, name: str, faults: FaultCollector) -> ConfigTable | None:
    """Read the TOML file `name` in the plugin's folder; None if there is none, or after a fault."""
    path = root / name
    file = str(PurePosixPath(display) / name)
    if not is_file(path):
        if os.path.lexists(path):
            faults.error(f"is no file{unseen(path)}", Place(file))
        return None
    if not is_inside(path, root):
        faults.error("is a link that leaves the plugin", Place(file))
        return None
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_FILE else b""
    except OSError as error:
        faults.error(f"can't be read: {error.strerror}", Place(file))
        return None
    if size > MAX_FILE:
        faults.error(f"has {size} bytes; at most {MAX_FILE} are read", Place(file))
        return None
    values = parse_toml(content, file, faults)
    if values is None:
        return None
    positions = toml_positions(content.decode().removeprefix("\ufeff"))
    return ConfigTable(values, file, (), positions)


def parse_toml(content: bytes, file: str, faults: FaultCollector) -> dict[str, Any] | None:
    """Give what TOML says; None after a fault in the file that messages call `file`."""
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
        return load_toml(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        faults.error(
            f"byte 0x{content[error.start]:02x} is not UTF-8",
            Place(file, line, column),
            hint="save the file as UTF-8",
        )
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        where = _WHERE.search(message)
        place = Place(file)
        if where:
            message = message[: where.start()]
            lines = text.split("\n")
            at = (where[1], where[2]) if where[1] else (len(lines), len(lines[-1]) + 1)
            place = Place(file, int(at[0]), int(at[1]))
        faults.error(f"not valid TOML: {message[:1].lower()}{message[1:]}", place)
    except TooMuch as error:
        faults.error(str(error), Place(file, error.line))
    return None
