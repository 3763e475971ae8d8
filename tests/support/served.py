"""`packager serve` in a process of its own, for as long as a test needs it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds, on a machine that does much else


@dataclass
class Reply:
    """An answer: its headers in order, names in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Served:
    """A server that runs: what it said so far, and where it is."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)  # URLs of functions, by their ids

    @property
    def port(self) -> int:
        return int(re.findall(r":(\d+)", next(iter(self.addresses.values())))[0])

    def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            found = [(name.lower(), value) for name, value in response.getheaders()]
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    def wait_for(self, wanted: Callable[[], object]) -> None:
        """Wait until `wanted` is true."""
        end = time.monotonic() + PATIENCE
        while not wanted():
            assert time.monotonic() < end, "\n".join(self.lines)
            assert self.process.poll() is None, "\n".join(self.lines)
            time.sleep(0.02)

    def wait_for_line(self, text: str, after: int = 0) -> str:
        """Wait for a line with `text`, after the first `after` ones; return it."""
        self.wait_for(lambda: any(text in line for line in self.lines[after:]))
        return next(line for line in self.lines[after:] if text in line)

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def processes_of(server: int) -> set[int]:
    """The processes below a server's, as Linux and `ps` know them."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in told.stdout.splitlines()]
    found, more = set[int](), {server}
    while more:
        found |= more
        more = {pid for pid, parent in pairs if parent in more} - found
    return found - {server}


def are_gone(pids: set[int], within: float = 5) -> bool:
    """Whether none of the processes runs any more, `within` so many seconds: one that was killed
    ends when it is to run next, and a busy machine takes a while to that."""
    end = time.monotonic() + within
    while any(map(_runs, pids)):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def served(*arguments: object, **environment: str) -> Iterator[Served]:
    """Yield `packager serve ARGUMENTS` on a free port, ready for requests."""
    process = subprocess.Popen(
        [sys.executable, "-m", "packager", "serve", *map(str, arguments), "--port", "0"],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Served(process)

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            address = re.match(r"(\w+)  (http://\S+)", line)
            if address:
                server.addresses[address[1]] = address[2]
            server.lines.append(line.rstrip("\n"))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        server.wait_for(lambda: any(line.startswith("Ctrl-C") for line in server.lines))
        yield server
    finally:
        process.kill()
        process.wait()
        reader.join()
        assert process.stderr is not None
        process.stderr.close()
