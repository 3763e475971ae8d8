"""Installs a resolution, treats it, and keeps it in the cache: what a function's packages are."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, field, fields
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packager.dataclass import dataclass
from packager.dependencies import diet
from packager.dependencies.development_parts import remove_development_parts
from packager.dependencies.diet.packages import TreatedPackage, treated_packages, verified
from packager.dependencies.local_inputs import builds_cleared_away
from packager.dependencies.prune import FORMAT as PRUNE_FORMAT
from packager.dependencies.prune import KeepRules
from packager.dependencies.resolve import RUNTIME
from packager.dependencies.source_builds import Builds
from packager.dependencies.target import Target
from packager.dependencies.uv_install import Installed, PackageSize, install
from packager.dependencies.versions import identified
from packager.errors import PackagerError
from packager.host.bytecode import Job, compile_once
from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import scripts_state
from packager.host.trees import files_below
from packager.host.uv_failures import OutOfResources
from packager.model.progress import Progress
from packager.model.steps import step
from packager.requirements.lock_file import Resolution

if TYPE_CHECKING:
    from packager.dependencies.diet.apply import DietReport

_FILES = "files"
_CONTENTS = "contents.json"
_DIETING = f"{RUNTIME}/"
_FORMAT = 4  # of what is said of an entry: changes with it


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
    diet_packages: tuple[str, ...] = ()  # the others on it
    remarks: tuple[str, ...] = ()  # of no consequence for what the packages do

    def owner_of(self, file: str) -> str:
        """Return the name and version of the package that a file is from, "" if it is unknown."""
        path = PurePosixPath(file)
        paths = (each.as_posix() for each in (path, *path.parents))
        name = next((self.owners[each] for each in paths if each in self.owners), "")
        versions = {package.name: package.version for package in self.packages}
        return f"{name} {versions.get(name, '')}".strip()


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to installed packages: compiled with `bytecode`, if any, and made less.

    `diet` says whether a package may be put on the import diet; `kept` stays though no package
    needs it. `meanwhile` is entered while they are compiled, with the folder that has them, what
    identifies them, and their names.
    """

    bytecode: Interpreter | None = None
    diet: Callable[[str], bool] = lambda name: False
    kept: KeepRules = field(default_factory=KeepRules)
    meanwhile: Callable[[Path, str, Collection[str]], AbstractContextManager[None]] = (
        lambda folder, identity, names: nullcontext()
    )


def installed(
    resolution: Resolution, builds: Builds, work: Path, treatment: Treatment, progress: Progress
) -> Dependencies:
    """Return the packages of a resolution: out of the cache, else installed into it or `work`.

    Raises `NotPure` for a package that was built and is for one platform alone, and
    `PackagerError`.
    """
    cache = cache_folder()
    built = tuple(package for package in resolution.packages if package.is_source)
    notes: list[str] = []
    entry = None
    key = ""

    def make(folder: Path) -> None:
        _fill(folder, resolution, builds, treatment, progress, identity=key)

    if cache and all(package.identity for package in resolution.packages):
        progress.briefly("checking the packages in the cache")
        how = [builds.policy.mode, builds.sandbox.kind] if built else None
        made_of = _installed_key(resolution, builds.target, treatment)
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
    said = (*resolution.notes, *notes)
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
        tuple(contents["diet_packages"]),
        tuple(contents.get("diet_left", ())),
    )


