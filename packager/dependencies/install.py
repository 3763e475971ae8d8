"""Gives the installed third-party packages of a function, from the cache or through uv."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

from packager.dependencies.development_parts import remove_development_parts
from packager.dependencies.diet.apply import FORMAT as DIET_FORMAT
from packager.dependencies.diet.apply import apply_diet
from packager.dependencies.local_inputs import builds_cleared_away, content_digest, stale_builds
from packager.dependencies.locked_sources import check_sources
from packager.dependencies.no_wheel import no_wheel
from packager.dependencies.prune import FORMAT as PRUNE_FORMAT
from packager.dependencies.prune import KeepRules
from packager.dependencies.resolution_key import OFFLINE, resolution_key
from packager.dependencies.resolve import RUNTIME, resolve
from packager.dependencies.source_builds import Builds, builds_for
from packager.dependencies.target import Target
from packager.dependencies.uv_install import Installed, NotPure, PackageSize, install
from packager.errors import PackagerError
from packager.host.bytecode import compile_files
from packager.host.cache import cache_folder, cached_folder, cached_text, keep_text
from packager.host.interpreter import Interpreter
from packager.host.uv import mask_credentials
from packager.host.uv_failures import OutOfResources, Unreachable
from packager.requirements.lock_file import Resolution, read_lock
from packager.requirements.read import Requirements

# How long versions once chosen are taken for the newest: as long as PyPI lets its own pages be
# cached (`Cache-Control: max-age=600`).
RESOLUTION_SECONDS = 600
_FILES = "files"
_CONTENTS = "contents.json"
_DIETING = f"{RUNTIME}/"
_FORMAT = 2  # of what is said of an entry: changes with it
_PRUNED = KeepRules()


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Packages installed in `folder`, which is the cache's or the caller's: copy, never change."""

    folder: Path
    packages: tuple[PackageSize, ...]
    notes: tuple[str, ...]
    diet: str = ""  # the package on the import diet and its version
    built: tuple[str, ...] = ()  # the packages that were built from source
    sandbox: str | None = None  # what shut those builds in
    identity: str = ""  # tells what `folder` holds, "" where that is not known
    owners: Mapping[str, str] = field(default_factory=dict)  # packages by where their files are

    def owner_of(self, file: str) -> str:
        """Return the name and version of the package that a file is from, "" if it is unknown."""
        path = PurePosixPath(file)
        paths = (each.as_posix() for each in (path, *path.parents))
        name = next((self.owners[each] for each in paths if each in self.owners), "")
        versions = {package.name: package.version for package in self.packages}
        return f"{name} {versions.get(name, '')}".strip()


def install_dependencies(
    requirements: Requirements,
    imported: Iterable[str],
    target: Target,
    work: Path,
    *,
    bytecode: Interpreter | None,
    diet: bool = False,
    sdk: bool = False,
    kept: KeepRules = _PRUNED,
    progress: Callable[[str], None],
    briefly: Callable[[str], None] = lambda message: None,
) -> Dependencies:
    """Install what a plugin declares (`requirements`) and uses (`imported`) for `target`.

    `work` is an empty folder for what is not cached; `bytecode` is the interpreter to compile
    with, if any. With `diet`, werkzeug is put on the import diet; with `sdk`, `dify_plugin` is
    installed as the plugin pins it; `kept` stays though no package needs it. Raises
    `PackagerError`, naming the package where one is at fault.
    """
    imported = tuple(sorted(imported))
    lock = work / "resolve"
    lock.mkdir(parents=True)
    refused: dict[str, PackagerError] = {}
    notes: list[str] = [  # on what was found on this disk
        f"{folder} has what an earlier build left in build/, and modules that are gone since may "
        "come back from there: remove it"
        for folder in requirements.folders
        if stale_builds(folder)
    ]
    builds = builds_for(requirements, target, work, progress)
    with builds_cleared_away(requirements.folders):
        while True:
            try:
                resolution = _resolved(
                    requirements, imported, lock, frozenset(refused), sdk, builds, notes, progress
                )
            except PackagerError as error:
                # Without a version that has a wheel, what failed first is the thing to say.
                raise next(iter(refused.values()), error) from None
            try:
                got = _installed(
                    resolution,
                    requirements,
                    builds,
                    work,
                    bytecode,
                    diet,
                    kept,
                    notes,
                    progress,
                    briefly,
                )
                return replace(got, notes=(*got.notes, *dict.fromkeys(notes)))
            except NotPure as fault:
                package = next(p for p in resolution.packages if p.name == fault.name)
                failure = no_wheel((package,), requirements, lock, fault.problem, builds)
                if package.form != "sdist" or package.name in refused:
                    raise failure from None
                refused[package.name] = failure


