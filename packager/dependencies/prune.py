"""Takes out of installed packages what no function needs: tests, stubs, metadata, build files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from packager.dataclass import dataclass
from packager.dependencies.used_files import (
    BUILD_SUFFIXES,
    EVERY,
    OWN,
    STUBS,
    TEST_FOLDERS,
    FileUse,
    merge_uses,
    read_file_use,
)
from packager.host.trees import files_below
from packager.inputs.gitignore import Patterns

FORMAT = 2  # changes with whatever changes what stays
# Licences ask to go along with every copy; beside metadata that is gone they would look like a
# package without a name, so they are kept where the runtime is.
LICENCES = "endpoint_runtime/licenses"

# Of the installer and of this machine, not of the package: they would differ from build to build.
_INSTALLER_FILES = frozenset(
    {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)
_LICENCE = re.compile(r"(?:^|/)(?:licen[cs]es?|copying|copyright|notice|authors|legal)\b", re.I)
_READ = (".py", ".so")


@dataclass(frozen=True, slots=True)
class KeepRules:
    """What stays although no package needs it: what the plugin's code does, and the `keep` globs.

    The globs are over the packages' paths, in gitignore syntax. `development`: the plugin's code
    names werkzeug's server or debugger.
    """

    used: FileUse = field(default_factory=FileUse)
    globs: tuple[str, ...] = ()
    development: bool = False


def prune(folder: Path, owners: Mapping[str, str], kept: KeepRules) -> dict[str, str]:
    """Take unneeded files out of `folder`; return the owner of what is new under its path.

    `owners` has the package of every file, by posix path. What may be needed, stays.
    """
    _remove_installers_own(folder)
    files = sorted(name for name, _ in files_below(folder))
    packages = _Packages(folder, files, owners, kept.used)
    wanted = Patterns(kept.globs)
    infos = {file.split("/")[0] for file in files if ".dist-info/" in file}
    dropped = {
        info
        for info in infos
        if not packages.need_metadata(folder / info)
        and not any(wanted.match(file) for file in files if file.startswith(f"{info}/"))
    }
    moved: dict[str, str] = {}
    for file in files:
        info, _, inner = file.partition("/")
        if info in dropped:
            if _LICENCE.search(inner):
                name = f"{LICENCES}/{info.removesuffix('.dist-info')}/"
                name += inner.removeprefix("licenses/")
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(folder / file, folder / name)
                moved[name] = owners.get(file, "")
            else:
                (folder / file).unlink()
        elif packages.can_go(file) and not wanted.match(file):
            (folder / file).unlink()
    _remove_empty_folders(folder)
    return moved


class _Packages:
    """What is installed, and what its code needs."""

    def __init__(
        self, folder: Path, files: Sequence[str], owners: Mapping[str, str], plugin: FileUse
    ) -> None:
        self._owners = owners
        self._used: dict[str, FileUse] = {}
        self._folders = {at for file in files for at in _test_folders(file)}
        self._modules = {*plugin.modules}
        sources = [file for file in files if file.endswith(_READ)]
        self._read(folder, [file for file in sources if not _test_folders(file)])
        # What a test folder that stays needs, stays too.
        while found := {at for at in self._folders if self._imports(at)}:
            self._folders -= found
            stay = [file for file in sources if found.intersection(_test_folders(file))]
            self._read(folder, stay)
        every = merge_uses([plugin, *self._used.values()])
        self._metadata, self._groups = every.metadata, every.entry_points
        self._stubs = self._packages_with_stubs(files)

    def need_metadata(self, info: Path) -> bool:
        """Whether anybody reads the metadata in the folder `info`."""
        said = canonicalize_name(info.name.split("-")[0])
        name = self._owners.get(f"{info.name}/METADATA") or said
        own = self._used.get(name, FileUse()).metadata
        if {name, EVERY} & self._metadata or OWN in own:
            return True
        groups = _entry_points(info / "entry_points.txt")
        if not groups or not self._groups:
            return False
        return EVERY in groups | self._groups or bool(groups & self._groups)

    def can_go(self, file: str) -> bool:
        """Whether nothing needs the file."""
        path = PurePosixPath(file)
        suffix, owner = path.suffix[1:], self._owners.get(file, "")
        if gone := self._folders.intersection(_test_folders(file)):
            # Code that names the folder without importing it may read data in it.
            named = self._used.get(owner, FileUse()).texts
            return suffix in ("py", STUBS) or not any(at.rpartition("/")[2] in named for at in gone)
        if suffix == STUBS or path.name == "py.typed":
            return owner not in self._stubs
        return suffix in BUILD_SUFFIXES and suffix not in self._used.get(owner, FileUse()).suffixes

    def _read(self, folder: Path, files: Sequence[str]) -> None:
        by_package: dict[str, list[FileUse]] = {}
        for file in files:
            content = (folder / file).read_bytes()
            used = read_file_use(file, content, tests=bool(self._folders))
            by_package.setdefault(self._owners.get(file, ""), []).append(used)
            self._modules |= used.modules
        for owner, found in by_package.items():
            self._used[owner] = merge_uses([*found, self._used.get(owner, FileUse())])

    def _imports(self, at: str) -> bool:
        """Whether code imports the test folder `at`, or something in it."""
        module = at.replace("/", ".")
        return any(name == module or name.startswith(f"{module}.") for name in self._modules)

    def _packages_with_stubs(self, files: Sequence[str]) -> set[str]:
        """Return the packages that read stubs, and those that import one that does."""
        readers = {owner for owner, used in self._used.items() if STUBS in used.suffixes}
        modules = {
            file.split("/")[0].split(".")[0]
            for file in files
            if self._owners.get(file, "") in readers
        }
        return readers | {owner for owner, used in self._used.items() if used.imports & modules}


def _test_folders(file: str) -> list[str]:
    """Return the folders for tests that a file is in, as paths."""
    parts = file.split("/")[:-1]
    return [
        "/".join(parts[: index + 1]) for index, part in enumerate(parts) if part in TEST_FOLDERS
    ]


def _entry_points(path: Path) -> set[str]:
    """Return the groups that a package has entry points in, commands aside."""
    import configparser  # seldom: what is in the cache is pruned

    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    try:
        parser.read_string(path.read_text("utf-8", "replace"))
    except OSError:
        return set()
    except configparser.Error:
        return {EVERY}
    return {*parser.sections()} - {"console_scripts", "gui_scripts"}


def _remove_installers_own(folder: Path) -> None:
    # Commands, and manual pages: of an environment, which a bundle is not.
    for name in ("bin", "share/man"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for above, folders, _ in os.walk(folder):
        if "__pycache__" in folders:
            folders.remove("__pycache__")
            shutil.rmtree(Path(above, "__pycache__"))
    (folder / ".lock").unlink(missing_ok=True)
    for info in folder.glob("*.dist-info"):
        for name in _INSTALLER_FILES:
            (info / name).unlink(missing_ok=True)


def _remove_empty_folders(folder: Path) -> None:
    for above, folders, _ in os.walk(folder, topdown=False):
        for name in folders:
            with suppress(OSError):
                Path(above, name).rmdir()
