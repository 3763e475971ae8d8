"""Finds CPython interpreters of an exact minor version, wherever their users keep them."""

from __future__ import annotations

import ast
import functools
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.host.kept_answers import kept_answer, state_of
from packager.host.user_folders import home_folder, platform_folder, xdg_folder
from packager.model.options import PREVIEW, Architecture, Runtime
from packager.model.steps import step
from packager.paths import expanded, is_folder

SUPPORTED_PYTHONS = tuple(each.removeprefix("python") for each in get_args(Runtime))
PROBE_SECONDS = 10
_DAY = 24 * 3600  # seconds
_LIBRARIES = "lib/libpython3*"

# Everything that decides whether an executable will do; said by itself, since a name on PATH may be
# a shim for nothing, a pre-release (another bytecode magic) or a free-threaded build (another ABI).
_PROBE = """\
import os, sys, _frozen_importlib_external as external
print(repr((
    sys.implementation.name, tuple(sys.version_info[:3]), sys.version_info.releaselevel,
    "t" in getattr(sys, "abiflags", ""), sys.maxsize > 2**32, os.uname().machine,
    getattr(sys, "_base_executable", "") or sys.executable, external.MAGIC_NUMBER.hex(),
)))
"""
_ARCHITECTURES: dict[str, Architecture] = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "arm64": "arm64",
    "aarch64": "arm64",
}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A working CPython: its own path (no shim, no virtual environment) and what it says of itself.

    `magic` is the number its bytecode starts with, in hexadecimal.
    """

    path: Path
    version: tuple[int, int, int]
    architecture: Architecture
    magic: str = ""

    @property
    def python(self) -> str:
        """The minor version alone: `3.13`."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def cache_tag(self) -> str:
        """What the names of its bytecode files end with: `cpython-313` (PEP 3147)."""
        return f"cpython-{self.version[0]}{self.version[1]}"


@functools.cache
def find_interpreter(python: str) -> Interpreter | None:
    """Return a released CPython of the minor version `python` (`3.13`), or None if there is none.

    The interpreter that runs this comes first, then PATH, then the places where version managers,
    distributions and conda keep theirs. Scripts are tried when all else has failed: a version
    manager's shim takes longer to answer than the interpreter that it leads to, which is in one of
    those places; those of pyenv are not asked at all. The answer holds for the life of the process.
    """
    with step("looking for Python"):
        return _found(python)


def _found(python: str) -> Interpreter | None:
    scripts = []
    for candidate in dict.fromkeys(_candidates(python)):
        if is_folder(candidate) or not os.access(candidate, os.X_OK):
            continue
        if _is_script(candidate):
            scripts.append(candidate)
        elif (found := _probed(candidate, python)) is not None:
            return found
    root = _pyenv_root()
    folders = _newest_first(root, f"versions/{python}.*/bin") if root else []
    inner = (folder / name for folder in folders for name in _names(python))
    others = (each for each in scripts if root is None or each.parent != root / "shims")
    tried = (_probed(each, python) for each in chain(inner, others) if os.access(each, os.X_OK))
    return next(filter(None, tried), None)


def _names(python: str) -> tuple[str, ...]:
    return (f"python{python}", "python3", "python")


def _probed(candidate: Path, python: str) -> Interpreter | None:
    interpreter = probe(candidate)
    return interpreter if interpreter and interpreter.python == python else None


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:  # it may be run, and not read
        return False


def need_interpreter(python: str, *, why: str, instead: str = "") -> Interpreter:
    """Return a CPython of the minor version `python`; raise `PackagerError` if there is none.

    `why` ends the message's first half: "to compile bytecode". `instead` is what else would help.
    """
    interpreter = find_interpreter(python)
    if interpreter is None:
        raise PackagerError(
            f"Python {python} is needed {why}, and none was found on this machine",
            hint=f"install it (`uv python install {python}`, or `pyenv install {python}`), "
            + (f"choose another runtime, or {instead}" if instead else "or choose another runtime"),
        )
    return interpreter


def newest_supported() -> Interpreter | None:
    """Return the newest CPython that bundles can be built for on this machine, or None."""
    general = [python for python in SUPPORTED_PYTHONS if f"python{python}" not in PREVIEW]
    found = (find_interpreter(python) for python in reversed(general))
    return next((interpreter for interpreter in found if interpreter), None)


def host_architecture() -> Architecture:
    """Return this machine's architecture as Lambda names it; raise `PackagerError` for any
    other."""
    machine = platform.machine()
    if machine.lower() not in _ARCHITECTURES:
        raise PackagerError(
            f"bundles for this machine ({machine}) can't be built: Lambda knows arm64 and x86_64"
        )
    return _ARCHITECTURES[machine.lower()]


