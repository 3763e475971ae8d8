"""Has a function run with files that it can only read, but for /tmp, as on Lambda.

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
from contextlib import contextmanager, suppress
from pathlib import Path

from packager.contract import STORAGE_VARIABLE
from packager.errors import PackagerError
from packager.host.target_script import IN_TARGET

_START, _HOOK = IN_TARGET / "read_only_start.py", IN_TARGET / "read_only_hook.py"


class Started:
    """Tells when a command that `read_only_command` gives has got ready and starts."""

    def __init__(self) -> None:
        self._reader, self.descriptor = os.pipe()

    def wait(self) -> None:
        """Return once the command starts, or has ended without; to be called after its `Popen`."""
        self._close_writer()
        os.read(self._reader, 1)

    def _close_writer(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def close(self) -> None:
        """Close both ends."""
        self._close_writer()
        with suppress(OSError):
            os.close(self._reader)


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
def read_only_command(
    command: Sequence[str], interpreter: Path, folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[list[str], Started]]:
    """Yield what runs `command` with read-only files, `folder` among them whatever it is in.

    Where there are no namespaces, Python's own writes are what is refused: `interpreter`, which
    the command runs or is told to run, gets a hook.
    """
    writable = writable_folders(environment)
    for each in writable:
        try:
            Path(each).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PackagerError(f"{each} can't be made: {error.strerror}") from error
    started = Started()
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
                "started": started.descriptor,
            }
            yield [sys.executable, "-I", "-S", str(_START), json.dumps(request)], started
    finally:
        started.close()


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