def _resolved(
    requirements: Requirements,
    imported: tuple[str, ...],
    lock: Path,
    refused: frozenset[str],
    sdk: bool,
    builds: Builds,
    notes: list[str],
    progress: Callable[[str], None],
) -> Resolution:
    # What was put in for a variable may be a secret: it is kept nowhere.
    cache = None if requirements.may_change or requirements.expanded else cache_folder()
    target = builds.target
    key = f"resolved/{resolution_key(requirements, imported, builds, refused, sdk)}"
    kept = _kept(cached_text(cache, key, RESOLUTION_SECONDS, notes.append), lock)
    if kept:
        return kept
    progress(f"resolving dependencies for {target}")
    try:
        resolution = resolve(
            requirements, imported, target, lock, builds=builds, wheels_only=refused, sdk=sdk
        )
    except Unreachable as error:
        kept = _kept(cached_text(cache, key, math.inf, notes.append), lock)
        if kept is None:
            raise
        reason = str(error).splitlines()[0].rstrip(":")
        note = f"{reason}: the versions are those of an earlier build"
        return replace(kept, notes=(*kept.notes, note))
    resolution, read = _identified(resolution)
    text = resolution.lock.read_text("utf-8")
    # What was chosen offline may be older than what the index has. What has a password in its
    # address is kept nowhere.
    may_stay = OFFLINE not in os.environ and mask_credentials(text) == text
    if all(package.identity for package in resolution.packages) and may_stay:
        described = {"lock": text, "notes": resolution.notes, "read": read}
        keep_text(cache, key, json.dumps(described))
    return resolution


def _identified(resolution: Resolution) -> tuple[Resolution, dict[str, str]]:
    """Return a resolution whose packages on this disk are told by their content, and the digests
    of all that was read for them."""
    read = {
        str(path): content_digest(path) for package in resolution.packages for path in package.paths
    }
    packages = tuple(
        replace(package, identity=tuple(filter(None, (read[str(path)] for path in package.paths))))
        if package.form == "directory"
        else package
        for package in resolution.packages
    )
    return replace(resolution, packages=packages), read


def _kept(text: str | None, lock: Path) -> Resolution | None:
    """Return a resolution out of the cache, with its lock written into the folder `lock`.

    None if there is none, or if what it was read from on this disk has changed.
    """
    if text is None:
        return None
    kept = json.loads(text)
    path = lock / "pylock.toml"
    path.write_text(kept["lock"], "utf-8")
    resolution, read = _identified(Resolution(path, read_lock(path), tuple(kept["notes"])))
    return resolution if read == kept["read"] else None


