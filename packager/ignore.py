"""Decides which of a plugin's files go into a bundle."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pathspec

from packager.errors import FaultCollector, Place

# Never part of a plugin: secrets for local runs, version control, caches, packaged copies of it.
_ALWAYS = """\
.env
.env.*
*.env
.git
.hg
.svn
__pycache__/
*.py[co]
.mypy_cache/
.pytest_cache/
.ruff_cache/
.DS_Store
*.difypkg
"""
_ASSETS = "_assets"
# Files in which a plugin may name its own assets.
_CODE = (".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".js", ".css")


@dataclass(frozen=True, slots=True)
class PluginFile:
    """One file to ship: its posix path in the plugin, and where its contents are."""

    path: str
    source: Path


def plugin_files(
    root: Path,
    display: str,
    faults: FaultCollector,
    *,
    needed: Collection[str] = (),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    out: Path | None = None,
) -> tuple[PluginFile, ...]:
    """Give the files of the plugin in `root` that a bundle holds, sorted by path.

    Out stay what `.difyignore` names (`.gitignore` where there is none; gitignore syntax), secrets,
    version control, caches, virtual environments, the folder `out`, and `_assets` unless code names
    it. The globs `include` and `exclude` (gitignore syntax too) overrule that, in this order.
    `needed` are files the function can't do without: if the ignore file names one it is kept, with
    a warning. A link that leads nowhere or out of the plugin is an error in `faults`.
    """
    chosen = _Choice(root, display, faults, needed, include, exclude)
    skipped = out.resolve() if out else None
    found = [
        file for file in _walk(root, root.resolve(), chosen, skipped) if chosen.takes(file.path)
    ]
    found.sort(key=lambda file: file.path)
    if not chosen.asks_for(f"{_ASSETS}/x") and not _names_assets(found):
        assets = (f"{_ASSETS}/",)
        found = [
            file
            for file in found
            if not file.path.startswith(assets) or chosen.asks_for(file.path) or file.path in needed
        ]
    return tuple(found)


class _Choice:
    """What the ignore file, the configuration and this module say of a path."""

    def __init__(
        self,
        root: Path,
        display: str,
        faults: FaultCollector,
        needed: Collection[str],
        include: Sequence[str],
        exclude: Sequence[str],
    ) -> None:
        self.display = display
        self.faults = faults
        self.needed = frozenset(needed)
        self.always = pathspec.GitIgnoreSpec.from_lines(_ALWAYS.splitlines())
        self.include = pathspec.GitIgnoreSpec.from_lines(include)
        self.exclude = pathspec.GitIgnoreSpec.from_lines(exclude)
        self.ignored_by, self.ignore = self._ignore_file(root)
        self.included = bool(include)

    def _ignore_file(self, root: Path) -> tuple[str, pathspec.GitIgnoreSpec]:
        for name in (".difyignore", ".gitignore"):
            path = root / name
            if path.is_file():
                lines = path.read_text("utf-8-sig", "replace").splitlines()
                try:
                    return name, pathspec.GitIgnoreSpec.from_lines(lines)
                except ValueError as error:
                    place = Place(str(Path(self.display) / name))
                    self.faults.error(f"not gitignore syntax: {error}", place)
                    break
        return "", pathspec.GitIgnoreSpec.from_lines(())

    def asks_for(self, path: str) -> bool:
        """Whether the configuration wants `path` whatever else says."""
        return self.include.match_file(path)

    def enters(self, path: str) -> bool:
        """Whether a folder has to be looked into."""
        return self.included or not self.always.match_file(f"{path}/")

    def takes(self, path: str) -> bool:
        """Whether the file `path` ships."""
        if self.exclude.match_file(path):
            return False
        if self.asks_for(path):
            return True
        if self.always.match_file(path):
            return False
        if not self.ignore.match_file(path):
            return True
        if path in self.needed:
            self.faults.warn(
                f"{path} is kept: the function needs it, though {self.ignored_by} names it",
                Place(str(Path(self.display) / self.ignored_by)),
            )
            return True
        return False


def _walk(
    folder: Path,
    root: Path,
    chosen: _Choice,
    out: Path | None,
    at: str = "",
    above: tuple[Path, ...] = (),
) -> Iterator[PluginFile]:
    """Give every regular file below `folder`; follow links that stay inside the plugin."""
    real = folder.resolve()
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    if at and (real == out or any(entry.name == "pyvenv.cfg" for entry in listed)):
        return
    for entry in listed:
        path = f"{at}{entry.name}"
        source = Path(entry.path)
        if entry.is_symlink():
            target = source.resolve()
            if target.is_dir() and (target in (*above, real) or not chosen.enters(path)):
                continue  # a circle, or nothing to look for
            if not (target.exists() and target.is_relative_to(root)):
                if chosen.takes(path) or path in chosen.needed:
                    what = "out of the plugin" if target.exists() else "nowhere"
                    chosen.faults.error(
                        f"the link leads {what}: {source.readlink()}",
                        Place(str(Path(chosen.display) / path)),
                        hint="put a copy in its place, or name it in .difyignore",
                    )
                continue
        if entry.is_dir():
            if chosen.enters(path):
                yield from _walk(source, root, chosen, out, f"{path}/", (*above, real))
        elif entry.is_file() and _is_text(path, chosen):
            yield PluginFile(path, source)


def _is_text(path: str, chosen: _Choice) -> bool:
    """Say whether a name can be written in a zip; names that are no UTF-8 can't."""
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "backslashreplace").decode()
        if chosen.takes(shown):
            chosen.faults.error("the file's name is not UTF-8", Place(f"{chosen.display}/{shown}"))
        return False
    return True


def _names_assets(files: Sequence[PluginFile]) -> bool:
    name = _ASSETS.encode()
    return any(
        name in file.source.read_bytes()
        for file in files
        if file.path.endswith(_CODE) and PurePosixPath(file.path).parts[0] != _ASSETS
    )
