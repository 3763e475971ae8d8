"""Reads what a plugin says it depends on: pyproject.toml with uv.lock, or requirements.txt."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packager.config_files import ConfigTable, parse_toml, read_toml
from packager.errors import FaultCollector, Place
from packager.permissions import Permissions, SourcePolicy
from packager.requirement_rules import RequirementRules
from packager.requirements_file import Declared, parse_requirement, read_requirements_file
from packager.sdk_set import SDK
from packager.uv_config import UvConfig, read_uv_config


@dataclass(frozen=True, slots=True)
class Requirements:
    """A plugin's declared dependencies. `file` names where they are from, "" if nowhere.

    `options` are index options for uv's command line; `locked` says that a uv.lock lies beside
    the pyproject.toml they are from.
    """

    root: Path
    file: str = ""
    declared: tuple[Declared, ...] = ()
    constraints: tuple[Declared, ...] = ()
    options: tuple[str, ...] = ()
    locked: bool = False
    policy: SourcePolicy = field(default_factory=SourcePolicy)  # whether sources are built, and how
    expanded: Mapping[str, str] = field(default_factory=dict)  # the variables that were put in
    allowed: frozenset[str] = frozenset()  # the variables that were named for it
    uv: UvConfig = field(default_factory=UvConfig)

    @property
    def names(self) -> frozenset[str]:
        """The normalised names of what is declared."""
        return frozenset(declared.name for declared in self.declared)

    @property
    def without_sdk(self) -> tuple[Declared, ...]:
        """What is declared but for `dify_plugin`."""
        return tuple(declared for declared in self.declared if declared.name != SDK)

    @property
    def has_paths(self) -> bool:
        """Whether something here is a path, whose contents may change while its name stays."""
        lines = (*self.declared, *self.constraints)
        return any(line.local for line in lines) or "--find-links" in self.options

    def place_of(self, name: str) -> Place | None:
        """Give where the distribution `name` is declared, None if it is not."""
        return next((line.place for line in self.declared if line.name == name), None)


def read_requirements(
    root: Path,
    display: str,
    faults: FaultCollector,
    *,
    package: bool = False,
    permissions: Permissions | None = None,
) -> Requirements:
    """Read the dependencies of the plugin in `root`, which messages call `display`.

    A pyproject.toml counts where it has `[project].dependencies`, as in Dify; else it is
    requirements.txt, else there are none. What can't be read is an error in `faults`, and so is
    what a plugin (a `package`, or a folder) may not ask for without `permissions`; those are None
    where nothing will be built.
    """
    rules = RequirementRules(root, package, permissions, faults)
    found = _read(root, display, faults, rules)
    policy = (permissions or Permissions()).policy(package=package)
    if permissions is not None:
        _refuse_sources(found, policy, faults)
    return replace(
        found,
        policy=policy,
        expanded=rules.expanded,
        allowed=permissions.variables if permissions else frozenset(),
        uv=read_uv_config(root, display, faults, rules) if permissions else UvConfig(),
    )


def _refuse_sources(found: Requirements, policy: SourcePolicy, faults: FaultCollector) -> None:
    """Note each path and address of source that would have to be built and may not be."""
    if policy.mode != "refuse" and policy.named:
        return
    for line in found.declared:
        if line.is_source:
            what = "a folder or an archive of source" if line.local else "the address of source"
            faults.error(
                f"is {what}: building it would run its code"
                + ("" if policy.mode == "refuse" else ", which a package may not bring along"),
                line.place,
                hint="--source-builds=isolated builds it without your environment, and without "
                "network where this machine can (docs/security.md)",
            )


def _read(
    root: Path, display: str, faults: FaultCollector, rules: RequirementRules
) -> Requirements:
    text_file = root / "requirements.txt"
    text_display = str(PurePosixPath(display) / text_file.name)
    pyproject = read_toml(root, display, "pyproject.toml", faults)
    if pyproject:
        requirements = _from_pyproject(root, display, pyproject, faults, rules)
        if requirements:
            return requirements
    if text_file.is_file() and _is_inside(text_file, root):
        read = read_requirements_file(text_file, root, display, faults, rules)
        return Requirements(
            root, text_display, tuple(read.declared), tuple(read.constraints), tuple(read.options)
        )
    if os.path.lexists(text_file):
        faults.error("is no file of the plugin", Place(text_display))
    elif pyproject:
        _warn_of_others(pyproject, faults)
    return Requirements(root)


def _is_inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _warn_of_others(pyproject: ConfigTable, faults: FaultCollector) -> None:
    """Note dependencies that are said in a way which is not read, where no other says them."""
    project = _table(pyproject.values, "project")
    poetry = _table(_table(pyproject.values, "tool"), "poetry")
    for found, path in (
        (_lists(project.get("dynamic"), "dependencies"), ("project", "dynamic")),
        ("dependencies" in poetry, ("tool", "poetry", "dependencies")),
    ):
        if found:
            faults.warn(
                "dependencies said in this way are not read, and none are installed",
                pyproject.place(path),
                key=".".join(path),
                hint="list them under project.dependencies, or in a requirements.txt",
            )


def _from_pyproject(
    root: Path,
    display: str,
    pyproject: ConfigTable,
    faults: FaultCollector,
    rules: RequirementRules,
) -> Requirements | None:
    file = pyproject.file
    dependencies = _table(pyproject.values, "project").get("dependencies")
    if dependencies is None:
        return None
    at = ("project", "dependencies")
    if not isinstance(dependencies, list):
        faults.error(
            "expected a list of requirements", pyproject.place(at), key="project.dependencies"
        )
        return Requirements(root, file)
    declared = []
    for index, item in enumerate(dependencies):
        key = f"project.dependencies[{index}]"
        place = pyproject.place((*at, index))
        if not isinstance(item, str):
            faults.error("expected a requirement as text", place, key=key)
            continue
        expanded = rules.expand(item, place)
        read = parse_requirement(expanded, place, faults, rules) if expanded is not None else None
        if read:
            declared.append(read)
    sources = _table(_table(_table(pyproject.values, "tool"), "uv"), "sources")
    placed = [
        _from_source(read, sources.get(_key(sources, read.name)), root, rules) for read in declared
    ]
    locked = _is_locked(root, display, faults)
    return Requirements(root, file, tuple(placed), locked=locked)


def _is_locked(root: Path, display: str, faults: FaultCollector) -> bool:
    """Tell whether there is a uv.lock; what is in it is uv's to say, if it is a lock at all."""
    path = root / "uv.lock"
    file = str(PurePosixPath(display) / path.name)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as error:
        faults.error(f"can't be read: {error.strerror}", Place(file))
        return True
    lock = parse_toml(content, file, faults)
    if lock is not None and "version" not in lock:
        hint = "make it anew with `uv lock`, or remove it"
        faults.error("is no lock file of uv's: it has no version", Place(file), hint=hint)
    return True


