"""Walks a plugin's folder: the files in it that ship, and what stands in their way."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from packager.dataclass import dataclass
from packager.errors import Place
from packager.inputs.folder_tree import Entry
from packager.inputs.plugin_folder import MAX_DEPTH
from packager.paths import real_path
from packager.plugin.file_choice import FileChoice

_MAX_PATH = 2048  # bytes of a file's path in the plugin: Linux takes 4096 of a whole one


@dataclass(frozen=True, slots=True)
class PluginFile:
    """One file to ship: its posix path in the plugin, and where its contents are."""

    path: str
    source: Path


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to look into: its path in the plugin with a slash at the end, what it is, and what
    it and the folders around it really are."""

    at: str
    source: Path
    foreign: bool
    above: tuple[Path, ...]


def walk(choice: FileChoice, out: Path | None = None) -> Iterator[PluginFile]:
    """Yield every regular file of the plugin that ships; follow links that stay inside of it.

    What should ship and can't be reached is an error in the diagnostics of `choice`. The folder
    `out`, other bundles and what no plugin is made of are not looked into.
    """
    tree = choice.folder.tree
    real_root = real_path(tree.root)
    skipped = real_path(out) if out else None
    top = _Folder("", tree.root, False, (real_root,))
    open_folders = [(top, _entries(top, choice))]
    while open_folders:
        here, entries = open_folders[-1]
        entry = next(entries, None)
        if entry is None:
            open_folders.pop()
            continue
        path = f"{here.at}{entry.name}"
        real = here.above[-1] / entry.name
        if entry.is_link:
            real = entry.real
            if entry.kind == stat.S_IFDIR and real in here.above:
                continue  # a circle
            if entry.kind is None or not real.is_relative_to(real_root):
                _refuse_link(path, entry, choice, here.foreign)
                continue
        if entry.kind == stat.S_IFDIR:
            if real == skipped or tree.holds_bundles(entry.path):
                continue
            if not choice.enters(path, environment=entry.is_environment):
                continue
            foreign = here.foreign or entry.is_environment
            folder = _Folder(f"{path}/", entry.path, foreign, (*here.above, real))
            if not _is_too_deep(folder, choice):
                open_folders.append((folder, _entries(folder, choice)))
        elif entry.kind == stat.S_IFREG and choice.takes(path, foreign=here.foreign):
            yield PluginFile(path, entry.path)


def _entries(folder: _Folder, choice: FileChoice) -> Iterator[Entry]:
    """Return what is in a folder; note one that can't be read."""
    try:
        return iter(choice.folder.tree.entries(folder.source))
    except OSError as error:
        if choice.takes(f"{folder.at}x", foreign=folder.foreign):
            choice.unreadable(folder.at.rstrip("/"), error)
        return iter(())


def _is_too_deep(folder: _Folder, choice: FileChoice) -> bool:
    """Whether a folder is nested too deeply, or has too long a path; note it where it ships."""
    if len(folder.above) - 1 <= MAX_DEPTH and len(os.fsencode(folder.at)) <= _MAX_PATH:
        return False
    if choice.takes(f"{folder.at}x", foreign=folder.foreign):
        top = folder.at.partition("/")[0]
        choice.diagnostics.error(
            "too-large",
            f"holds folders nested more than {MAX_DEPTH} deep, or a path of more than "
            f"{_MAX_PATH} bytes",
            choice.place(top),
            hint="name it in .difyignore, or move what is in it up",
        )
    return True


def _refuse_link(path: str, link: Entry, choice: FileChoice, foreign: bool) -> None:
    if choice.takes(path, foreign=foreign) or path in choice.needed:
        what = "nowhere" if link.kind is None else "out of the plugin"
        choice.diagnostics.error(
            "broken-link",
            f"the link leads {what}: {link.path.readlink()}",
            choice.place(path),
            hint="put a copy in its place, or name it in .difyignore",
        )


def can_ship(file: PluginFile, choice: FileChoice) -> bool:
    """Return whether a file can be in a bundle; one that can't is an error."""
    try:
        file.path.encode()
    except UnicodeEncodeError:  # no name that a zip can have
        shown = file.path.encode("utf-8", "backslashreplace").decode()
        place = Place(f"{choice.folder.display}/{shown}")
        choice.diagnostics.error("not-utf8", "the file's name is not UTF-8", place)
        return False
    if not os.access(file.source, os.R_OK):
        error = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        choice.unreadable(file.path, error)
        return False
    return True
