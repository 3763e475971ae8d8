"""Gets AWS's runtime interface client, which managed Python runtimes run a handler with."""

from __future__ import annotations

import tempfile
from pathlib import Path

from packager.errors import PackagerError
from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter
from packager.host.uv import run_uv

REQUIREMENT = "awslambdaric>=4.1,<5"


def client_folder(interpreter: Interpreter) -> Path:
    """Return a folder with `awslambdaric` and what it needs, for `interpreter`.

    It is installed through uv the first time and kept in the user's cache. Raises `PackagerError`
    where it can't be installed.
    """
    folder = cache_folder()
    if folder is None:
        raise PackagerError(
            "there is no cache folder to keep Lambda's runtime client in",
            hint="set XDG_CACHE_HOME to a folder that can be written",
        )
    key = f"client/{interpreter.python}-{interpreter.architecture}-{interpreter.magic or 'any'}"
    try:
        return cached_folder(folder, key, lambda target: _install(interpreter, target))
    except OSError as error:
        raise PackagerError(
            f"Lambda's runtime client can't be kept in {folder}: {error.strerror or error}",
            hint="free some room, or set XDG_CACHE_HOME to a folder that can be written",
        ) from None


def _install(interpreter: Interpreter, folder: Path) -> None:
    # An empty working directory: the index is the user's, not that of a project in the way.
    with tempfile.TemporaryDirectory(prefix="packager-") as empty:
        run = run_uv(
            [
                *("pip", "install", REQUIREMENT, "--target", str(folder)),
                *("--python", str(interpreter.path), "--only-binary", ":all:"),
                *("--link-mode", "copy", "--compile-bytecode", "--quiet"),
            ],
            cwd=Path(empty),
        )
    if run.code:
        raise PackagerError(
            f"Lambda's runtime client (awslambdaric) can't be installed for Python "
            f"{interpreter.python}:\n{run.problem}",
            hint="the package index could not be reached; it is needed once"
            if run.unreachable
            else None,
        )
