"""Decides, through uv, which versions of which packages a function gets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from packager.analysis.sdk_distributions import HEAVY, SDK, only_for_sdk
from packager.dataclass import dataclass
from packager.dependencies.broken_packages import quotes_toml
from packager.dependencies.locked_sources import check_locked
from packager.dependencies.no_wheel import is_platform_specific, no_solution, stop_unless_unsolvable
from packager.dependencies.source_builds import Builds
from packager.dependencies.target import Target
from packager.dependencies.uv_lock import export_lock
from packager.errors import InvalidInput
from packager.host.uv import PROJECT, UvRun
from packager.requirements.hashes import Stated, hold_to_hashes
from packager.requirements.lock_file import Locked, Resolution, read_lock, settle_lock, toml
from packager.requirements.requirements import Requirements
from packager.requirements.rules import refuse_variables

RUNTIME = "werkzeug"  # what endpoint_runtime itself needs


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a function is to have: what its plugin requires, and what its code imports of the SDK's
    set. With `sdk` also `dify_plugin`, as the plugin pins it, and all that it needs."""

    requirements: Requirements
    imported: tuple[str, ...]
    sdk: bool = False


def resolve(
    wanted: Wanted, folder: Path, builds: Builds, *, wheels_only: frozenset[str] = frozenset()
) -> Resolution:
    """Choose versions for what is `wanted`, and write a lock into `folder`.

    The versions are those that Dify would run: all that is declared, `dify_plugin` included, is
    resolved first (or read from uv.lock); then what the bundle needs, held to that. Packages that
    exist as source only are allowed, except for those in `wheels_only`. Raises `PackagerError`.
    """
    requirements, target, sdk = wanted.requirements, builds.target, wanted.sdk
    spare = frozenset[str]() if sdk else only_for_sdk(requirements.names, wanted.imported)
    used = {*wanted.imported, RUNTIME, *((SDK,) if sdk else ())}
    undeclared = tuple(sorted(used - (requirements.names - spare)))
    job = _Job(requirements, undeclared, spare, target, folder, builds, wheels_only, sdk)
    pins, notes = job.pins()
    located = {name: pin for name, pin in pins.items() if " @ " in pin}
    check_locked(located.values(), requirements)
    held = {name: _as_constraint(pin) for name, pin in pins.items() if name not in located}
    declared = requirements.declared if sdk else requirements.without_sdk
    lines = [line for line in declared if line.name not in spare]
    roots = [*(_placed(line.text, located.get(line.name)) for line in lines), *undeclared]
    named = {line.name for line in lines}
    job.overrides.extend(pin for name, pin in located.items() if name.split(" ")[0] not in named)
    run = job.compile_bundle(roots, held.values(), wheels=True)
    if run.code and held:
        # What the plugin names itself stays as pinned; what only follows from it may give way.
        firm = [pin for name, pin in held.items() if name.split(" ")[0] in requirements.names]
        if job.compile_bundle(roots, firm, wheels=True).code == 0:
            source = "uv.lock" if requirements.locked else "the SDK's pin"
            note = f"{source} has no complete set for {target}: it was not followed for packages "
            notes = (*notes, f"{note}that the plugin does not name itself")
            return job.finished(notes)
    if run.code:
        job.compile_with_sources(roots, held.values(), run)
        return job.finished(notes)
    try:
        return job.finished(notes)
    except InvalidInput:
        # The hash may be of a source distribution, which "wheels alone" leaves out of a lock.
        if job.compile_bundle(roots, held.values(), wheels=wheels_only).code:
            raise
        return job.finished(notes)


