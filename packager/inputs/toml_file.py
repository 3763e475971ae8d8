"""Reads TOML files of a plugin's folder as tables whose keys know their place."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import Any

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.bounded_file import read_bounded
from packager.inputs.toml_limits import TooMuch, load_toml
from packager.inputs.toml_positions import KeyPath, Position, nearest_position, toml_positions
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
        """Return where the key `path` of the table is written."""
        position = nearest_position(self.positions, (*self.prefix, *path))
        return Place(self.file, *position) if position else Place(self.file)

    def key(self, path: KeyPath) -> str:
        """Return the whole path of the key, for messages."""
        return ".".join(str(part) for part in (*self.prefix, *path))


def read_toml(root: Path, display: str, name: str, diagnostics: Diagnostics) -> ConfigTable | None:
    """Read the TOML file `name` in the plugin's folder; None if there is none, or after a fault."""
    path = root / name
    file = str(PurePosixPath(display) / name)
    if not is_file(path):
        if os.path.lexists(path):
            diagnostics.error("unreadable-file", f"is not a file{unseen(path)}", Place(file))
        return None
    if not is_inside(path, root):
        diagnostics.error("outside-plugin", "is a link that leaves the plugin", Place(file))
        return None
    content = read_bounded(path, file, diagnostics)
    if content is None:
        return None
    values = parse_toml(content, file, diagnostics)
    if values is None:
        return None
    positions = toml_positions(content.decode().removeprefix("\ufeff"))
    return ConfigTable(values, file, (), positions)


def parse_toml(content: bytes, file: str, diagnostics: Diagnostics) -> dict[str, Any] | None:
    """Return what TOML says; None after a fault in the file that messages call `file`."""
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
        return load_toml(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        diagnostics.error(
            "not-utf8",
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
        diagnostics.error(
            "invalid-toml", f"not valid TOML: {message[:1].lower()}{message[1:]}", place
        )
    except TooMuch as error:
        diagnostics.error("invalid-toml", str(error), Place(file, error.line))
    return None
