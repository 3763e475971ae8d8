"""A Docker daemon of the tests' own: in a private folder, off the network, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

BRIDGE = Path("/sys/class/net/docker0")
START_SECONDS = 60
STOP_SECONDS = 30


class DockerMissing(Exception):
    """This machine can't run the Docker part of the tests; the message says what it lacks."""


def install_docker() -> None:
    """Install dockerd where it is missing. Raises DockerMissing saying what stands in the way."""
    if sys.platform != "linux":
        raise DockerMissing("the Docker part of the tests needs Linux")
    if os.geteuid() != 0:
        raise DockerMissing(
            "the Docker part of the tests starts its own daemon and needs root: "
            "run make test-sam-local as root"
        )
    script = Path(__file__).with_name("install.sh")
    installed = subprocess.run([script], capture_output=True, text=True, check=False)
    if installed.returncode:
        raise DockerMissing(f"dockerd can't be installed: {installed.stderr.strip()}")
    lacking = [tool for tool in ("dockerd", "setpriv", "unshare") if not shutil.which(tool)]
    if lacking:
        raise DockerMissing(f"not on the PATH: {', '.join(lacking)}")


@contextlib.contextmanager
def docker_daemon() -> Iterator[str]:
    """Run dockerd for as long as the block lasts and return its address (what DOCKER_HOST says).

    The folder is outside the project (`sam build` copies trees, and a socket stops it) and short (a
    socket's path holds at most 107 bytes). Nothing stays: the mounts are in a mount namespace of
    the daemon's own, and the kernel ends the daemon when the process of the tests dies.
    """
    with tempfile.TemporaryDirectory(prefix="sam-local-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        had_bridge = BRIDGE.exists()
        daemon = _start(folder)
        try:
            _wait_until_ready(folder, daemon)
            yield _address(folder)
        finally:
            _stop(daemon, folder)
            if not had_bridge and BRIDGE.exists():
                subprocess.run(["ip", "link", "delete", "docker0"], check=True)


def processes_of(folder: Path) -> list[int]:
    """The ids of running processes (not ours) whose command line names `folder`."""
    found = []
    needle = os.fsencode(folder)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if needle in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return sorted(found)


def _address(folder: Path) -> str:
    return f"unix://{folder}/docker.sock"


def _start(folder: Path) -> subprocess.Popen[bytes]:
    configuration = folder / "daemon.json"  # not the machine's own
    configuration.write_text("{}\n")
    command = [
        *("setpriv", "--pdeathsig", "TERM", "--"),
        *("unshare", "--mount", "--"),
        "dockerd",
        *("--config-file", str(configuration)),
        *("--data-root", str(folder / "data")),
        *("--exec-root", str(folder / "exec")),
        *("--pidfile", str(folder / "dockerd.pid")),
        *("--host", _address(folder)),
        # Containers reach nothing but this machine; published ports go through docker-proxy, so
        # that the machine's packet filter stays as it is.
        *("--iptables=false", "--ip-masq=false", "--ip-forward=false"),
    ]
    with (folder / "dockerd.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_ready(folder: Path, daemon: subprocess.Popen[bytes]) -> None:
    socket = folder / "docker.sock"
    end = time.monotonic() + START_SECONDS
    # dockerd makes the socket early, and writes this line when it serves.
    while time.monotonic() < end and daemon.poll() is None:
        log = (folder / "dockerd.log").read_bytes()
        if socket.exists() and b"API listen on" in log:
            return
        time.sleep(0.05)
    tail = (folder / "dockerd.log").read_text(errors="replace")[-3000:]
    raise DockerMissing(f"dockerd did not start within {START_SECONDS} s; its log ends:\n{tail}")


def _stop(daemon: subprocess.Popen[bytes], folder: Path) -> None:
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
    for process in processes_of(folder):  # shims and containerd, had dockerd not ended them
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
