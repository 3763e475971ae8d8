"""Has Poetry or Pipenv export its own lock, where that tool is installed.

The tool sees a folder with the lock and what it locks, and nothing else of the plugin: no plugin of
Poetry's that the project asks for, no configuration, no `.env`, no source. Without a lock it would
choose versions, which fetches and may build: it is not asked then.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.host.cache import cache_folder, cached_text, keep_text
from packager.host.uv import mask_credentials
from packager.inputs.bounded_file import read_bounded
from packager.paths import is_file, is_inside, real_path
from packager.requirements.foreign.project import ForeignProject, value_at
from packager.requirements.foreign.specifiers import local_path
from packager.requirements.lock_file import toml

SECONDS = 60  # half a second is usual
_KEPT = 30 * 24 * 3600  # seconds
_COMMANDS = {
    "poetry": ("export", "--no-interaction", "--no-ansi", "--format=requirements.txt"),
    "pipenv": ("requirements", "--hash"),
}
_MANIFESTS = {"poetry": "pyproject.toml", "pipenv": "Pipfile"}
# What the hash in poetry.lock is of, and what Poetry does not read a project without.
_POETRY_KEYS = ("dependencies", "source", "extras", "dev-dependencies", "group")
_PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")
_BARE_POETRY = {
    "name": "plugin",
    "version": "0",
    "description": "",
    "authors": [],
    "package-mode": False,
}
_LINES = 3


@dataclass(frozen=True, slots=True)
class Export:
    """The lines of a requirements file, or None, and then why not: "" where there is no tool."""

    text: str | None
    problem: str = ""


def exported(project: ForeignProject, root: Path) -> Export:
    """Return what the tool of `project`, in the folder `root`, exports of its lock."""
    executable = _find(project.tool, root)
    if executable is None:
        return Export(None)
    lock = root / project.lock
    if not is_file(lock) or not is_inside(lock, root):
        return Export(None, f"there is no {project.lock} to export: `{project.tool} lock` makes it")
    if any(local_path(each) is not None for each in project.dependencies.values()):
        return Export(None, f"{project.tool} is not given packages on this disk to export")
    locked = read_bounded(lock, project.lock, Diagnostics())
    if locked is None:
        return Export(None)  # whoever converts it says why
    manifest = "".join(f"{key} = {toml(value)}\n" for key, value in _manifest(project).items())
    command = [executable, *_COMMANDS[project.tool]]
    state = Path(executable).stat()
    key = hashlib.sha256(
        repr((command, state.st_mtime_ns, state.st_size, manifest, locked)).encode()
    )
    cache, name = cache_folder(), f"exports/{key.hexdigest()}"
    kept = cached_text(cache, name, _KEPT)
    if kept is not None:
        return Export(kept)
    with tempfile.TemporaryDirectory(prefix="packager-") as scratch:
        folder = Path(scratch)
        (folder / _MANIFESTS[project.tool]).write_text(manifest, "utf-8")
        (folder / project.lock).write_bytes(locked)
        found = _run(command, folder)
    if found.text is not None:
        keep_text(cache, name, found.text)
    return found


def _find(tool: str, root: Path) -> str | None:
    """Return the path of `tool` on this machine; one that the plugin brings along is none."""
    found = shutil.which(tool)
    if found is None or not Path(found).is_absolute() or is_inside(Path(found), real_path(root)):
        return None
    return found


def _manifest(project: ForeignProject) -> Mapping[str, Any]:
    """Return what the tool reads in place of the project's own file: what concerns its lock."""
    values = project.table.values
    if project.tool == "pipenv":
        return {
            key: value for key, value in values.items() if key not in ("scripts", "pipenv", "build")
        }
    poetry = value_at(values, "tool", "poetry")
    own = poetry if isinstance(poetry, dict) else {}
    made: dict[str, Any] = {
        "tool": {"poetry": _BARE_POETRY | {key: own[key] for key in _POETRY_KEYS if key in own}}
    }
    given = values.get("project")
    if isinstance(given, dict):
        kept = {key: given[key] for key in _PROJECT_KEYS if key in given}
        dynamic = {"dynamic": ["dependencies"]} if "dependencies" not in kept else {}
        made["project"] = {"name": "plugin", "version": "0", **kept, **dynamic}
    if "dependency-groups" in values:
        made["dependency-groups"] = values["dependency-groups"]
    return made


def _environment(folder: Path) -> dict[str, str]:
    """Return the user's environment, in which the tool makes and finds nothing outside `folder`."""
    dropped = ("POETRY_", "PIPENV_", "VIRTUAL_ENV", "PYTHONPATH")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(dropped) or name == "POETRY_HOME"
    }
    return kept | {
        "NO_COLOR": "1",
        "PIPENV_CACHE_DIR": str(folder / "cache"),
        "PIPENV_DONT_LOAD_ENV": "1",
        "PIPENV_IGNORE_VIRTUALENVS": "1",
        "PIPENV_NOSPIN": "1",
        "PIPENV_PIPFILE": str(folder / "Pipfile"),
        "POETRY_CACHE_DIR": str(folder / "cache"),
        "POETRY_VIRTUALENVS_CREATE": "false",
        "WORKON_HOME": str(folder / "environments"),
    }


def _run(command: list[str], folder: Path) -> Export:
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return Export(None, f"{command[0]} can't be run: {error.strerror}")
    title = f"{Path(command[0]).name} {command[1]}"
    with process:
        try:
            output, problem = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return Export(None, f"{title} took more than {SECONDS} s")
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        said = [line.strip() for line in (problem or output).splitlines() if line.strip()]
        reason = " ".join(said[-_LINES:]) or f"exit code {process.returncode}"
        return Export(None, f"{title} failed: {mask_credentials(reason)}")
    return Export(output)
