"""Applies `[tool.uv.sources]` to requirements: where uv gets a package from but an index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from packager.errors import Diagnostics
from packager.paths import real_path
from packager.requirements.hashes import stated_in
from packager.requirements.requirements_txt import Declared
from packager.requirements.rules import RequirementRules
from packager.requirements.uv_workspace import Workspace


def apply_sources(
    declared: Declared,
    pyproject: Mapping[str, Any],
    root: Path,
    workspace: Workspace | None,
    diagnostics: Diagnostics,
    rules: RequirementRules,
) -> list[Declared]:
    """Return what one requirement of the project in `root` becomes (uv's documentation,
    "Dependency sources"): itself with an address or an index, or one for each of several sources.

    Those of a workspace's root hold for its members. What names nothing is an error in
    `diagnostics`.
    """
    found = _source_of(pyproject, declared.name)
    base = root
    if found is None and workspace:
        found, base = _source_of(workspace.pyproject, declared.name), workspace.root
    sources = found if isinstance(found, list) else [found]
    made = [
        _with_source(declared, source, base, workspace, diagnostics, rules)
        for source in sources
        if isinstance(source, dict)
    ]
    return made or [declared]


def _source_of(pyproject: Mapping[str, Any], name: str) -> Any:
    table: Any = pyproject
    for key in ("tool", "uv", "sources"):
        table = table.get(key) if isinstance(table, dict) else None
    for key, source in table.items() if isinstance(table, dict) else ():
        if canonicalize_name(key) == name:
            return source
    return None


def _with_source(
    declared: Declared,
    source: Mapping[str, Any],
    base: Path,
    workspace: Workspace | None,
    diagnostics: Diagnostics,
    rules: RequirementRules,
) -> Declared:
    head, _, marker = declared.text.partition(";")
    matched = re.match(r"\s*[\w.-]+\s*(\[[^\]]*\])?", head)
    name = re.sub(r"\s", "", matched[0]) if matched else declared.name
    suffix = _marker(marker, source.get("marker"))
    inside = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
    local = False
    if "index" in source:
        return replace(declared, text=f"{head.strip()}{suffix}", index=str(source["index"]))
    if "git" in source:
        revision = next((source[key] for key in ("rev", "tag", "branch") if key in source), None)
        url = f"git+{source['git']}{f'@{revision}' if revision else ''}{inside}"
    elif "url" in source:
        url = f"{source['url']}{inside}"
    elif "path" in source:
        path = real_path(base / str(source["path"]))
        rules.path(path, str(source["path"]), declared.place)
        url, local = path.as_uri() + inside, True
    elif source.get("workspace"):
        folder = workspace.members.get(declared.name) if workspace else None
        if folder is None:
            where = f"the workspace in {workspace.root}" if workspace else "any workspace here"
            diagnostics.error(
                "not-in-workspace",
                f"{declared.name} is to come from a workspace, and is not a member of {where}",
                declared.place,
                hint="list its folder in members of [tool.uv.workspace], in the workspace's root",
            )
            return declared
        rules.path(folder, str(folder), declared.place)
        url, local = folder.as_uri(), True
    else:
        return declared
    if not local:
        expanded = rules.expand(url, declared.place)
        if expanded is None:
            return declared
        url = expanded
        local = bool(rules.source(url, declared.place))
    hashes = tuple(stated_in(url)[0])
    return replace(declared, text=f"{name} @ {url}{suffix}", local=local, hashes=hashes)


def _marker(own: str, source: object) -> str:
    both = [each.strip() for each in (own, str(source or "")) if each.strip()]
    joined = f"({both[0]}) and ({both[1]})" if len(both) == 2 else "".join(both)
    return f" ; {joined}" if joined else ""
