"""Decides which of a plugin's files go into a bundle."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packager.errors import Diagnostics, Place
from packager.inputs.default_exclusions import (
    NEVER,
    default_exclusions,
    folder_size,
    is_environment,
)
from packager.inputs.gitignore import PatternError, Patterns
from packager.inputs.plugin_folder import MAX_DEPTH, holds_bundles
from packager.model.plugin import Endpoint
from packager.paths import is_file, real_path, unseen

_ASSETS = "_assets"
# Files in which a plugin may name its own assets.
_CODE = (".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".js", ".css")
_MAX_IGNORE_FILE = 1_000_000  # bytes
_MAX_PATH = 2048  # bytes of a file's path in the plugin: Linux takes 4096 of a whole one


@dataclass(frozen=True, slots=True)
class PluginFile:
    """One file to ship: its posix path in the plugin, and where its contents are."""

    path: str
    source: Path


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A folder of the plugin that does not ship though no ignore file says so.

    `bytes` are its files'; `complete` is false where it has more than were counted.
    """

    path: str
    bytes: int
    complete: bool


def plugin_files(
    root: Path,
    display: str,
    diagnostics: Diagnostics,
    *,
    needed: Collection[str] = (),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    out: Path | None = None,
    left: list[str] | None = None,
) -> tuple[PluginFile, ...]:
    """Give the files of the plugin in `root` that a bundle holds, sorted by path.

    Out stay what `.difyignore` names (`.gitignore` where there is none; gitignore syntax), what no
    plugin is made of (`default_exclusions`, environments, the folder `out` and other builds), and
    `_assets` unless code names it. The globs `include` and `exclude` (gitignore syntax too)
    overrule that, in this order. `needed` are files the function can't do without: one that an
    ignore file or the defaults name is kept, with a warning. What can't be read, and a link that
    leads nowhere or out of the plugin, are errors in `diagnostics`. The paths of whole folders that
    stay out by default are appended to `left`.
    """
    chosen = _Choice(root, display, diagnostics, needed, include, exclude)
    skipped = real_path(out) if out else None
    found = list(_walk(root, chosen, skipped))
    found.sort(key=lambda file: file.path)
    if not chosen.asks_for(f"{_ASSETS}/x") and not _names_assets(found):
        assets = (f"{_ASSETS}/",)
        found = [
            file
            for file in found
            if not file.path.startswith(assets) or chosen.asks_for(file.path) or file.path in needed
        ]
    if left is not None:
        left += chosen.left
    return tuple(found)


def check_endpoints(
    files: Sequence[PluginFile], endpoints: Sequence[Endpoint], diagnostics: Diagnostics
) -> None:
    """Note in `diagnostics` each endpoint whose source is not among `files`, those that ship."""
    shipped = {file.path for file in files}
    for endpoint in endpoints:
        if endpoint.source not in shipped:
            diagnostics.error(
                f"{endpoint.source} does not ship, and answers {endpoint.method} {endpoint.path}",
                endpoint.source_place,
                hint="`exclude` names it, or it lies in the output folder or among other bundles",
            )


def large_folders(root: Path, paths: Sequence[str], least: int) -> tuple[LeftOut, ...]:
    """Give those of the folders `paths` that have `least` bytes or more, the largest first."""
    sizes = [LeftOut(path, *folder_size(root / path)) for path in paths]
    large = [each for each in sizes if each.bytes >= least or not each.complete]
    return tuple(sorted(large, key=lambda each: (-each.bytes, each.path)))