def probe(executable: Path) -> Interpreter | None:
    """Run `executable` and return what it is; None for anything but a released, usual CPython."""
    try:
        if _is_script(executable):  # what it runs may change, and it does not
            answer = _ask(executable)
        else:
            answer = kept_answer(
                "python",
                lambda: [_PROBE, platform.machine(), *map(state_of, _parts_of(executable))],
                lambda: _ask(executable),
                max_age=_DAY,
            )
        name, version, level, free_threaded, wide, machine, path, magic = answer
        version = (version[0], version[1], version[2])
    except (OSError, ValueError, SyntaxError, subprocess.SubprocessError):
        return None
    architecture = _ARCHITECTURES.get(machine.lower())
    if (name, level, free_threaded, wide) != ("cpython", "final", False, True) or not architecture:
        return None
    real = Path(path)
    return Interpreter(
        real if real.is_absolute() and os.access(real, os.X_OK) else executable,
        version,
        architecture,
        magic,
    )


def _ask(executable: Path) -> Sequence[Any]:
    done = subprocess.run(
        [executable, "-I", "-S", "-c", _PROBE],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PROBE_SECONDS,
        check=True,
    )
    answer: Sequence[Any] = ast.literal_eval(done.stdout)
    return answer


def _parts_of(executable: Path) -> Iterator[Path]:
    """Yield what decides what a Python is: itself, its virtual environment, its library."""
    real = executable.resolve()
    yield executable
    for each in (executable.parent.parent / "pyvenv.cfg", *real.parent.parent.glob(_LIBRARIES)):
        if each.is_file():
            yield each


def _candidates(python: str) -> Iterator[Path]:
    if f"{sys.version_info[0]}.{sys.version_info[1]}" == python and sys.executable:
        yield Path(sys.executable)
    folders = [Path(entry) for entry in os.get_exec_path() if entry]
    folders += _usual_folders(python)
    # What is called by its version, wherever it is, is most likely the right one.
    for name in _names(python):
        yield from (folder / name for folder in folders)


def _usual_folders(python: str) -> Iterator[Path]:
    """Yield the `bin` folders that version managers, distributions and conda use for `python`."""
    home = home_folder() or Path("/nonexistent")
    digits = python.replace(".", "")
    roots_and_patterns: list[tuple[Path | None, str]] = [
        (_folder_of("VIRTUAL_ENV"), "bin"),
        (_folder_of("PYENV_ROOT") or home / ".pyenv", f"versions/{python}.*/bin"),
        (_folder_of("UV_PYTHON_INSTALL_DIR"), f"cpython-{python}.*/bin"),
        (xdg_folder("data", "uv"), f"python/cpython-{python}.*/bin"),
        (home / ".local", "bin"),
        (_folder_of("ASDF_DATA_DIR") or home / ".asdf", f"installs/python/{python}.*/bin"),
        (
            _folder_of("MISE_DATA_DIR") or xdg_folder("data", "mise"),
            f"installs/python/{python}*/bin",
        ),
        (home / ".rye/py", f"cpython@{python}.*/bin"),
        (platform_folder("data", "hatch"), f"pythons/{python}/python/bin"),
        (Path("/usr/local"), "bin"),
        (Path("/usr"), "bin"),
        (Path("/opt"), f"python{python}*/bin"),
        (Path("/opt/python"), f"{python}*/bin"),
        (Path("/opt/python"), f"cp{digits}-cp{digits}/bin"),
        (
            _folder_of("RUNNER_TOOL_CACHE") or Path("/opt/hostedtoolcache"),
            f"Python/{python}.*/*/bin",
        ),
        (Path("/opt/homebrew"), f"opt/python@{python}/bin"),
        (Path("/usr/local"), f"opt/python@{python}/bin"),
        (Path("/home/linuxbrew/.linuxbrew"), f"opt/python@{python}/bin"),
        (Path("/Library/Frameworks/Python.framework/Versions"), f"{python}/bin"),
        (Path("/var/lang"), "bin"),
    ]
    conda = [_folder_of("CONDA_PREFIX"), Path("/opt/conda")]
    conda += [home / name for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge")]
    for root in conda:
        roots_and_patterns += [(root, "bin"), (root, "envs/*/bin")]
    for root, pattern in roots_and_patterns:
        if root:
            yield from _newest_first(root, pattern)


def _pyenv_root() -> Path | None:
    """Return the folder that pyenv itself names, None without it: its answer costs a shell."""
    pyenv = shutil.which("pyenv")
    if not pyenv:
        return None

    def ask() -> str:
        done = subprocess.run(
            [pyenv, "root"], capture_output=True, text=True, timeout=PROBE_SECONDS, check=True
        )
        return done.stdout.strip()

    try:
        made_of = [state_of(Path(pyenv)), os.environ.get("PYENV_ROOT"), str(home_folder())]
        return Path(kept_answer("python", lambda: made_of, ask, max_age=_DAY))
    except (OSError, subprocess.SubprocessError):
        return None


def _newest_first(root: Path, pattern: str) -> list[Path]:
    """Expand `pattern`, highest version first: `3.13.10` before `3.13.9`."""
    try:
        found = list(root.glob(pattern))
    except OSError:
        return []
    return sorted(found, key=_version_key, reverse=True)


def _version_key(path: Path) -> tuple[list[int], str]:
    text = str(path)
    digits = "".join(letter if letter.isdigit() else " " for letter in text)
    return [int(number) for number in digits.split()], text


def _folder_of(variable: str) -> Path | None:
    value = os.environ.get(variable)
    found = expanded(value) if value else None
    return None if found is None or str(found).startswith("~") else found
