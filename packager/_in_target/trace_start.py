"""Starts a function as its entry does, and notes every import and every file that is opened.

Run as a script by the bundle's own Python version, so it holds to the standard library, and to
what is built into the interpreter, since what it imports would cost the function nothing more:

    python -S trace_start.py OUT SCRIPT [ARGUMENT...]

SCRIPT is run with its arguments as if it had been started itself. OUT, a file, gets one record a
line, fields divided by NUL; times are in ns of the monotonic clock, which all processes share:

    start TIME
    loaded NAME...                        what the interpreter had imported by then
    import ID PARENT TIME TIME NAME FILE  from, to; FILE is empty for what has none
    open PATH
    list PATH
"""

import _frozen_importlib as _bootstrap
import _thread
import posix
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_now = time.monotonic_ns
_FIND = "_find_and_load"  # what every import that is not done yet goes through
_EVENTS = {"open": "open", "os.listdir": "list", "os.scandir": "list"}


def main() -> None:
    """Trace the script that the arguments name."""
    began = _now()
    out = posix.open(sys.argv[1], posix.O_WRONLY | posix.O_APPEND)

    def write(*fields: object) -> None:
        line = "\0".join(str(field) for field in fields).replace("\n", "?")
        posix.write(out, line.encode("utf-8", "backslashreplace") + b"\n")

    write("start", began)
    write("loaded", *sys.modules)
    script = sys.argv[2]
    del sys.argv[:2]
    sys.path[0] = script.rpartition("/")[0]
    with open(script, "rb") as file:  # noqa: PTH123 - pathlib would be imported for the function
        code = compile(file.read(), script, "exec", dont_inherit=True)
    trace_imports(write)
    trace_files(write)
    exec(code, {"__name__": "__main__", "__file__": script, "__builtins__": __builtins__})  # noqa: S102


def trace_imports(write: "Callable[..., None]") -> None:
    """Have what is imported from here on written down."""
    find_and_load = getattr(_bootstrap, _FIND)
    under_way: dict[int, list[int]] = {}  # by thread
    count = 0

    def traced(name: str, import_: "Any") -> "Any":
        nonlocal count
        if name in sys.modules:
            return find_and_load(name, import_)
        count += 1
        number = count
        stack = under_way.setdefault(_thread.get_ident(), [])
        parent = stack[-1] if stack else 0
        stack.append(number)
        began = _now()
        try:
            return find_and_load(name, import_)
        finally:
            ended = _now()
            stack.pop()
            write("import", number, parent, began, ended, name, file_of(name))

    setattr(_bootstrap, _FIND, traced)


def file_of(name: str) -> str:
    """Return the file of a module; reading its attributes the usual way might make it load more."""
    try:
        spec = object.__getattribute__(sys.modules[name], "__dict__")["__spec__"]
        return spec.origin if spec.has_location else ""
    except (KeyError, AttributeError):
        return ""


def trace_files(write: "Callable[..., None]") -> None:
    """Have the files that are opened, and the folders that are listed, written down."""

    def hook(event: str, arguments: "tuple[Any, ...]") -> None:
        kind = _EVENTS.get(event)
        if kind and arguments and isinstance(arguments[0], (str, bytes)):
            path = arguments[0]
            write(kind, path if isinstance(path, str) else path.decode("utf-8", "replace"))

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
