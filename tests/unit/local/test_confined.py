"""What a function leaves behind ends with it, whatever it did to stay."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from packager.local.confined import Tether, confined_command
from packager.local.function_process import end_process
from tests.support.elsewhere import start_as_elsewhere
from tests.support.served import are_gone

# A child, one in a session of its own, and a daemon: without a parent and an environment.
LEAVING = """\
import json, os, signal, subprocess, sys, time
pids = [os.getpid(), *(subprocess.Popen(["sleep", "600"], start_new_session=own).pid
                       for own in (False, True))]
if "daemon" in sys.argv:
    start = ("import subprocess; print(subprocess.Popen(['/bin/sleep', '600'], env={}, "
             "start_new_session=True, stdout=subprocess.DEVNULL).pid)")
    pids.append(int(subprocess.check_output([sys.executable, "-c", start])))
print(json.dumps(pids), flush=True)
"""
WAIT, EXIT, DIE = "time.sleep(600)", "os._exit(7)", "os.kill(os.getpid(), signal.SIGSEGV)"
PATIENCE = 60.0  # seconds, on a busy machine


@dataclass(frozen=True)
class Confined:
    """A process, what ends it, and the processes of its command."""

    process: subprocess.Popen[bytes]
    tether: Tether
    pids: set[int]


@contextmanager
def confined(folder: Path, source: str, *arguments: str) -> Iterator[Confined]:
    """Run Python code as functions are run."""
    script = folder / "script.py"
    script.write_text(source)
    command = [sys.executable, str(script), *arguments]
    with (
        confined_command(command, Path(sys.executable), Path("/usr"), {}) as (line, tether),
        subprocess.Popen(
            line, stdout=subprocess.PIPE, pass_fds=tether.descriptors, start_new_session=True
        ) as process,
    ):
        tether.wait()
        assert process.stdout is not None
        pids = set(json.loads(process.stdout.readline()))
        assert len(pids) > 2
        try:
            yield Confined(process, tether, pids)
        finally:
            end_process(process, tether)


def daemons() -> tuple[str, ...]:
    """Whether there are some that are to be found."""
    return ("daemon",) if sys.platform == "linux" else ()


def test_all_ends_once_it_is_let_go(tmp_path: Path) -> None:
    with confined(tmp_path, LEAVING + WAIT, *daemons()) as running:
        assert not any(are_gone({pid}) for pid in running.pids)
        running.tether.let_go()
        assert running.process.wait(PATIENCE) == 0
        assert are_gone(running.pids)


@pytest.mark.skipif(sys.platform != "linux", reason="daemons are found on Linux alone")
@pytest.mark.parametrize(("end", "status"), [(EXIT, 7), (DIE, -signal.SIGSEGV)])
def test_all_ends_with_the_command(tmp_path: Path, end: str, status: int) -> None:
    """What it leaves behind then has no parent any more; the status is the command's."""
    with confined(tmp_path, LEAVING + end, *daemons()) as running:
        assert running.process.wait(PATIENCE) == status
        assert are_gone(running.pids)


OWNER = """\
import os, pathlib, subprocess, sys
from packager.local.confined import confined_command
python = pathlib.Path(sys.executable)
command = [sys.executable, "-c", *sys.argv[1:]]
with confined_command(command, python, pathlib.Path("/usr"), {}) as (line, tether):
    process = subprocess.Popen(line, pass_fds=tether.descriptors, start_new_session=True)
    tether.wait()
    process.wait()
"""


def test_all_ends_with_an_owner_that_is_killed() -> None:
    command = [sys.executable, "-c", OWNER, LEAVING + WAIT, *daemons()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pids = set(json.loads(owner.stdout.readline()))
        owner.kill()
        assert owner.stdout.read() == b""  # which all of them held open
    assert are_gone(pids)


def test_elsewhere_what_has_a_parent_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start_as_elsewhere(tmp_path, monkeypatch)
    with confined(tmp_path, LEAVING + WAIT) as running:
        running.tether.let_go()
        assert running.process.wait(PATIENCE) == 0
        assert are_gone(running.pids)