class _Choice:
    """What the ignore file, the configuration and the defaults say of a path."""

    def __init__(
        self,
        root: Path,
        display: str,
        diagnostics: Diagnostics,
        needed: Collection[str],
        include: Sequence[str],
        exclude: Sequence[str],
    ) -> None:
        self.display = display
        self.diagnostics = diagnostics
        self.needed = frozenset(needed)
        self.default = default_exclusions(root)
        self.include = Patterns(include)
        self.exclude = Patterns(exclude)
        self.named = tuple(glob.lstrip("/") for glob in include)
        self.ignored_by, self.ignore = self._ignore_file(root)
        self.left: list[str] = []

    def place(self, path: str) -> Place:
        """Give how messages name the plugin's file or folder `path`."""
        return Place(str(Path(self.display) / path))

    def unreadable(self, path: str, error: OSError) -> None:
        """Note that the file or folder `path` can't be read."""
        self.diagnostics.error(f"can't be read: {error.strerror}", self.place(path))

    def _ignore_file(self, root: Path) -> tuple[str, Patterns]:
        for name in (".difyignore", ".gitignore"):
            path = root / name
            if is_file(path):
                try:
                    if path.stat().st_size > _MAX_IGNORE_FILE:
                        raise PatternError(f"has more than {_MAX_IGNORE_FILE} bytes")
                    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
                    return name, Patterns(lines)
                except OSError as error:
                    self.unreadable(name, error)
                except PatternError as error:
                    self.diagnostics.error(str(error), self.place(name))
                break
            if os.path.lexists(path):
                self.diagnostics.error(f"is no file{unseen(path)}", self.place(name))
                break
        return "", Patterns(())

    def asks_for(self, path: str) -> bool:
        """Whether the configuration wants the file `path` whatever else says."""
        return self.include.match(path)

    def enters(self, path: str, folder: Path) -> bool:
        """Whether a folder has to be looked into."""
        if any(each.startswith(f"{path}/") for each in self.needed):
            return True
        if self.default.match(path, folder=True) or is_environment(folder):
            # A glob for files everywhere (`*.bin`) does not mean those of an environment.
            wanted = self.include.match(path, folder=True) or any(
                glob.startswith(f"{path}/") for glob in self.named
            )
            if not wanted:
                self.left.append(path)
            return wanted
        return bool(self.include) or not self.ignore.match(path, folder=True)

    def takes(self, path: str, *, foreign: bool = False) -> bool:
        """Whether the file `path` ships; `foreign` ones are in an environment."""
        if path.rpartition("/")[2] in NEVER or self.exclude.match(path):
            return False
        if self.asks_for(path):
            return True
        default = foreign or self.default.match(path)
        if not default and not self.ignore.match(path):
            return True
        if path in self.needed:
            by = "the packager leaves such files out" if default else f"{self.ignored_by} names it"
            self.diagnostics.warn(
                f"{path} is kept: the function needs it, though {by}",
                self.place(path if default else self.ignored_by),
            )
            return True
        return False


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to look into: its path in the plugin with a slash at the end, what it is, and what
    it and the folders around it really are."""

    at: str
    source: Path
    foreign: bool
    above: tuple[Path, ...]


def _walk(root: Path, chosen: _Choice, out: Path | None) -> Iterator[PluginFile]:
    """Give every regular file below `root` that ships; follow links that stay inside the plugin."""
    real_root = real_path(root)
    top = _Folder("", root, False, (real_root,))
    open_folders = [(top, _entries(top, chosen))]
    while open_folders:
        here, entries = open_folders[-1]
        entry = next(entries, None)
        if entry is None:
            open_folders.pop()
            continue
        path, source = f"{here.at}{entry.name}", Path(entry.path)
        kind = _kind(source)
        real = here.above[-1] / entry.name
        if entry.is_symlink():
            real = real_path(source)
            if kind == stat.S_IFDIR and real in here.above:
                continue  # a circle
            if kind is None or not real.is_relative_to(real_root):
                _refuse_link(path, source, kind, chosen, here.foreign)
                continue
        if kind == stat.S_IFDIR:
            if real == out or holds_bundles(source) or not chosen.enters(path, source):
                continue
            foreign = here.foreign or is_environment(source)
            folder = _Folder(f"{path}/", source, foreign, (*here.above, real))
            if not _is_too_deep(folder, chosen):
                open_folders.append((folder, _entries(folder, chosen)))
        elif kind == stat.S_IFREG and _ships(path, source, chosen, here.foreign):
            yield PluginFile(path, source)


def _entries(folder: _Folder, chosen: _Choice) -> Iterator[os.DirEntry[str]]:
    """Give what is in a folder, sorted; note one that can't be read."""
    try:
        with os.scandir(folder.source) as entries:
            return iter(sorted(entries, key=lambda entry: entry.name))
    except OSError as error:
        if chosen.takes(f"{folder.at}x", foreign=folder.foreign):
            chosen.unreadable(folder.at.rstrip("/"), error)
        return iter(())


def _is_too_deep(folder: _Folder, chosen: _Choice) -> bool:
    """Whether a folder is nested too deeply, or has too long a path; note it where it ships."""
    if len(folder.above) - 1 <= MAX_DEPTH and len(os.fsencode(folder.at)) <= _MAX_PATH:
        return False
    if chosen.takes(f"{folder.at}x", foreign=folder.foreign):
        top = folder.at.partition("/")[0]
        chosen.diagnostics.error(
            f"holds folders nested more than {MAX_DEPTH} deep, or a path of more than "
            f"{_MAX_PATH} bytes",
            chosen.place(top),
            hint="name it in .difyignore, or move what is in it up",
        )
    return True


def _refuse_link(path: str, link: Path, kind: int | None, chosen: _Choice, foreign: bool) -> None:
    if chosen.takes(path, foreign=foreign) or path in chosen.needed:
        what = "nowhere" if kind is None else "out of the plugin"
        chosen.diagnostics.error(
            f"the link leads {what}: {link.readlink()}",
            chosen.place(path),
            hint="put a copy in its place, or name it in .difyignore",
        )


def _ships(path: str, source: Path, chosen: _Choice, foreign: bool) -> bool:
    """Whether a regular file ships; one that should and can't is a fault."""
    if not chosen.takes(path, foreign=foreign):
        return False
    try:
        path.encode()
    except UnicodeEncodeError:  # no name that a zip can have
        shown = path.encode("utf-8", "backslashreplace").decode()
        chosen.diagnostics.error("the file's name is not UTF-8", Place(f"{chosen.display}/{shown}"))
        return False
    if not os.access(source, os.R_OK):
        chosen.unreadable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        return False
    return True


def _kind(path: Path) -> int | None:
    """Give what `path` is, links followed, as `stat.S_IFMT` says it; None if that can't be seen."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return None


def _names_assets(files: Sequence[PluginFile]) -> bool:
    name = _ASSETS.encode()
    return any(
        name in file.source.read_bytes()
        for file in files
        if file.path.endswith(_CODE) and PurePosixPath(file.path).parts[0] != _ASSETS
    )
