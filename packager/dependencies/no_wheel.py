"""Explains why packages can't be had for a target: which ones, and what would help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from packager.dependencies.broken_packages import broken_package
from packager.dependencies.source_builds import Builds
from packager.dependencies.target import MACHINES, Target
from packager.errors import PackagerError
from packager.host.interpreter import SUPPORTED_PYTHONS
from packager.host.uv import UvRun
from packager.host.uv_failures import could_not_fetch, indent
from packager.requirements.lock_file import Locked
from packager.requirements.requirements import Requirements

# uv's own sentences (its resolver's report): "numpy==1.21.0 has no usable wheels",
# "only foo==1.0 is available, foo==1.0 has no wheels with a matching platform tag".
_ONE_VERSION = re.compile(
    r"(?<![\w.-])([a-z0-9][\w.-]*+)==([^\s,]++) has no (?:usable )?wheels", re.I
)
_ALL_VERSIONS = re.compile(r"\ball versions of ([a-z0-9][\w.-]*) have no (?:usable )?wheels", re.I)
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
    where = f"the dependencies in {origin} can't be resolved for {builds.target}"
    return PackagerError(
        f"{where}:\n{indent(run.problem)}",
        hint="uv.lock may be older than what it was made of: make it again with `uv lock`"
        if requirements.locked
        else "correct the requirements; names and versions are looked up in uv's index",
    )


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
    return any(targets_with_wheel(package, folder, [python], builds) for python in pythons)


def targets_with_wheel(
    package: Locked, folder: Path, pythons: Iterable[str], builds: Builds
) -> list[Target]:
    """Return the targets other than that of `builds` that this version has a wheel for.

    Asks what uv has in its cache, from the resolution that went before.
    """
    if not package.version:
        return []
    asked = folder / "probe.in"
    asked.write_text(f"{package.name}=={package.version}\n", "utf-8")
    arguments = ["pip", "compile", str(asked), "--no-deps", "--quiet"]
    arguments += ["--output-file", str(folder / "probe.out"), "--offline"]
    target = builds.target
    found = []
    for python in pythons:
        for architecture in MACHINES:
            other = Target(python, architecture, target.interpreter)
            if (python, other.platform) == (target.python, target.platform):
                continue
            (folder / "probe.out").unlink(missing_ok=True)
            if builds.run(arguments, wheels=True, target=other).code == 0:
                found.append(other)
    return found
