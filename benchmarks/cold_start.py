"""Starts a packaged contender once: what it took, what it answered, and what strace counts."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cold_contenders as contenders
from benchmarks.cold_api import ColdApi, Reply

_OPENED = re.compile(r"^(?:\d+ +)?open(?:at2?)?\(.*\) = \d+", re.M)
_CALL = re.compile(r"^(?:\d+ +)?(?:<\.\.\. )?\w+(?:\(| resumed>)")
_REPLY = '"POST /2018-06-01/'


@dataclass(frozen=True, slots=True)
class Started:
    """A process's reply, ms until it had come and of CPU up to there, the peak of memory in MB, and
    all that it wrote to stderr."""

    reply: Reply
    wall: float
    cpu: float
    memory: float
    said: str


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts contenders, one at a time, behind a Runtime API."""

    api: ColdApi
    python: Path
    client: Path

    def start(
        self,
        contender: contenders.Contender,
        folder: Path,
        event: bytes,
        prefix: tuple[str, ...] = (),
        at_next: Callable[[int], object] | None = None,
        **environment: str,
    ) -> Started:
        """Start what is in `folder`, take its reply to the event, end it.

        `prefix` is a command before its own, `environment` what it has besides. `at_next` is
        called with the process's id when it asks for the event: the init phase is over then. Ends
        the benchmark where no reply comes.
        """
        command = contenders.command(contender, folder, self.python, self.client)
        env = contenders.environment(contender, folder, self.api.address) | environment
        with tempfile.TemporaryFile() as errors:
            before = time.perf_counter()
            process = subprocess.Popen(
                [*prefix, *command],
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            try:
                reply = self.api.serve_one(event, lambda: at_next and at_next(process.pid))
                cpu, memory = cpu_ms(process.pid), _peak(process.pid)
            except (RuntimeError, TimeoutError) as fault:
                errors.seek(0)
                said = errors.read().decode(errors="replace")
                raise SystemExit(f"{contender.name}: {fault}\n{said}") from None
            finally:
                _end(process, traced=bool(prefix))
                self.api.hang_up()
            errors.seek(0)
            said = errors.read().decode(errors="replace")
        return Started(reply, (reply.at - before) * 1000, cpu, memory, said)


def count_calls(start: Callable[[tuple[str, ...]], object]) -> tuple[int | None, int | None]:
    """Return how many files a process opens, and its system calls, up to its reply.

    `start` starts it with a command before its own, and takes the reply. None each without strace.
    """
    if shutil.which("strace") is None:
        return None, None
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        start(("strace", "-f", "-qq", "-s", "64", "-o", str(trace)))
        until_reply = trace.read_text(errors="replace").partition(_REPLY)[0]
    # A call that waits is split in two lines; it counts where it begins.
    calls = sum(
        1
        for line in until_reply.splitlines()
        if _CALL.match(line) and "<... " not in line and "---" not in line
    )
    return len(_OPENED.findall(until_reply)), calls


def _end(process: subprocess.Popen[bytes], *, traced: bool) -> None:
    """Kill the process; of a traced one the tracee, so that strace writes its last lines."""
    if traced:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
    else:
        process.kill()
    process.wait(contenders.SECONDS)


def cpu_ms(pid: int) -> float:
    """Return the CPU ms that all threads of a process have had (Linux, proc(5) schedstat)."""
    total = 0
    for task in os.scandir(f"/proc/{pid}/task"):
        total += int((Path(task.path) / "schedstat").read_text().split()[0])
    return total / 1e6


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
