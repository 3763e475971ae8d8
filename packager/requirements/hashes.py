"""Holds what is installed to the hashes that a plugin states: of a package's files, those stay.

uv checks a file that it fetches against the lock; what this adds is that the lock has no other
hashes than the plugin's own, wherever these are from: requirements, constraints, uv.lock, a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from packager.dataclass import dataclass
from packager.errors import Diagnostic, InvalidInput, PackagerError, Place
from packager.requirements.lock_file import items_of, load_lock, write_lock

# pip's documentation, "Hash-checking Mode", and PEP 751 for the algorithms' names.
_OPTION = re.compile(r"\s--hash(?:=|\s+)(\S+)")
_HASH = re.compile(r"(sha256|sha384|sha512|md5):([0-9a-fA-F]+)")
_IN_URL = re.compile(r"[#&](sha256|sha384|sha512|md5)=([0-9a-fA-F]+)")
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Stated:
    """One hash of a file of the package `name`; `version` is "" where it is for any."""

    name: str
    algorithm: str
    value: str
    place: Place
    version: str = ""

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value}"


def stated_in(line: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the hashes of a requirement's line, as (algorithm, value), and what is none."""
    hashes, unknown = [], []
    for text in _OPTION.findall(line):
        match = _HASH.fullmatch(text)
        if match:
            hashes.append((match[1], match[2].lower()))
        else:
            unknown.append(text)
    hashes += [(kind, value.lower()) for kind, value in _IN_URL.findall(line)]
    return hashes, unknown


def hold_to_hashes(lock: Path, stated: Iterable[Stated], *, required: Place | None) -> None:
    """Take out of the lock file what no stated hash is of; raise `PackagerError` if nothing stays.

    With `required`, the place of `--require-hashes`, a package without a stated hash is an error.
    """
    by_name: dict[str, list[Stated]] = {}
    for each in stated:
        by_name.setdefault(each.name, []).append(each)
    if not by_name and required is None:
        return
    data = load_lock(lock)
    diagnostics: list[Diagnostic] = []
    for package in data.get("packages", ()):
        name = canonicalize_name(package["name"])
        version = str(package.get("version", ""))
        wanted = [each for each in by_name.get(name, ()) if each.version in ("", version)]
        if wanted:
            diagnostics += _narrow(package, wanted)
        elif required:
            diagnostics.append(_without(package, required))
    if diagnostics:
        raise InvalidInput(diagnostics)
    write_lock(lock, data)


def _narrow(package: dict[str, Any], wanted: Sequence[Stated]) -> list[Diagnostic]:
    """Leave in `package` what has one of the `wanted` hashes; return what is wrong, if so."""
    title = f"{package['name']} {package.get('version', '')}".strip()
    place = wanted[0].place
    if package.get("vcs") or package.get("directory"):
        kind = "a repository" if package.get("vcs") else "a folder"
        return [
            Diagnostic("no-hash", f"{title} comes from {kind}, which has no hash to check", place)
        ]
    there = items_of(package)
    for item in there:
        known = item.setdefault("hashes", {})
        lacking = {each.algorithm: each.value for each in wanted if each.algorithm not in known}
        if lacking and not any(each.algorithm in known for each in wanted):
            if len(wanted) > 1:
                return [
                    Diagnostic(
                        "hash-mismatch",
                        f"{title} has no {wanted[0].algorithm} hash in its index, so several "
                        "can't be told apart",
                        place,
                        hint=f"state {', '.join(sorted(known)) or 'sha256'} hashes, or one alone",
                    )
                ]
            item["hashes"] = lacking  # uv checks it when it has the file: one that fits is enough
    kept = [item for item in there if _is_stated(item, wanted)]
    if not kept:
        return [_mismatch(title, there, wanted)]
    for key in ("wheels", "sdist", "archive"):
        found = package.get(key)
        if isinstance(found, list):
            package[key] = [item for item in found if item in kept]
        if found and (found not in kept if not isinstance(found, list) else not package[key]):
            del package[key]
    return []


def _is_stated(item: dict[str, Any], wanted: Sequence[Stated]) -> bool:
    return any(item["hashes"].get(each.algorithm) == each.value for each in wanted)


def _mismatch(title: str, there: Sequence[dict[str, Any]], wanted: Sequence[Stated]) -> Diagnostic:
    expected = [str(each) for each in wanted]
    found = [
        f"{kind}:{value} ({_file_name(item)})"
        for item in there
        for kind, value in item["hashes"].items()
    ]
    return Diagnostic(
        "hash-mismatch",
        f"{title}: no file of it has a hash that is stated here\n"
        f"  expected: {_listed(expected)}\n  found:    {_listed(found)}",
        wanted[0].place,
        hint="the file was changed since, or the hash is of another version; if you trust what "
        "was found, state its hash",
    )


def _without(package: dict[str, Any], required: Place) -> Diagnostic:
    hashes = [
        f"{kind}:{value}"
        for item in items_of(package)
        for kind, value in item.get("hashes", {}).items()
    ]
    title = f"{package['name']}=={package.get('version', '')}".rstrip("=")
    options = " ".join(f"--hash={each}" for each in dict.fromkeys(hashes))
    return Diagnostic(
        "no-hash",
        f"{title} goes into the bundle and has no hash, as --require-hashes asks for",
        required,
        hint=f"add it: {title} {options}" if hashes else "leave it out: it has no hash to state",
    )


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def _file_name(item: dict[str, Any]) -> str:
    place = item.get("name") or item.get("url") or item.get("path") or ""
    return str(place).split("?")[0].rpartition("/")[2]


def explain_mismatch(problem: str) -> PackagerError | None:
    """Return the error for a file that uv fetched and that has not the hash of the lock."""
    found = re.search(
        r"Hash mismatch for `([^`]+)`\s+Expected:\s+(\S+)\s+Computed:\s+(\S+)", problem
    )
    if not found:
        return None
    return PackagerError(
        f"{found[1]}: what was fetched is not what was chosen\n"
        f"  expected: {found[2]}\n  found:    {found[3]}",
        hint="the file was changed where it comes from, or on the way; a new build chooses again",
    )
