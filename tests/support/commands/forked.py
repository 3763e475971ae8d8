"""Commands whose programs are imported once: each still has a process of its own.

Importing `packager` takes several times what most of its commands do.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVER = Path(__file__).with_name("server.py")


class Forked:
    """A process that has imported modules, and runs `target`, "module:function", in its forks.

    One command at a time. What an environment variable says to the interpreter itself (PYTHON...)
    was said when the process began.
    """

    def __init__(
        self, target: str, name: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.target, self.name = target, name
        self.command, self.environment = command, environment
        self.process: subprocess.Popen[bytes] | None = None
        self.channel: socket.socket | None = None

    def run(
        self,
        arguments: list[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        stdin: bytes = b"",
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end, as `subprocess.run` does."""
        wanted = {
            "target": self.target,
            "name": self.name,
            "arguments": arguments,
            "folder": str(folder),
            "environment": dict(environment),
        }
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            status = self._end_of(wanted, stdin, (out.fileno(), err.fileno()), timeout)
            out.seek(0)
            err.seek(0)
            code = os.waitstatus_to_exitcode(status)
            command = [self.name, *arguments]
            return subprocess.CompletedProcess(command, code, out.read(), err.read())

    def _end_of(
        self, wanted: object, stdin: bytes, streams: tuple[int, int], timeout: float
    ) -> int:
        channel = self.channel or self._start()
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            message = json.dumps(wanted).encode()
            socket.send_fds(channel, [message], [given.fileno(), *streams])
        child = int(self._line(channel))
        if not select.select([channel], [], [], timeout)[0]:
            os.kill(child, signal.SIGKILL)
            self._line(channel)
            raise subprocess.TimeoutExpired(self.name, timeout)
        return int(self._line(channel))

    def _start(self) -> socket.socket:
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                self.command, stdin=theirs.fileno(), env=os.environ | self.environment
            )
        return self.channel

    @staticmethod
    def _line(channel: socket.socket) -> bytes:
        line = channel.recv(100)
        assert line, "the process that runs commands has ended"
        return line

    def stop(self) -> None:
        """End the process, if there is one."""
        if self.channel and self.process:
            self.channel.close()
            self.process.wait()


@contextmanager
def forked(
    target: str,
    name: str,
    *modules: str,
    python: Sequence[str] = (sys.executable,),
    **environment: str,
) -> Iterator[Forked]:
    """Give a `Forked` whose process begins with its first command, and ends with the block.

    `python` starts the interpreter, in this environment and `environment`.
    """
    runner = Forked(target, name, (*python, str(SERVER), *modules), environment)
    try:
        yield runner
    finally:
        runner.stop()
