"""Prints, as JSON, what werkzeug's modules show: names, signatures, documentation, bases, members.

Run in a process of its own: `python public_face.py FOLDER`, FOLDER holding werkzeug.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import sys
from types import ModuleType
from typing import Any

HELPER = "werkzeug._deferred"
# Different from run to run, or what treated modules say they are.
LEFT_OUT = {
    *(
        "__annotate__",
        "__annotations__",
        "__builtins__",
        "__cached__",
        "__conditional_annotations__",
    ),
    *("__file__", "__loader__", "__path__", "__spec__", "_stat_ignore_scan"),
}
# Of classes: what `typing.Generic` leaves, documented in docs/cold-start.md; and sets in any order.
LEFT_OUT_OF_CLASSES = {
    *("__abstractmethods__", "__class_getitem__", "__dict__", "__firstlineno__", "__getstate__"),
    *("__init_subclass__", "__orig_bases__", "__parameters__", "__slots__", "__subclasshook__"),
    *("__static_attributes__", "__weakref__", "_abc_impl", "_is_protocol"),
}


def face(value: Any) -> str:
    """What can be seen of a value."""
    kind = type(value)
    if inspect.ismodule(value):
        return f"module {value.__name__}"
    if inspect.isclass(value):
        return f"class {value.__module__}.{value.__qualname__}"
    if str(kind.__module__) == "werkzeug.local":
        return "a proxy"
    if inspect.isroutine(value):
        try:
            signature = str(inspect.signature(value))
        except (ValueError, TypeError):
            signature = "?"
        name = getattr(value, "__qualname__", "?")
        module = getattr(value, "__module__", "?")
        return f"function {module}.{name}{signature} {value.__doc__}"
    if isinstance(value, property):
        return f"{kind} {value.fget} {value.fset} {value.__doc__}"
    if isinstance(value, set | frozenset):
        return f"{kind} {sorted(map(repr, value))}"
    return f"{kind} {value!r}"


def steady(text: str) -> str:
    """Take memory addresses out."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def reached(module: ModuleType, seen: list[str]) -> list[str]:
    """The package's modules that attributes lead to."""
    for name in dir(module):
        value = getattr(module, name)
        found = value.__name__ if inspect.ismodule(value) else ""
        if found.startswith("werkzeug") and found not in (*seen, HELPER):
            seen.append(found)
            reached(value, seen)
    return sorted(seen)


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    import werkzeug

    shown: dict[str, Any] = {"reached by `import werkzeug`": reached(werkzeug, [])}
    for info in pkgutil.walk_packages(werkzeug.__path__, "werkzeug."):
        if info.name != HELPER:
            importlib.import_module(info.name)
    for name in sorted(sys.modules):
        if name.partition(".")[0] != "werkzeug" or name == HELPER:
            continue
        module = sys.modules[name]
        entry = shown[name] = {}
        for key in sorted(set(dir(module)) - LEFT_OUT):
            value = getattr(module, key)
            entry[key] = [steady(face(value))]
            if inspect.isclass(value) and value.__module__ == name:
                members = sorted(set(dir(value)) - LEFT_OUT_OF_CLASSES)
                entry[key] += [
                    [
                        b.__name__
                        for b in value.__mro__
                        if b.__name__ not in ("Generic", "Subscriptable")
                    ],
                    {member: steady(face(getattr(value, member))) for member in members},
                ]
    json.dump(shown, sys.stdout, indent=1)


main()
