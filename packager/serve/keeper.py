"""Makes sure that no process of a function outlives the server, not even one that is killed.

A process beside it hears of every group of processes, and of the server's end by a pipe.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress

from packager.errors import PackagerError
from packager.host.target_script import IN_TARGET

_SCRIPT = IN_TARGET / "keep_groups.py"
_PATIENCE = 2.0  # seconds


class Keeper:
    """Knows the process groups that are to end with this process; a context manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,  # Ctrl-C in a terminal goes to all of a session
            )
        except OSError as error:
            raise PackagerError(f"{sys.executable} can't be started: {error.strerror}") from error

    def __enter__(self) -> Keeper:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:  # something else holds the pipe
            self._process.kill()
            self._process.wait()

    def add(self, group: int) -> None:
        """End the process group `group` where this process ends without having done so."""
        self._say(f"+{group}\n")

    def discard(self, group: int) -> None:
        """Forget a process group: it has ended."""
        self._say(f"-{group}\n")

    def _say(self, line: str) -> None:
        with self._lock, suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
