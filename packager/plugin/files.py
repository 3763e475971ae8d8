"""Decides which of a plugin's files go into a bundle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.model.plugin import EndpointGroup
from packager.plugin.file_choice import FileChoice, FileRules
from packager.plugin.walk import PluginFile, can_ship, walk

_ASSETS = "_assets"
# Files in which a plugin may name its own assets.
_CODE = (".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".js", ".css")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A folder of the plugin that does not ship though no ignore file says so.

    `bytes` are its files'; `complete` is false where it has more than were counted.
    """

    path: str
    bytes: int
    complete: bool


@dataclass(frozen=True, slots=True)
class ChosenFiles:
    """The files that a bundle holds, and the paths of whole folders that stay out by default."""

    files: tuple[PluginFile, ...]
    left: tuple[str, ...]


def plugin_files(folder: PluginFolder, diagnostics: Diagnostics, rules: FileRules) -> ChosenFiles:
    """Return the files of the plugin that a bundle holds, sorted by path.

    Out stay what `.difyignore` names (`.gitignore` where there is none; gitignore syntax), what no
    plugin is made of (`default_exclusions`, environments, the output folder and other builds), and
    `_assets` unless code names it. The `rules` overrule that; a file they need that an ignore file
    or the defaults name is kept, with a warning. What can't be read, and a link that leads nowhere
    or out of the plugin, are errors in `diagnostics`.
    """
    choice = FileChoice(folder, diagnostics, rules)
    found = [file for file in walk(choice, rules.out) if can_ship(file, choice)]
    found.sort(key=lambda file: file.path)
    if not choice.asks_for(f"{_ASSETS}/x") and not _names_assets(found):
        found = [
            file
            for file in found
            if not file.path.startswith(f"{_ASSETS}/")
            or choice.asks_for(file.path)
            or file.path in rules.needed
        ]
    return ChosenFiles(tuple(found), tuple(choice.left))


def python_files(folder: PluginFolder) -> Iterator[str]:
    """Yield the paths of the plugin's Python files, those that an ignore file names included.

    What is wrong with one is said where the files that ship are chosen.
    """
    choice = FileChoice(folder, Diagnostics(), FileRules(include=["*.py"]))
    for file in walk(choice):
        if file.path.endswith(".py"):
            yield file.path


def check_endpoints(
    files: Sequence[PluginFile], group: EndpointGroup, diagnostics: Diagnostics
) -> None:
    """Note in `diagnostics` each source of `group` that is not among `files`, those that ship."""
    shipped = {file.path for file in files}
    answering = [
        (each.source, f"answers {each.method} {each.path}", each.source_place)
        for each in group.endpoints
    ]
    if group.provider is not None:
        provider = group.provider
        answering.append((provider.source, "dispatches its webhooks", provider.source_place))
        answering += [
            (each.source, f"makes variables of {each.name}", each.source_place)
            for each in provider.events
        ]
    for source, what, place in answering:
        if source not in shipped:
            diagnostics.error(
                "endpoint-excluded",
                f"{source} does not ship, and {what}",
                place,
                hint="`exclude` names it, or it lies in the output folder or among other bundles",
            )


def large_folders(folder: PluginFolder, paths: Sequence[str], least: int) -> tuple[LeftOut, ...]:
    """Return those of the folders `paths` that have `least` bytes or more, the largest first."""
    sizes = [LeftOut(path, *folder.tree.size(path)) for path in paths]
    large = [each for each in sizes if each.bytes >= least or not each.complete]
    return tuple(sorted(large, key=lambda each: (-each.bytes, each.path)))


def _names_assets(files: Sequence[PluginFile]) -> bool:
    name = _ASSETS.encode()
    return any(
        name in file.source.read_bytes()
        for file in files
        if file.path.endswith(_CODE) and PurePosixPath(file.path).parts[0] != _ASSETS
    )
