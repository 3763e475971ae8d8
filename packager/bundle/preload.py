"""Checks that the modules which `preload` and `received_clock` name are in a bundle, or in the
standard library."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from packager.errors import Diagnostics
from packager.host.interpreter import Interpreter
from packager.model.options import Options
from packager.paths import is_file, is_folder

# Says which of its arguments are in the interpreter's own library, without importing them.
_FIND = """\
import os, sys
library = os.path.dirname(os.__file__)
compiled = os.path.join(library, "lib-dynload")
inside = {*sys.builtin_module_names, "os.path"}
if os.path.isdir(compiled):
    inside.update(name.split(".")[0] for name in os.listdir(compiled))
for name in sys.argv[1:]:
    path = os.path.join(library, *name.split("."))
    if name in inside or os.path.isfile(path + ".py") or os.path.isfile(path + "/__init__.py"):
        print(name)
"""


def check_preload(
    options: Options,
    interpreter: Interpreter,
    plugin: Iterable[str],
    packages: Iterable[Path],
    diagnostics: Diagnostics,
) -> None:
    """Note each module of `preload` and `received_clock` that the bundle will not have.

    `plugin` are the paths of the plugin's files in the bundle, `packages` the folders of what lies
    at its root; the standard library is that of `interpreter`.
    """
    files = frozenset(plugin)
    folders = {parent for file in files for parent in _parents(file)}
    clock = options.worker.received_clock if options.deferred else ()
    missing = [
        name
        for name in dict.fromkeys((*options.preload_modules, *clock))
        if not _in_plugin(name, files, folders)
        and not any(_in_folder(name, folder) for folder in packages)
    ]
    if missing:
        command = [str(interpreter.path), "-I", "-S", "-c", _FIND, *missing]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        library = done.stdout.split()
        for name in missing:
            if name not in library:
                key, names = "preload", options.preload or ()
                if name not in names:
                    key, names = "worker.received_clock", clock
                diagnostics.error(
                    "missing-module",
                    f"there is no module {name} in the plugin, its dependencies or the standard "
                    "library",
                    options.place(f"{key}.{names.index(name)}"),
                    key=key,
                    hint=f"a file of the plugin's is named as it is imported: "
                    f"{name.replace('.', '/')}.py is {name}",
                )


def _in_plugin(name: str, files: frozenset[str], folders: set[str]) -> bool:
    path = name.replace(".", "/")
    return f"{path}.py" in files or path in folders


def _parents(file: str) -> Iterable[str]:
    parts = file.split("/")[:-1]
    return ("/".join(parts[:n]) for n in range(1, len(parts) + 1) if file.endswith(".py"))


def _in_folder(name: str, folder: Path) -> bool:
    *above, last = name.split(".")
    place = folder.joinpath(*above)
    return (
        is_file(place / f"{last}.py")
        or is_folder(place / last)
        or (is_folder(place) and any(place.glob(f"{last}.*.so")))
        or is_file(place / f"{last}.so")
    )
