"""Has a function's process wait for a debugger before it starts, with debugpy brought for that."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from packager.bundle.read import BuiltBundle
from packager.dataclass import dataclass
from packager.host.interpreter import Interpreter
from packager.host.target_script import IN_TARGET
from packager.local.brought_packages import Brought, brought_folder
from packager.local.confined import before_script

SECONDS = 7 * 24 * 3600.0  # that anything may take while somebody looks at it
GRACE = 0.5  # seconds that the debugger's other half has to say goodbye
_DEBUGPY = Brought("the debugger's other half", "debugpy>=1.8", "debugpy")
_SCRIPT = IN_TARGET / "debug_start.py"


@dataclass(frozen=True, slots=True)
class Debugger:
    """Where a debugger comes to, and the folder that its user knows the plugin by, if any."""

    port: int
    plugin: Path | None = None
    host: str = "127.0.0.1"


def bring_debugger(interpreter: Interpreter) -> Path:
    """Return the folder that debugpy is in, got from the package index the first time."""
    return brought_folder(_DEBUGPY, interpreter)


@contextmanager
def waiting_interpreter(
    debugger: Debugger | None, bundle: BuiltBundle, interpreter: Interpreter
) -> Iterator[Interpreter]:
    """Yield what to start in place of `interpreter`, which waits first; it, for no debugger.

    What is installed for that is so before.
    """
    if debugger is None:
        yield interpreter
        return
    plugin = None if debugger.plugin is None else str(debugger.plugin.resolve())
    request = {
        "debugpy": str(bring_debugger(interpreter)),
        "host": debugger.host,
        "port": debugger.port,
        "paths": [] if plugin is None else [[plugin, str(bundle.folder / "plugin")]],
    }
    with tempfile.TemporaryDirectory(prefix="packager-") as folder:
        program = Path(folder) / "python"
        program.write_text(before_script(interpreter.path, [str(_SCRIPT), json.dumps(request)]))
        program.chmod(0o755)
        yield replace(interpreter, path=program)
