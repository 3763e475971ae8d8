"""Tells whether OUT has the bundle that a build would make: then it stays, and nothing is written.

What a bundle is made of, and what its files look like from outside, is kept when it is in its
place. A change to a file shows in a time that nobody can set.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from pathlib import Path

from packager.bundle.layout import Contents, base_of
from packager.dataclass import dataclass
from packager.dependencies.diet.waiting import RULES
from packager.host.cache import cache_folder, cached_text, keep_text, used
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import digest_of
from packager.host.trees import entries_below, fixed_mode
from packager.paths import real_path

_KIND = "built"
_ZIP = "/zip"  # no file of a bundle is called so


@dataclass(frozen=True, slots=True)
class Standing:
    """A bundle that stays: the bytes of its files, and of its zip if it has one."""

    unzipped: int
    zipped: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle that was made just now: its bytes, and the inodes of its folder and of its zip."""

    function: str
    unzipped: int
    zipped: int | None
    inodes: tuple[int, ...]


def made_bundle(where: Path, function: str, unzipped: int, zipped: int | None) -> Made:
    """Return what is to be noted of a bundle in the folder `where`, once it is in its place."""
    paths = [where / function, *([where / f"{function}.zip"] if zipped is not None else [])]
    return Made(function, unzipped, zipped, tuple(path.lstat().st_ino for path in paths))


def identity_of(contents: Contents, compiler: Interpreter | None, built: Path | None = None) -> str:
    """Return what tells what a bundle is made of; "" where that is not known.

    With the folder of a `built` one, the plugin's files are those in there.
    """
    if not contents.dependencies.identity:
        return ""
    waiting = RULES if contents.plan.options.diet_plugin else None
    placed = [(f"plugin/{each.path}", each.source) for each in contents.files]
    placed += [(each.path, each.source) for each in contents.others]
    plugin = []
    for path, source in placed:
        file = built / path if built else source
        try:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            plugin.append([path, digest, fixed_mode(file.stat().st_mode)])
        except OSError:  # whoever copies it says so
            return ""
    return digest_of([base_of(contents, compiler), waiting, plugin])


def standing_bundle(out: Path, function: str, identity: str, *, zipped: bool) -> Standing | None:
    """Return what `out` has of a function, if it is what an earlier build made of the same."""
    cache = cache_folder()
    if cache is None or not identity:
        return None
    key = _key(out, function, zipped)
    text = cached_text(cache, key, math.inf)
    if text is None:
        return None
    kept = json.loads(text)
    if kept["identity"] != identity or kept["looks"] != _looks(out, function, zipped):
        return None
    used(cache, key)
    return Standing(kept["unzipped"], kept["zipped"])


def note_bundle(out: Path, made: Made, identity: str) -> None:
    """Keep what a bundle, put into `out`, is made of, for `standing_bundle`.

    One that another build has replaced by now is not what it was `made`.
    """
    looks = _looks(out, made.function, made.zipped is not None)
    if not identity or looks is None or made.inodes != _inodes(looks):
        return
    sizes = {"unzipped": made.unzipped, "zipped": made.zipped}
    kept = {"identity": identity, "looks": looks, **sizes}
    keep_text(cache_folder(), _key(out, made.function, made.zipped is not None), json.dumps(kept))


def _key(out: Path, function: str, zipped: bool) -> str:
    return f"{_KIND}/{digest_of([str(real_path(out)), function, zipped])}"


def _looks(out: Path, function: str, zipped: bool) -> dict[str, list[int]] | None:
    """Return what can be seen of a bundle without reading it; None where it can't be."""
    try:
        folder = os.lstat(out / function)
        found = {"": [folder.st_mode, folder.st_ino]}
        for name, _, seen in entries_below(out / function):
            found[name] = [seen.st_mode] if stat.S_ISDIR(seen.st_mode) else _look(seen)
        if zipped:
            found[_ZIP] = _look(os.lstat(out / f"{function}.zip"))
    except OSError:
        return None
    return found


def _inodes(looks: dict[str, list[int]]) -> tuple[int, ...]:
    return tuple(looks[each][-1] for each in ("", _ZIP) if each in looks)


def _look(seen: os.stat_result) -> list[int]:
    return [seen.st_mode, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino]
