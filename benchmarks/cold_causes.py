"""What the fast entry's cold start consists of: CPU time of processes that each do a little more.

The steps are those of a start in their order; what one adds to the one before is its cost.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from pathlib import Path

_STEPS = (
    ("the interpreter, without `site`", ""),
    ("`os`", "os"),
    ("the loop, `_json` and `_socket`", "endpoint_runtime.loop"),
    (
        "`collections` and `__future__`, which werkzeug and plugins import",
        "collections.abc, __future__",
    ),
    ("werkzeug", "werkzeug.wrappers, werkzeug.exceptions"),
    ("the runtime", "endpoint_runtime.lambda_handler, endpoint_runtime.gateway.bounded_body"),
    ("`dify_plugin`", "dify_plugin.interfaces.endpoint, dify_plugin.core.runtime"),
    ("the plugin's endpoint", "endpoints.duck"),
)


class Causes:
    """Measures each step once a `round`; `summary` gives the parts' median ms of CPU, in order."""

    def __init__(self, python: Path, bundle: Path) -> None:
        self._commands = {"the shell that reads `start_fast`": ["/bin/sh", "-c", ":"]}
        self._used: dict[str, list[float]] = {}
        # As the loop does, garbage is not looked for while modules are imported.
        start = f"import gc, posix, sys\ngc.disable()\nsys.path.insert(0, {str(bundle)!r})\n"
        imports = ""
        for name, modules in _STEPS:
            imports += f"import {modules}\n" if modules else ""
            self._commands[name] = [str(python), "-S", "-c", f"{start}{imports}posix._exit(0)"]

    def round(self) -> None:
        """Start every step once."""
        for name, command in self._commands.items():
            self._used.setdefault(name, []).append(_cpu_ms(command))

    def summary(self) -> dict[str, float]:
        """Return what each part adds; the shell is a process of its own."""
        (shell, *steps) = ((name, statistics.median(used)) for name, used in self._used.items())
        causes, before = {shell[0]: round(shell[1], 2)}, 0.0
        for name, median in steps:
            causes[name] = round(median - before, 2)
            before = median
        return causes


def _cpu_ms(command: list[str]) -> float:
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    process = subprocess.Popen(command, env=environment, cwd="/", stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return (usage.ru_utime + usage.ru_stime) * 1000
