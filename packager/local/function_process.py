"""A function's process: followed as it writes its log, and ended with all that it left."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from packager.errors import PackagerError
from packager.local.confined import Tether

MAX_LOG = 16 * 1024 * 1024  # bytes kept; all of it goes to `on_log`
POLL_SECONDS = 0.05
_PATIENCE = 2.0  # seconds that the end of a process and of all it started may take


class FunctionLog:
    """Collects what a process writes, and hands it on at once; a last line that the process did
    not end is ended for those who write after it."""

    def __init__(self, on_log: Callable[[bytes], None]) -> None:
        self._on_log = on_log
        self._kept = bytearray()
        self._mid_line = False
        self._ended = threading.Event()

    @property
    def kept(self) -> bytes:
        """What was written so far, up to `MAX_LOG`."""
        return bytes(self._kept)

    def follow(self, stream: IO[bytes]) -> None:
        """Read until the stream's end, or until it is quiet after `end()`: a process that the
        function left in a session of its own may hold it open."""
        self._read(stream)
        if self._mid_line:
            self._on_log(b"\n")

    def _read(self, stream: IO[bytes]) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while True:
                ended = self._ended.is_set()
                if not selector.select(POLL_SECONDS):
                    if ended:
                        return
                    continue
                chunk = os.read(stream.fileno(), 65536)
                if not chunk:
                    return
                # The client ends the lines of a traceback with carriage returns.
                chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                self._kept += chunk[: MAX_LOG - len(self._kept)]
                self._mid_line = not chunk.endswith(b"\n")
                self._on_log(chunk)

    def end(self) -> None:
        """Let `follow` end: the process has."""
        self._ended.set()


@contextlib.contextmanager
def running(
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    log: FunctionLog,
    inherited: Sequence[int] = (),
    tether: Tether | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a session of its own, follow its output, and kill it at the end.

    Of this process's descriptors it gets those that are `inherited`, or its `tether`'s.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=inherited if tether is None else tether.descriptors,
        )
    except OSError as fault:
        raise PackagerError(f"{command[0]} can't be started: {fault.strerror}") from fault
    assert process.stdout is not None  # noqa: S101 - for the type checker
    reader = threading.Thread(target=log.follow, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        yield process
    finally:
        end_process(process, tether)
        log.end()
        reader.join()
        process.stdout.close()


def end_process(process: subprocess.Popen[bytes], tether: Tether | None = None) -> None:
    """End a process and its group; by its `tether` all that it has started, too."""
    if tether is not None:
        tether.let_go()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
            return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