def _installed(
    resolution: Resolution,
    requirements: Requirements,
    builds: Builds,
    work: Path,
    bytecode: Interpreter | None,
    diet: bool,
    kept: KeepRules,
    notes: list[str],
    progress: Callable[[str], None],
    briefly: Callable[[str], None],
) -> Dependencies:
    target = builds.target
    built = tuple(package for package in resolution.packages if package.is_source)
    check_sources(resolution, requirements)

    def make(entry: Path) -> None:
        progress(f"installing {len(resolution.packages)} packages")
        folder = entry / _FILES
        folder.mkdir()
        paths = (path for package in resolution.packages for path in package.paths)
        with builds_cleared_away(paths):
            installed = install(resolution, folder, builds=builds, kept=kept, briefly=briefly)
        if _identified(resolution)[0] != resolution:
            raise PackagerError("a package's folder changed while it was built", hint="build again")
        if diet:
            briefly(f"putting {RUNTIME} on the import diet")
        treated = apply_diet(folder, installed.versions.get(RUNTIME, "")) if diet else None
        if treated and treated.label:
            remove_development_parts(folder, kept)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if bytecode:
            progress("compiling the packages to bytecode")
            names = (path.relative_to(folder).as_posix() for path in files)
            sources = [name for name in names if name.endswith(".py")]
            # What is on the diet is known, and tried so, by its own tests too.
            dieting = {name for name in sources if name.startswith(_DIETING)}
            dieting = dieting if treated and treated.label else set()
            compile_files(bytecode, folder, {*sources} - dieting, columns=False)
            compile_files(bytecode, folder, dieting, columns=False, docstrings=False)
        contents = _contents(folder, installed)
        if treated:
            contents |= {"diet": treated.label, "diet_refused": treated.reason}
        (entry / _CONTENTS).write_text(json.dumps(contents), "utf-8")
        briefly("noting what is in the cache")

    cache = cache_folder()
    entry = None
    key = ""
    if cache and all(package.identity for package in resolution.packages):
        briefly("checking the packages in the cache")
        how = [builds.policy.mode, builds.sandbox.kind] if built else None
        made_of = _installed_key(resolution, target, bytecode, diet, kept)
        key = f"installed/{_digest([*made_of, how])}"
        try:
            entry = cached_folder(cache, key, make, notes.append)
        except (OSError, OutOfResources) as error:  # it is full, or can't be written after all
            reason = error.strerror if isinstance(error, OSError) else str(error).split(";")[0]
            notes.append(f"the cache {cache} can't be used: {reason}")
    if entry is None:
        key = ""
        entry = work / "installed"
        shutil.rmtree(entry, ignore_errors=True)  # of a resolution that was given up
        entry.mkdir()
        make(entry)
    contents = json.loads((entry / _CONTENTS).read_text("utf-8"))
    packages = tuple(PackageSize(**package) for package in contents["packages"])
    said = resolution.notes
    if contents.get("diet_refused"):
        said += (f"werkzeug is not put on the import diet: {contents['diet_refused']}",)
    isolated = built and builds.policy.mode == "isolated"
    return Dependencies(
        entry / _FILES,
        packages,
        said,
        contents.get("diet", ""),
        tuple(package.name for package in built),
        builds.sandbox.name if isolated else None,
        key,
        contents["owners"],
    )


def _contents(folder: Path, installed: Installed) -> dict[str, Any]:
    """Return what there is to say of an entry: the version and the size of every package."""
    sizes = dict.fromkeys(installed.versions, 0)
    for path in folder.rglob("*"):
        if path.is_file():
            source = path
            if path.parent.name == "__pycache__":
                source = path.parent.parent / f"{path.name.rpartition('.cpython-')[0]}.py"
            owner = installed.owners.get(source.relative_to(folder).as_posix(), "")
            if owner in sizes:
                sizes[owner] += path.stat().st_size
    versions = installed.versions
    packages = [PackageSize(name, versions[name], size) for name, size in sorted(sizes.items())]
    return {
        "packages": [asdict(package) for package in packages],
        "owners": _owners(installed.owners),
    }


def _owners(of_files: Mapping[str, str]) -> dict[str, str]:
    """Return the package of each folder, or file, at the top of what is of that package alone."""
    sources = {path: name for path, name in of_files.items() if path.endswith(".py")}
    found: dict[str, set[str]] = {}
    for path, name in sources.items():
        for each in (path, *map(str, PurePosixPath(path).parents)):
            found.setdefault(each, set()).add(name)
    shared = {each for each, names in found.items() if len(names) > 1} | {"."}
    return {
        each: next(iter(names))
        for each, names in found.items()
        if each not in shared and str(PurePosixPath(each).parent) in shared
    }


def _installed_key(
    resolution: Resolution,
    target: Target,
    bytecode: Interpreter | None,
    diet: bool,
    kept: KeepRules,
) -> list[Any]:
    packages = [(p.name, p.version, p.form, p.identity) for p in resolution.packages]
    compiled = (bytecode.version, bytecode.magic) if bytecode else None
    machine = target.architecture if target.host else target.platform
    treated = DIET_FORMAT if diet else None
    used = [sorted(getattr(kept.used, part.name)) for part in fields(kept.used)]
    pruned = [PRUNE_FORMAT, used, kept.globs, kept.development]
    return [_FORMAT, packages, target.python, target.host, machine, compiled, treated, pruned]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
