"""Gets packages that runs on this machine need beside a bundle: once, kept in the user's cache."""

from __future__ import annotations

import tempfile
from pathlib import Path

from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter
from packager.host.uv import run_uv


@dataclass(frozen=True, slots=True)
class Brought:
    """A package: what messages call it, its requirement, and the name of its place in the cache."""

    title: str
    requirement: str
    key: str


def brought_folder(package: Brought, interpreter: Interpreter) -> Path:
    """Return a folder with a package and what it needs, for `interpreter`.

    It is installed through uv the first time. Raises `PackagerError` where it can't be installed.
    """
    folder = cache_folder()
    if folder is None:
        raise PackagerError(
            f"there is no cache folder to keep {package.title} in",
            hint="set XDG_CACHE_HOME to a folder that can be written",
        )
    made_for = f"{interpreter.python}-{interpreter.architecture}-{interpreter.magic or 'any'}"
    try:
        return cached_folder(
            folder,
            f"{package.key}/{made_for}",
            lambda target: _install(package, interpreter, target),
        )
    except OSError as error:
        raise PackagerError(
            f"{package.title} can't be kept in {folder}: {error.strerror or error}",
            hint="free some room, or set XDG_CACHE_HOME to a folder that can be written",
        ) from None


def _install(package: Brought, interpreter: Interpreter, folder: Path) -> None:
    # An empty working directory: the index is the user's, not that of a project in the way.
    with tempfile.TemporaryDirectory(prefix="packager-") as empty:
        run = run_uv(
            [
                *("pip", "install", package.requirement, "--target", str(folder)),
                *("--python", str(interpreter.path), "--only-binary", ":all:"),
                *("--link-mode", "copy", "--compile-bytecode", "--quiet"),
            ],
            cwd=Path(empty),
        )
    if run.code:
        name = package.requirement.partition(">")[0]
        raise PackagerError(
            f"{package.title} ({name}) can't be installed for Python "
            f"{interpreter.python}:\n{run.problem}",
            hint="the package index could not be reached; it is needed once"
            if run.unreachable
            else None,
        )