@dataclass(frozen=True, slots=True)
class _Job:
    """One resolution: `spare` is declared for the SDK alone, `undeclared` used without a word."""

    requirements: Requirements
    undeclared: tuple[str, ...]
    spare: frozenset[str]
    target: Target
    folder: Path
    builds: Builds
    wheels_only: frozenset[str]
    sdk: bool
    overrides: list[str] = field(default_factory=list)  # addresses that a lock has
    exported: list[Stated] = field(default_factory=list)  # hashes that a lock has
    refreshed: set[str] = field(default_factory=set)  # packages in folders, read again by uv

    def finished(self, notes: tuple[str, ...]) -> Resolution:
        """Return what the lock says, held to the hashes that are stated anywhere."""
        settle_lock(self.lock)
        stated = (*self.requirements.hashes, *self.exported)
        hold_to_hashes(self.lock, stated, required=self.requirements.require_hashes)
        return Resolution(self.lock, read_lock(self.lock), notes)

    @property
    def lock(self) -> Path:
        return self.folder / "pylock.toml"

    def pins(self) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Return what Dify would run as exact requirements by name, and what was not possible."""
        if self.requirements.locked:
            root, lock = self.requirements.root, self.requirements.lock
            exported = export_lock(root, self.requirements.file, lock, self.target)
            self.exported.extend(exported.hashes)
            pins = dict(exported.pins)
            if not self.sdk:
                pins.pop(SDK, None)
            return pins, ()
        if SDK not in self.requirements.names:
            return {}, ()
        lines = [*(line.text for line in self.requirements.declared), *self.undeclared]
        wanted = {*self.requirements.names, *self.undeclared} - self.spare
        excludes = [name for name in HEAVY if name not in wanted and not self.sdk]
        for wheels in (True, self.wheels_only):
            run = self.compile("dify", lines, (), excludes=excludes, wheels=wheels)
            if run.code == 0:
                packages = read_lock(self.lock)
                pins = {p.name: f"{p.name}=={p.version}" for p in packages if p.form == "wheels"}
                if not self.sdk:
                    pins.pop(SDK, None)
                return pins, ()
        # What is declared for the SDK alone would now constrain nothing: keep it as pins.
        pins = {line.name: line.text for line in self.requirements.declared}
        pin = pins[SDK]
        note = f"{pin} can't be resolved for {self.target}; versions were chosen without it"
        return {name: text for name, text in pins.items() if name in self.spare}, (note,)

    def compile_bundle(
        self, roots: Sequence[str], pins: Iterable[str], *, wheels: bool | Iterable[str]
    ) -> UvRun:
        """Resolve what the bundle holds. Without `sdk`, `dify_plugin` can't get in by anything."""
        excludes = () if self.sdk else (SDK,)
        return self.compile("bundle", roots, pins, excludes=excludes, wheels=wheels)

    def compile_with_sources(
        self, roots: Sequence[str], pins: Iterable[str], failed: UvRun
    ) -> None:
        """Resolve again with packages that exist as source only, where `failed` had wheels only.

        A version whose wheels are all for other platforms is refused, for uv to find an older one.
        """
        pins = tuple(pins)
        blocked: dict[str, Locked] = {}
        if self.builds.policy.mode == "refuse":
            raise no_solution(failed, (), self.requirements, self.folder, self.builds)
        while True:
            run = self.compile_bundle(roots, pins, wheels={*self.wheels_only, *blocked})
            if run.code:
                raise no_solution(
                    run if run.backend_failed or quotes_toml(run) else failed,
                    blocked.values(),
                    self.requirements,
                    self.folder,
                    self.builds,
                )
            if self.target.host:
                return
            found = {
                package.name: package
                for package in read_lock(self.lock)
                if package.form == "sdist"
                and is_platform_specific(package, self.folder, self.builds)
            }
            if not found:
                return
            blocked |= found

    def compile(
        self,
        name: str,
        lines: Sequence[str],
        constraints: Iterable[str],
        *,
        excludes: Iterable[str],
        wheels: bool | Iterable[str],
    ) -> UvRun:
        """Resolve `lines` into the lock. `wheels`: only wheels, for all or for those named.

        Raises `PackagerError` for a failure that says nothing about the requirements.
        """
        own = [_as_constraint(line.text) for line in self.requirements.constraints]
        files = {"in": lines, "constraints": [*own, *constraints], "excludes": excludes}
        files["overrides"] = self.overrides
        refuse_variables((*files["in"], *files["constraints"], *files["overrides"]))
        for suffix, content in files.items():
            text = "".join(f"{line}\n" for line in content)
            (self.folder / f"{name}.{suffix}").write_text(text, "utf-8")
        base = self.folder / name
        arguments = ["pip", "compile", str(self._input(name, lines))]
        arguments += ["--constraints", f"{base}.constraints"]
        # On the command line they would go before what the environment says.
        arguments += _repeated("--constraints", "UV_CONSTRAINT")
        if self.overrides:
            arguments += ["--overrides", f"{base}.overrides"]
            arguments += _repeated("--overrides", "UV_OVERRIDE")
        arguments += ["--excludes", f"{base}.excludes", "--format", "pylock.toml", "--no-header"]
        arguments += ["--no-annotate", "--output-file", str(self.lock), "--quiet"]
        self.lock.unlink(missing_ok=True)  # uv would prefer what an existing one has
        held = {line.split("==")[0] for line in files["constraints"] if "==" in line}
        if held:
            # With all of it pinned, what uv has in its cache is as good as the index, and quicker.
            run = self.run([*arguments, "--offline"], wheels)
            if run.code == 0 and all(found.name in held for found in read_lock(self.lock)):
                return run
            self.lock.unlink(missing_ok=True)
        run = self.run(arguments, wheels)
        # Whoever calls takes a failure for "there is no solution", and may go on without.
        stop_unless_unsolvable(run)
        return run

    def run(self, arguments: Sequence[str], wheels: bool | Iterable[str]) -> UvRun:
        """Run uv until it has read every package in a folder again: it looks at times alone."""
        while True:
            refresh = [f"--refresh-package={name}" for name in sorted(self.refreshed)]
            run = self.builds.run([*arguments, *refresh], wheels=wheels)
            if run.code:
                return run
            found = {each.name for each in read_lock(self.lock) if each.form == "directory"}
            if found <= self.refreshed:
                return run
            self.refreshed.update(found)
            self.lock.unlink()

    def _input(self, name: str, lines: Sequence[str]) -> Path:
        """Return the file for uv to read `lines` from: a pyproject.toml where one is for an index
        of its own, as nothing else can say so."""
        own = {line.name: line.index for line in self.requirements.declared if line.index}
        if not own:
            return self.folder / f"{name}.in"
        sources = {each: {"index": index} for each, index in own.items()}
        project = {"name": PROJECT, "version": "0", "dependencies": lines}
        uv = {"sources": sources, "index": self.requirements.indexes}
        path = self.folder / f"{name}.project" / "pyproject.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"project = {toml(project)}\ntool = {toml({'uv': uv})}\n", "utf-8")
        return path


def _repeated(option: str, variable: str) -> list[str]:
    """Return the files that a variable of uv's names, as options."""
    return [part for file in os.environ.get(variable, "").split() for part in (option, file)]


def _placed(text: str, pin: str | None) -> str:
    """Return a requirement with the address of its `pin`, extras and all."""
    if pin is None:
        return text
    extras = re.match(r"\s*[\w.-]+\s*(\[[^\]]*\])?", text)
    name, _, address = pin.partition(" @ ")
    return f"{name}{(extras[1] if extras else None) or ''} @ {address}"


def _as_constraint(text: str) -> str:
    """Return a requirement without its extras, which a constraint can't have."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return text
    requirement.extras = set()
    return str(requirement)
