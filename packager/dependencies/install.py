"""Gives the installed third-party packages of a function, from the cache or through uv."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from packager.dependencies.installed import Dependencies, Treatment, installed
from packager.dependencies.local_inputs import builds_cleared_away, stale_builds
from packager.dependencies.locked_sources import check_sources
from packager.dependencies.no_wheel import no_wheel
from packager.dependencies.resolve import Wanted
from packager.dependencies.source_builds import builds_for
from packager.dependencies.target import Target
from packager.dependencies.uv_install import NotPure
from packager.dependencies.versions import choose_versions
from packager.errors import PackagerError
from packager.model.progress import SILENT, Progress
from packager.model.steps import step


def install_dependencies(
    wanted: Wanted,
    target: Target,
    work: Path,
    treatment: Treatment,
    progress: Progress = SILENT,
) -> Dependencies:
    """Install what a plugin declares and uses for `target`.

    `work` is an empty folder for what is not cached. Raises `PackagerError`, naming the package
    where one is at fault.
    """
    requirements = wanted.requirements
    lock = work / "resolve"
    lock.mkdir(parents=True)
    refused: dict[str, PackagerError] = {}
    notes: list[str] = [  # on what was found on this disk
        f"{folder} has what an earlier build left in build/, and modules that are gone since may "
        "come back from there: remove it"
        for folder in requirements.folders
        if stale_builds(folder)
    ]
    builds = builds_for(requirements, target, work, progress.step)
    with builds_cleared_away(requirements.folders):
        while True:
            try:
                with step("resolving versions"):
                    resolution = choose_versions(
                        wanted, lock, builds, frozenset(refused), notes, progress
                    )
            except PackagerError as error:
                # Without a version that has a wheel, what failed first is the thing to say.
                raise next(iter(refused.values()), error) from None
            check_sources(resolution, requirements)
            try:
                with step("taking packages from the cache"):
                    got = installed(resolution, builds, work, treatment, progress)
                return replace(got, notes=tuple(dict.fromkeys((*got.notes, *notes))))
            except NotPure as fault:
                package = next(p for p in resolution.packages if p.name == fault.name)
                failure = no_wheel((package,), requirements, lock, fault.problem, builds)
                if package.form != "sdist" or package.name in refused:
                    raise failure from None
                refused[package.name] = failure