def _fill(
    entry: Path,
    resolution: Resolution,
    builds: Builds,
    treatment: Treatment,
    progress: Progress,
    *,
    identity: str,
) -> None:
    """Install into the folder `entry`, and write beside it what there is to say of that."""
    from packager.dependencies.diet.apply import apply_diet  # seldom, and takes a while to import

    progress.step(f"installing {len(resolution.packages)} packages")
    folder = entry / _FILES
    folder.mkdir()
    paths = (path for package in resolution.packages for path in package.paths)
    with builds_cleared_away(paths), step("installing packages"):
        found = install(
            resolution, folder, builds=builds, kept=treatment.kept, briefly=progress.briefly
        )
    if identified(resolution)[0] != resolution:
        raise PackagerError("a package's folder changed while it was built", hint="build again")
    treated = None
    labels: list[str] = []
    left: list[str] = []
    if treatment.diet(RUNTIME):
        progress.briefly(f"putting {RUNTIME} on the import diet")
        with step("import diet"):
            treated = apply_diet(folder, found.versions.get(RUNTIME, ""))
    if treated and treated.label:
        remove_development_parts(folder, treatment.kept)
    if treatment.bytecode:
        progress.step("compiling the packages to bytecode")
        waiting = [
            each
            for each in treated_packages(
                folder, found.versions, found.owners, treatment.bytecode.python
            )
            if treatment.diet(each.name)
        ]
        with treatment.meanwhile(folder, identity, found.versions.keys()):
            left = _compile(folder, treatment.bytecode, found.owners, treated, waiting)
        labels = [each.label for each in waiting]
    contents = _contents(folder, found)
    if treated:
        contents |= {"diet": treated.label, "diet_refused": treated.reason}
    contents["diet_packages"] = labels
    contents["diet_left"] = left
    (entry / _CONTENTS).write_text(json.dumps(contents), "utf-8")
    progress.briefly("noting what is in the cache")


def _compile(
    folder: Path,
    interpreter: Interpreter,
    owners: Mapping[str, str],
    treated: DietReport | None,
    waiting: Sequence[TreatedPackage],
) -> list[str]:
    """Compile everything; return what there is to say of modules that are left as they are."""
    sources = {name for name, _ in files_below(folder) if name.endswith(".py")}
    # What is on the diet is known, and tried so, by its own tests too.
    dieting = {name for name in sources if name.startswith(_DIETING)}
    dieting = dieting if treated and treated.label else set()
    jobs = [Job(frozenset(dieting), docstrings=False)]
    rest = sources - dieting
    for package in waiting:
        own = frozenset(rest.intersection(package.files))
        jobs.append(Job(own, waiting=package.rules))
        rest -= own
    of_package: dict[str, set[str]] = {}
    for name in rest:
        of_package.setdefault(owners.get(name, ""), set()).add(name)
    jobs += [Job(frozenset(names)) for names in of_package.values()]
    left = {*compile_once(interpreter, folder, jobs, columns=False)}
    return [
        f"{package.name} {package.version} is newer than what the import diet was tried "
        f"with: {len(others)} of its {len(files)} modules import others than they did, and "
        "are left as they are"
        for package in waiting
        if (files := sources.intersection(package.files)) and (others := left & files)
    ]


def _contents(folder: Path, installed: Installed) -> dict[str, Any]:
    """Return what there is to say of an entry: the version and the size of every package."""
    sizes = dict.fromkeys(installed.versions, 0)
    for name, found in files_below(folder):
        source = name
        above, _, file = name.rpartition("/")
        if f"/{above}".endswith("/__pycache__"):
            source = f"{above.removesuffix('__pycache__')}{file.rpartition('.cpython-')[0]}.py"
        owner = installed.owners.get(source, "")
        if owner in sizes:
            sizes[owner] += found.st_size
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


def _installed_key(resolution: Resolution, target: Target, treatment: Treatment) -> list[Any]:
    bytecode, kept = treatment.bytecode, treatment.kept
    packages = [(p.name, p.version, p.form, p.identity) for p in resolution.packages]
    compiled = (bytecode.version, bytecode.magic) if bytecode else None
    machine = target.architecture if target.host else target.platform
    names = [RUNTIME, *verified()]
    treated = [_diet_code(), [name for name in names if treatment.diet(name)]]
    used = [sorted(getattr(kept.used, part.name)) for part in fields(kept.used)]
    pruned = [PRUNE_FORMAT, used, kept.globs, kept.development]
    return [_FORMAT, packages, target.python, target.host, machine, compiled, treated, pruned]


@cache
def _diet_code() -> str:
    """Return a digest of what treats packages: another treatment is another entry."""
    folder = Path(diet.__file__).parent
    sources = [*sorted(folder.glob("*.py")), *sorted(folder.glob("*.json"))]
    treating = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()
    return f"{treating} {scripts_state()}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
