"""Checks a finished zip: its bytecode is valid for its target, nothing shadows the runtime."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

from packager.contract import TASK_ROOT
from packager.errors import PackagerError
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import kept_answer, scripts_state, state_of
from packager.host.target_script import IN_TARGET

# The Runtime Interface Emulator, and so `sam local`, runs /var/task/bootstrap in place of the
# managed runtime.
BOOTSTRAP = "bootstrap"
_SCRIPT = IN_TARGET / "check_zip.py"
_SHOWN = 3


def _faults(path: Path, target: Interpreter) -> tuple[int, list[str]]:
    """Return how the check of a zip ended, and what it found, or why it failed."""
    done = subprocess.run(
        [target.path, "-s", "-S", "-P", "-B", "-X", "utf8", _SCRIPT, path.absolute(), TASK_ROOT],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd="/",
        env={"LC_ALL": "C"},
    )
    if done.returncode:
        return done.returncode, done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    return 0, done.stdout.decode("utf-8", "replace").splitlines()


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
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    made_of = [digest, scripts_state(), state_of(target.path), target.version]
    code, faults = kept_answer("checked", lambda: made_of, lambda: _faults(path, target))
    if faults or code:
        more = f" (and {len(faults) - _SHOWN} more)" if len(faults) > _SHOWN else ""
        raise PackagerError(
            f"the bytecode in {path.name} is not valid for Python {target.python}: "
            + "; ".join(faults[:_SHOWN])
            + more,
            hint="this is a bug in packager; --no-bytecode builds without",
        )
