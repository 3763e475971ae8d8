"""Installs resolved packages into a folder as a bundle holds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from packager.analysis.sdk_distributions import SDK
from packager.contract import OTHER_PLUGINS
from packager.dataclass import dataclass
from packager.dependencies.prune import KeepRules, prune
from packager.dependencies.source_builds import Builds
from packager.errors import PackagerError
from packager.host.uv_failures import could_not_fetch, indent
from packager.model.steps import step
from packager.requirements.hashes import explain_mismatch
from packager.requirements.lock_file import Resolution

# What a bundle's root holds besides dependencies. The last two are files: Lambda's emulator runs
# a `bootstrap` in place of the runtime.
_RESERVED_MODULES = frozenset({"endpoint_runtime", "dify_plugin", "plugin", OTHER_PLUGINS})
_RESERVED_FILES = frozenset({"start_fast", "bootstrap"})

# Variables that have a say in what is chosen, and are an error where it has been.
_CHOICE = ("UV_CONSTRAINT", "UV_EXCLUDE", "UV_OVERRIDE")

_FAILED_BUILD = re.compile(
    r"(?:Failed to (?:build|download and build) `?|wheel for )([\w.-]+?)[=@` ]"
)


@dataclass(frozen=True, slots=True)
class PackageSize:
    """One package in a bundle, and the bytes its files take there."""

    name: str
    version: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed: versions by package, and the package of every file (posix path)."""

    versions: Mapping[str, str]
    owners: Mapping[str, str]


class NotPure(Exception):
    """A package without a wheel did not build to a pure Python one. Stays inside packager."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name = name
        self.problem = problem


def install(
    resolution: Resolution,
    folder: Path,
    *,
    builds: Builds,
    kept: KeepRules,
    briefly: Callable[[str], None] = lambda message: None,
) -> Installed:
    """Install what `resolution` holds into `folder`, pruned but for `kept`, and return what came.

    Raises `NotPure` if a package was built, for another machine, and is not pure Python;
    `PackagerError` for anything else.
    """
    import csv  # what has to be installed is seldom
    import email.parser

    arguments = ["pip", "install", "--requirements", str(resolution.lock), "--no-deps"]
    arguments += ["--target", str(folder), "--link-mode", "copy", "--quiet", "--verify-hashes"]
    # uv looks at the times of a folder's files alone, and not at all of them.
    for package in resolution.packages:
        if package.form == "directory":
            arguments += [f"--refresh-package={package.name}"]
    built = {package.name: package for package in resolution.packages if package.is_source}
    target = builds.target
    run = builds.run(arguments, wheels=not built, unset=_CHOICE)
    if run.code:
        mismatch = explain_mismatch(run.problem)
        if mismatch:
            raise mismatch
        failure = could_not_fetch(run.code, run.problem)
        if failure and not run.backend_failed:
            raise failure
        named = [
            name for name in _FAILED_BUILD.findall(run.problem) if canonicalize_name(name) in built
        ]
        if named and not target.host:
            raise NotPure(canonicalize_name(named[0]), run.problem)
        title = "the dependencies can't be installed"
        raise PackagerError(
            f"{f'{named[0]} could not be built' if named else title}:\n{indent(run.problem)}",
            hint="; ".join(
                [f"what is installed was chosen for {target}", *builds.hints(run.problem)]
            ),
        )
    owners: dict[str, str] = {}
    versions: dict[str, str] = {}
    for info in sorted(folder.glob("*.dist-info")):
        metadata = email.parser.HeaderParser().parsestr(
            (info / "METADATA").read_text("utf-8", "replace")
        )
        name = canonicalize_name(metadata["Name"] or info.name.split("-")[0])
        versions[name] = metadata["Version"] or ""
        if name in built and not target.host and not _is_pure(info / "WHEEL"):
            raise NotPure(name, "it built to a wheel for one platform only")
        with (info / "RECORD").open(encoding="utf-8", newline="") as record:
            for row in csv.reader(record):
                if row:
                    owners.setdefault(PurePosixPath(row[0]).as_posix(), name)
    briefly(f"taking out what no function uses of {len(versions)} packages")
    installed = Installed(versions, owners)
    _check_reserved(folder, installed)
    with step("pruning packages"):
        return Installed(versions, owners | prune(folder, owners, kept))


def _is_pure(wheel: Path) -> bool:
    text = wheel.read_text("utf-8", "replace")
    tags = re.findall(r"^Tag: (.+)$", text, re.MULTILINE)
    pure = re.search(r"^Root-Is-Purelib: true\s*$", text, re.MULTILINE | re.IGNORECASE)
    return bool(pure) and all(tag.strip().endswith("-none-any") for tag in tags)


def _check_reserved(folder: Path, installed: Installed) -> None:
    for entry in sorted(folder.iterdir()):
        module = entry.name.split(".")[0]
        if module == "dify_plugin" and SDK in installed.versions:
            continue  # it was asked for: `resolve` lets it in no other way
        is_module = entry.is_dir() or entry.suffix in (".py", ".so", ".pyd")
        if entry.name in _RESERVED_FILES or (module in _RESERVED_MODULES and is_module):
            owner = next(
                (
                    name
                    for file, name in sorted(installed.owners.items())
                    if PurePosixPath(file).parts[0] == entry.name
                ),
                "a dependency",
            )
            raise PackagerError(
                f"{owner} {installed.versions.get(owner, '')}".rstrip()
                + f" installs {entry.name}, a name that bundles use themselves",
                hint="leave that package out, or use another one",
            )
