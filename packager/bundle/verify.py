"""Checks a finished zip: its bytecode is valid for its target, nothing shadows the runtime."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from packager.contract import TASK_ROOT
from packager.errors import PackagerError
from packager.host.interpreter import Interpreter
from packager.host.target_script import IN_TARGET

# The Runtime Interface Emulator, and so `sam local`, runs /var/task/bootstrap in place of the
# managed runtime.
BOOTSTRAP = "bootstrap"
_SCRIPT = IN_TARGET / "check_zip.py"
_SHOWN = 3


def check_zip(path: Path, target: Interpreter | None) -> None:
    """Raise `PackagerError` if the zip of a bundle is not fit to run.

    `target` is the interpreter that its bytecode is for; None checks no bytecode.
    """
    with zipfile.ZipFile(path) as archive:
        if any(name.split("/")[0] == BOOTSTRAP for name in archive.namelist()):
            raise PackagerError(
                f"{path.name} holds {BOOTSTRAP} at its root, which Lambda's emulator would run in "
                "place of the runtime",
                hint="leave out what brings it",
            )
    if target is None:
        return
    done = subprocess.run(
        [target.path, "-s", "-S", "-P", "-B", "-X", "utf8", _SCRIPT, path.absolute(), TASK_ROOT],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd="/",
        env={"LC_ALL": "C"},
    )
    faults = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode:
        faults = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    if faults or done.returncode:
        more = f" (and {len(faults) - _SHOWN} more)" if len(faults) > _SHOWN else ""
        raise PackagerError(
            f"the bytecode in {path.name} is not valid for Python {target.python}: "
            + "; ".join(faults[:_SHOWN])
            + more,
            hint="this is a bug in packager; --no-bytecode builds without",
        )
