"""Says what machine and what versions a result belongs to."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from packager.host.interpreter import Interpreter

# What is measured has bytecode, as installed programs do: else it would be compiled each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def describe_machine(interpreter: Interpreter) -> dict[str, object]:
    """Return the processor, the cores, the load before, this process's priority beside it, the
    kernel, the Python, and the day."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "nice": os.nice(0),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": ".".join(map(str, interpreter.version[:3])),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
