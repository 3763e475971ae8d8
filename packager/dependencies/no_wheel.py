"""Explains why packages can't be had for a target: which ones, and what would help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.tags import Tag

from packager.dependencies.broken_packages import broken_package
from packager.dependencies.source_builds import Builds
from packager.dependencies.target import MACHINES, EveryTarget, Target
from packager.errors import PackagerError
from packager.host.interpreter import SUPPORTED_PYTHONS
from packager.host.uv import UvRun
from packager.host.uv_failures import could_not_fetch, indent
from packager.requirements.lock_file import Locked, load_lock, wheel_tags_in
from packager.requirements.requirements import Requirements

# uv's own sentences (its resolver's report): "numpy==1.21.0 has no usable wheels",
# "only foo==1.0 is available, foo==1.0 has no wheels with a matching platform tag".
_ONE_VERSION = re.compile(
    r"(?<![\w.-])([a-z0-9][\w.-]*+)==([^\s,]++) has no (?:usable )?wheels", re.I
)
_ALL_VERSIONS = re.compile(r"\ball versions of ([a-z0-9][\w.-]*) have no (?:usable )?wheels", re.I)
# "the requested Python version (>=3.8) does not satisfy Python>=3.11"
_NEEDED_PYTHON = re.compile(r"does not satisfy Python>=(\d+\.\d+)")
_OLDER_PYTHONS = ("3.10", "3.9", "3.8")


def stop_unless_unsolvable(run: UvRun) -> None:
    """Raise the error of a `run` that failed for anything but the requirements' own sake."""
    error = could_not_fetch(run.code, run.problem)
    if error and not run.backend_failed:  # a backend's words are its own
        raise error


def no_solution(
    run: UvRun,
    blocked: Iterable[Locked],
    requirements: Requirements,
    folder: Path,
    builds: Builds,
) -> PackagerError:
    """Return the error for a resolution that failed, naming packages without a wheel if any.

    `blocked` are those already known to have none; `folder` is for working files.
    """
    stop_unless_unsolvable(run)
    broken = broken_package(run, requirements)
    if broken:
        return broken
    missing = {package.name: package for package in blocked}
    for name, version in _ONE_VERSION.findall(run.problem):
        missing.setdefault(name.lower(), Locked(name.lower(), version, "sdist", ()))
    for name in _ALL_VERSIONS.findall(run.problem):
        missing.setdefault(name.lower(), Locked(name.lower(), "", "sdist", ()))
    if missing:
        return no_wheel(tuple(missing.values()), requirements, folder, run.problem, builds)
    origin = requirements.file or "the imports of the plugin's code"
    if requirements.others:
        origin = f"{origin} and, for other plugins' tools, in {', '.join(requirements.others)}"
    where = f"the dependencies in {origin} can't be resolved for {builds.target}"
    return PackagerError(f"{where}:\n{indent(run.problem)}", hint=_hint(requirements))


def _hint(requirements: Requirements) -> str:
    if requirements.others:
        return (
            "where two plugins can't agree, deploy the other one's tools of their own, and name "
            "them by lambda or mcp"
        )
    if requirements.locked:
        return "uv.lock may be older than what it was made of: make it again with `uv lock`"
    return "correct the requirements; names and versions are looked up in uv's index"


def no_wheel(
    packages: Sequence[Locked],
    requirements: Requirements,
    folder: Path,
    problem: str,
    builds: Builds,
) -> PackagerError:
    """Return the error for packages that have no wheel for `target` and are not pure Python."""
    said = []
    hints = []
    for package in packages:
        place = requirements.place_of(package.name)
        title = f"{package.name} {package.version}".strip()
        said.append(f"{f'{place}: ' if place else ''}{title} has no wheel for {builds.target}")
        others = targets_with_wheel(package, folder, SUPPORTED_PYTHONS, builds)
        if others:
            runs_on = ", ".join(f"python{o.python} on {o.architecture}" for o in others)
            hints.append(f"{title} has wheels for {runs_on}")
    hints.append("pin a version that has a wheel, or set another runtime or architecture")
    hints += builds.hints(problem)
    return PackagerError("\n".join([*said, indent(problem)]), hint="; ".join(hints))


def is_platform_specific(package: Locked, folder: Path, builds: Builds) -> bool:
    """Return whether this version of a package has a wheel for some platform other than the
    target's.

    Then it is not pure Python, and building it would be minutes spent for nothing.
    """
    pythons = (*SUPPORTED_PYTHONS, *_OLDER_PYTHONS)
    return bool(targets_with_wheel(package, folder, pythons, builds))


def targets_with_wheel(
    package: Locked, folder: Path, pythons: Iterable[str], builds: Builds
) -> list[Target]:
    """Return the targets other than that of `builds` that this version has a wheel for."""
    own = builds.target
    tags, oldest = _tags_of_wheels(package, folder, builds)
    others = [
        Target(python, architecture, own.interpreter)
        for python in pythons
        for architecture in MACHINES
        if tags and _parts(python) >= oldest
    ]
    return [
        other
        for other in others
        if (other.python, other.platform) != (own.python, own.platform)
        if not tags.isdisjoint(other.wheel_tags)
    ]


def _tags_of_wheels(
    package: Locked, folder: Path, builds: Builds
) -> tuple[frozenset[Tag], tuple[int, int]]:
    """Return the tags of all wheels that this version has, and the oldest Python it is for.

    Asks what uv has in its cache, from the resolution that went before.
    """
    needed = (0, 0)
    if not package.version:
        return frozenset(), needed
    asked, lock = folder / "probe.in", folder / "pylock.probe.toml"
    asked.write_text(f"{package.name}=={package.version}\n", "utf-8")
    arguments = ["pip", "compile", str(asked), "--no-deps", "--quiet", "--offline"]
    arguments += ["--format", "pylock.toml", "--output-file", str(lock)]
    for python in (*reversed(_OLDER_PYTHONS), *SUPPORTED_PYTHONS):
        if _parts(python) < needed:
            continue
        lock.unlink(missing_ok=True)
        every = EveryTarget(python, builds.target.architecture, builds.target.interpreter)
        run = builds.run(arguments, wheels=True, target=every)
        if run.code == 0:
            packages = load_lock(lock).get("packages", ())
            return frozenset(tag for each in packages for tag in wheel_tags_in(each)), needed
        said = _NEEDED_PYTHON.search(run.problem)
        if said is None:  # it has none, whatever the Python
            break
        needed = _parts(said[1])
    return frozenset(), needed


def _parts(python: str) -> tuple[int, int]:
    major, minor = map(int, python.split("."))
    return major, minor
