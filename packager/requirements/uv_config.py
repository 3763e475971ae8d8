"""Decides what of a plugin's own configuration of uv holds: what says where packages are, alone.

uv reads [tool.uv] or uv.toml in the folder it runs in, and there are keys that would choose its
cache, run a program for passwords, or compile with another Python. So it runs elsewhere: in a
folder with what is listed here, checked as requirements are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.inputs.toml_file import ConfigTable, read_toml
from packager.paths import real_path
from packager.requirements.lock_file import toml
from packager.requirements.rules import RequirementRules

# uv's documentation, "Settings".
_TAKEN = frozenset(
    {
        *("index", "index-url", "extra-index-url", "no-index", "find-links", "index-strategy"),
        *("prerelease", "resolution", "exclude-newer", "exclude-newer-package"),
        *("dependency-metadata", "override-dependencies", "constraint-dependencies"),
        *("exclude-dependencies", "allow-insecure-host"),
    }
)
_OF_REQUIREMENTS = ("override-dependencies", "constraint-dependencies")
_OF_ADDRESSES = ("index-url", "extra-index-url", "find-links")
# They say how uv works on this machine, which is not for a plugin to say.
_LEFT_OUT = frozenset(
    {
        *("cache-dir", "keyring-provider", "compile-bytecode", "no-build-isolation", "offline"),
        *("no-build-isolation-package", "python-downloads", "python-preference", "link-mode"),
        *("native-tls", "system-certs", "concurrent-builds", "required-version", "publish-url"),
    }
)
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_DIRECT = re.compile(r"\s@\s*(\S+)")


@dataclass(frozen=True, slots=True)
class UvConfig:
    """`text` is the uv.toml that holds for a plugin; None if the plugin has none of its own.

    `indexes` are the names of the indexes in it, as variables for their passwords have them.
    """

    text: str | None = None
    indexes: tuple[str, ...] = ()

    @property
    def password_variables(self) -> tuple[str, ...]:
        """The variables whose values uv would send to an index of these names."""
        kinds = ("USERNAME", "PASSWORD")
        return tuple(f"UV_INDEX_{name}_{kind}" for name in self.indexes for kind in kinds)


def read_uv_config(
    root: Path, display: str, diagnostics: Diagnostics, rules: RequirementRules
) -> UvConfig:
    """Return what holds of the configuration of uv in the plugin's folder `root`."""
    table = read_toml(root, display, "uv.toml", diagnostics)
    if table is None:
        pyproject = read_toml(root, display, "pyproject.toml", diagnostics)
        tool = pyproject.values.get("tool") if pyproject else None
        ours = tool.get("uv") if isinstance(tool, dict) else None
        if pyproject is None or not isinstance(ours, dict):
            return UvConfig("" if rules.package else None)
        table = ConfigTable(ours, pyproject.file, ("tool", "uv"), pyproject.positions)
    values = dict(table.values)
    lower = values.get("pip")
    inner = lower if isinstance(lower, dict) else {}
    taken = {key: value for key, value in values.items() if key in _TAKEN}
    taken |= {key: value for key, value in inner.items() if key in _TAKEN}
    for key in sorted(_LEFT_OUT.intersection({*values, *inner})):
        diagnostics.warn(
            "ignored-table",
            "is not taken from a plugin: it says how uv works on this machine",
            table.place((key,) if key in values else ("pip", key)),
            key=table.key((key,)),
            hint="set it for yourself, in uv's own configuration or environment",
        )
    checked = {key: _checked(key, value, root, table, rules) for key, value in taken.items()}
    indexes = checked.get("index", [])
    names = [each["name"] for each in indexes if isinstance(each, dict) and "name" in each]
    return UvConfig(
        "".join(f"{toml(str(key))} = {toml(value)}\n" for key, value in checked.items()),
        tuple(re.sub(r"[^A-Z0-9]", "_", str(name).upper()) for name in names),
    )


def _checked(key: str, value: Any, root: Path, table: ConfigTable, rules: RequirementRules) -> Any:
    """Return the value of one key with its paths absolute; what `rules` refuse is left out."""
    place = table.place((key,))

    def address(text: str) -> str:
        if _URL.match(text) and not text.startswith("file:"):
            rules.address(text, place)
            return text
        path = root / text.removeprefix("file://")
        rules.path(path, text, place)
        real = real_path(path)
        return real.as_uri() if key != "find-links" else str(real)

    def requirement(text: str) -> str:
        found = _DIRECT.search(text)
        if found:
            address(found[1].partition("+")[2] if found[1].startswith("git+") else found[1])
        return text

    value = _expanded(value, lambda text: rules.expand(text, place) or "")
    if key == "index" and isinstance(value, list):
        return [
            each | {"url": address(each["url"])}
            for each in value
            if isinstance(each, dict) and isinstance(each.get("url"), str)
        ]
    if key == "allow-insecure-host":
        for host in value if isinstance(value, list) else [value]:
            rules.address(str(host), place)
        return value
    how = {**dict.fromkeys(_OF_ADDRESSES, address), **dict.fromkeys(_OF_REQUIREMENTS, requirement)}
    if key in how and isinstance(value, str):
        return how[key](value)
    if key in how and isinstance(value, list):
        return [how[key](each) if isinstance(each, str) else each for each in value]
    if key == "dependency-metadata":
        for text in _texts(value):
            requirement(text)
    return value


def _expanded(value: Any, expand: Callable[[str], str]) -> Any:
    match value:
        case str():
            return expand(value)
        case list():
            return [_expanded(each, expand) for each in value]
        case dict():
            return {key: _expanded(each, expand) for key, each in value.items()}
        case _:
            return value


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)
