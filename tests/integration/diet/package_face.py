"""Prints, as JSON, what packages show and how they take to being looked at, patched and reloaded.

Run in a process of its own: `python package_face.py FOLDER PACKAGE...`, FOLDER holding them. What a
package does first is done by threads at once; all else follows in the same process.
"""

from __future__ import annotations

import sys

sys.path.insert(0, sys.argv[1])

import importlib
import inspect
import json
import pickle
import pkgutil
import threading
import types
from typing import Any
from unittest import mock

# Different from run to run, or what treated modules say they are; and what a loop over all modules
# leaves behind (requests).
LEFT_OUT = {
    *("__dir__", "__getattr__", "imported_mod"),
    *("__annotate__", "__annotations__", "__builtins__", "__cached__", "__file__", "__loader__"),
    *("__conditional_annotations__", "__path__", "__spec__", "__warningregistry__"),
}
SKIPPED = ("__main__", "emscripten", "http2", "_appengine_environ")
WITHIN = (".emscripten", ".adapter.")  # another system; a dozen frameworks (slack-bolt)
# What stands for something else: what a request at hand has (flask), a module to come (openai).
STAND_INS = ("_get_current_object", "__get_proxied__")
SOURCES = 4  # of each module: `inspect` reads the file for every one


def face(value: Any) -> str:
    """What can be seen of a value, annotations apart."""
    if inspect.ismodule(value):
        return f"module {value.__name__}"
    if inspect.isclass(value):
        bases = [base.__qualname__ for base in value.__mro__]
        methods = [
            (n, lines_of(f.__code__)) for n, f in vars(value).items() if inspect.isfunction(f)
        ]
        name = f"{value.__module__}.{value.__qualname__}"
        return f"class {name} {bases} {sorted({*vars(value)} - LEFT_OUT)} {methods}"
    if inspect.isfunction(value):
        code, parameters = value.__code__, inspect.signature(value).parameters.values()
        shown = [(each.name, int(each.kind), each.default is each.empty) for each in parameters]
        place = (lines_of(code), code.co_filename.rpartition("/")[2])
        return f"function {value.__module__}.{value.__qualname__} {shown} {place} {value.__doc__}"
    return f"a {type(value).__module__}.{type(value).__qualname__}"


def lines_of(code: types.CodeType) -> list[int]:
    """Return the lines that tracebacks can show of a function."""
    return sorted({line for _, _, line in code.co_lines() if line is not None})


def raced(name: str) -> str:
    """Ask for all of a package's names by eight threads, each name's first use being by several."""
    package = importlib.import_module(name)
    names, start, found = dir(package), threading.Barrier(8), []

    def use() -> None:
        start.wait()
        found.append([id(getattr(package, each)) for each in names])

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "the same" if found == found[:1] * 8 else "others"


def modules_of(name: str) -> list[types.ModuleType]:
    package = importlib.import_module(name)
    found = [package]
    for info in pkgutil.walk_packages(package.__path__, f"{name}."):
        if info.name.rpartition(".")[2] in SKIPPED or any(part in info.name for part in WITHIN):
            continue
        try:
            found.append(importlib.import_module(info.name))
        except Exception as error:
            print(info.name, error, file=sys.stderr)  # needs what is not here, or another system
    return found


def pickled(value: Any) -> bool:
    try:
        return pickle.loads(pickle.dumps(value)) is value
    except (pickle.PicklingError, AttributeError, TypeError, ImportError, NotImplementedError):
        return False


def patched(module: types.ModuleType, name: str) -> bool:
    """Whether a name can be replaced, by who patches and by who assigns, and comes back."""
    before = getattr(module, name)
    with mock.patch.object(module, name, "patched"):
        inside = getattr(module, name)
    setattr(module, name, "set")
    assigned = getattr(module, name)
    setattr(module, name, before)
    return (inside, assigned, getattr(module, name)) == ("patched", "set", before)


def shown(module: types.ModuleType) -> dict[str, list[object]]:
    entry: dict[str, list[object]] = {"doc": [module.__doc__]}
    own = 0
    for name in sorted({*dir(module)} - LEFT_OUT):
        value = getattr(module, name)
        if any(hasattr(type(value), each) for each in STAND_INS):
            continue
        if getattr(value, "__name__", "") == f"{module.__name__}.{name}":
            continue  # a submodule is an attribute once something has imported it
        entry[name] = [face(value), patched(module, name)]
        if inspect.isclass(value) or inspect.isfunction(value):
            entry[name] += [pickled(value), isinstance(value, type)]
            if value.__module__ == module.__name__ and own < SOURCES:
                own += 1
                try:
                    entry[name] += [inspect.getsource(value)]
                except OSError as error:
                    entry[name] += [str(error)]
    return entry


def reloaded(package: types.ModuleType) -> bool:
    names = dir(package)
    return importlib.reload(package) is package and {*names} <= {*dir(package)}


def main() -> None:
    said: dict[str, object] = {}
    for name in sys.argv[2:]:
        try:
            importlib.import_module(name)
        except ImportError as error:  # it needs what is not here (slack: aiohttp)
            said[name] = str(error)
            continue
        said[f"threads: {name}"] = raced(name)
        for module in modules_of(name):
            said[module.__name__] = shown(module)
        said[f"reload: {name}"] = reloaded(sys.modules[name])
    said["waiting"] = sum("__waiting__" in vars(each) for each in [*sys.modules.values()])
    json.dump(said, sys.stdout, indent=0)


main()