def _from_source(declared: Declared, source: Any, root: Path, rules: RequirementRules) -> Declared:
    """Apply `[tool.uv.sources]` (uv's documentation, "Dependency sources") to one requirement."""
    if not isinstance(source, dict):
        return declared
    head, _, marker = declared.text.partition(";")
    matched = re.match(r"\s*[\w.-]+\s*(\[[^\]]*\])?", head)
    name = re.sub(r"\s", "", matched[0]) if matched else declared.name
    subdirectory = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
    local = False
    if "git" in source:
        revision = next((source[key] for key in ("rev", "tag", "branch") if key in source), None)
        url = f"git+{source['git']}{f'@{revision}' if revision else ''}{subdirectory}"
    elif "url" in source:
        url = f"{source['url']}{subdirectory}"
    elif "path" in source:
        path = (root / str(source["path"])).resolve()
        rules.path(path, str(source["path"]), declared.place)
        url, local = path.as_uri(), True
    else:
        return declared  # an index, which uv finds in the pyproject itself
    if not local:
        expanded = rules.expand(url, declared.place)
        if expanded is None:
            return declared
        url = expanded
        if re.match(r"(git\+)?file:", url):
            rules.path(Path(url2pathname(urlsplit(url).path)), url, declared.place)
            local = True
        else:
            rules.address(url, declared.place)
    suffix = f" ;{marker}" if marker else ""
    return Declared(f"{name} @ {url}{suffix}", declared.name, declared.place, local)


def _lists(value: object, item: str) -> bool:
    return isinstance(value, list) and item in value


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _key(sources: Mapping[str, Any], name: str) -> str:
    return next((key for key in sources if key.lower().replace("_", "-") == name), name)
