"""Has a function run as on Lambda: with files that it can only read, but for /tmp, and so that
nothing it started outlives it.

"Lambda execution environment" (AWS's Lambda developer guide): `/var/task` is read-only, `/tmp` is
what a function may write to.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.contract import STORAGE_VARIABLE
from packager.errors import PackagerError
from packager.host.target_script import IN_TARGET

_START, _HOOK = IN_TARGET / "confine.py", IN_TARGET / "read_only_hook.py"


class Tether:
    """Holds a process that `confined_command` describes, which gets `descriptors`: tells when its
    command starts, and ends the command with all that it has started."""

    def __init__(self) -> None:
        self._reader, self._started = os.pipe()
        self._held, self._writer = os.pipe()

    @property
    def descriptors(self) -> tuple[int, int]:
        """What `Popen` has to pass on."""
        return self._started, self._held

    def wait(self) -> None:
        """Return once the command starts, or has ended without; to be called after its `Popen`."""
        self._close("_started")
        self._close("_held")
        os.read(self._reader, 1)

    def let_go(self) -> None:
        """Have everything end; the process ends once it has. So it does if this one is killed."""
        self._close("_writer")

    def close(self) -> None:
        """Let go, and close all that is open."""
        for name in ("_started", "_held", "_writer", "_reader"):
            self._close(name)

    def _close(self, name: str) -> None:
        descriptor = getattr(self, name)
        setattr(self, name, -1)
        if descriptor >= 0:
            os.close(descriptor)


def writable_folders(environment: Mapping[str, str]) -> list[str]:
    """Return the folders that a function with this environment may write to here.

    `/tmp`, which is all on Lambda; this machine's folder for temporary files, if it is another;
    and that of the local storage, which the runtime writes and not the plugin.
    """
    folders = {"/tmp", environment.get("TMPDIR", "")}  # noqa: S108 - Lambda's own
    storage = environment.get(STORAGE_VARIABLE, "")
    if storage:
        folders.add(str(Path(storage).parent))
    return sorted(os.path.realpath(folder) for folder in folders if folder)


@contextmanager
def confined_command(
    command: Sequence[str],
    interpreter: Path,
    folder: Path,
    environment: Mapping[str, str],
    grace: float = 0.0,
) -> Iterator[tuple[list[str], Tether]]:
    """Yield what runs `command` with read-only files, `folder` among them whatever it is in, and
    what ends it, and all that it started.

    What it started may take `grace` seconds to end by itself once it has ended: a debugger's half
    has something to say then. Where there are no namespaces, Python's own writes are what is
    refused: `interpreter`, which the command runs or is told to run, gets a hook.
    """
    writable = writable_folders(environment)
    for each in writable:
        try:
            Path(each).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PackagerError(f"{each} can't be made: {error.strerror}") from error
    tether = Tether()
    try:
        with tempfile.TemporaryDirectory(prefix="packager-") as scratch:
            hooked = Path(scratch) / "python"
            hooked.write_text(_hooked(interpreter, writable, folder))
            hooked.chmod(0o755)
            request = {
                "command": [*command],
                "fallback": [str(hooked) if each == str(interpreter) else each for each in command],
                "writable": writable,
                "read_only": str(folder),
                "started": tether.descriptors[0],
                "tether": tether.descriptors[1],
                "grace": grace,
            }
            yield [sys.executable, "-I", "-S", str(_START), json.dumps(request)], tether
    finally:
        tether.close()


def _hooked(interpreter: Path, writable: list[str], folder: Path) -> str:
    """Return a shell script that is the interpreter, with the hook before the script it is
    given."""
    return before_script(interpreter, [str(_HOOK), json.dumps([writable, str(folder)])])


def before_script(interpreter: Path, given: Sequence[str]) -> str:
    """Return a shell script that is the interpreter, with `given`, a script and its arguments,
    before the script that it is told to run."""
    python = shlex.quote(str(interpreter))
    # Its options go before the hook, the script and its arguments after.
    return f"""#!/bin/sh
for argument do
  shift
  case ${{seen-}}$argument in
    -*) set -- "$@" "$argument" ;;
    *) [ "${{seen-}}" ] || set -- "$@" {shlex.join(given)}
       seen=yes; set -- "$@" "$argument" ;;
  esac
done
exec {python} "$@"
"""
