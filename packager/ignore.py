"""Decides which of a plugin's files go into a bundle."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pathspec

from packager.errors import FaultCollector, Place
from packager.local_settings import LOCAL_SETTINGS
from packager.references import is_foreign

# What runs on this machine take their secrets from: whatever else says, they never ship.
_NEVER = (".env", LOCAL_SETTINGS)
# Not part of a plugin: other secrets, version control, caches, packaged copies of it.
_ALWAYS = """\
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
.aws-sam/
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
    version control, caches, virtual environments, the folder `out` and other builds, and `_assets`
    unless code names it. The globs `include` and `exclude` (gitignore syntax too) overrule that, in
    this order. `needed` are files the function can't do without: if the ignore file names one it is
    kept, with a warning. What can't be read, and a link that leads nowhere or out of the plugin,
    are errors in `faults`.
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

    def unreadable(self, path: str, error: OSError) -> None:
        """Note that the file or folder `path` can't be read."""
        place = Place(str(Path(self.display) / path))
        self.faults.error(f"can't be read: {error.strerror}", place)

    def _ignore_file(self, root: Path) -> tuple[str, pathspec.GitIgnoreSpec]:
        for name in (".difyignore", ".gitignore"):
            path = root / name
            if path.is_file():
                place = Place(str(Path(self.display) / name))
                try:
                    lines = path.read_text("utf-8-sig", "replace").splitlines()
                    return name, pathspec.GitIgnoreSpec.from_lines(lines)
                except OSError as error:
                    self.faults.error(f"can't be read: {error.strerror}", place)
                except ValueError as error:
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
        if path.rpartition("/")[2] in _NEVER or self.exclude.match_file(path):
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
    if at and (real == out or is_foreign(folder)):
        return
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if chosen.takes(f"{at}x"):
            chosen.unreadable(at.rstrip("/"), error)
        return
    for entry in listed:
        path = f"{at}{entry.name}"
        source = Path(entry.path)
        kind = _kind(source)
        if entry.is_symlink():
            target = _target(source)
            if kind == stat.S_IFDIR and (target in (*above, real) or not chosen.enters(path)):
                continue  # a circle, or nothing to look for
            if kind is None or not target.is_relative_to(root):
                if chosen.takes(path) or path in chosen.needed:
                    what = "nowhere" if kind is None else "out of the plugin"
                    chosen.faults.error(
                        f"the link leads {what}: {source.readlink()}",
                        Place(str(Path(chosen.display) / path)),
                        hint="put a copy in its place, or name it in .difyignore",
                    )
                continue
        if kind == stat.S_IFDIR:
            if chosen.enters(path):
                yield from _walk(source, root, chosen, out, f"{path}/", (*above, real))
        elif kind == stat.S_IFREG and _is_text(path, chosen) and _is_readable(path, source, chosen):
            yield PluginFile(path, source)


def _kind(path: Path) -> int | None:
    """Give what `path` is, links followed, as `stat.S_IFMT` says it; None if that can't be seen."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return None


def _target(link: Path) -> Path:
    """Give what a link leads to; of a circle of links, itself, which does not exist."""
    try:
        return link.resolve()
    except (OSError, RuntimeError):  # Python 3.12 and older raise the latter
        return link.absolute()


def _is_readable(path: str, source: Path, chosen: _Choice) -> bool:
    if os.access(source, os.R_OK):
        return True
    if chosen.takes(path):
        chosen.unreadable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return False


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
