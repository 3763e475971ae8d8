"""Runs the SAM CLI: one command to its end, or a local server for as long as a block lasts."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_ports

START_SECONDS = 60
COMMAND_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Sam:
    """The SAM CLI with the environment that it and the containers it starts are given."""

    program: Path
    env: Mapping[str, str]

    def run(self, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; its output is in the error when it fails."""
        done = subprocess.run(
            [self.program, *arguments],
            cwd=cwd,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if done.returncode:
            shown = " ".join(str(part) for part in arguments)
            raise AssertionError(
                f"sam {shown}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    @contextlib.contextmanager
    def serve(self, kind: str, *arguments: str | Path, cwd: Path) -> Iterator[str]:
        """Run `sam local KIND` (start-api, start-lambda) and return its URL.

        Containers stay warm within the block: each request would else cost a container's start.
        """
        [port] = free_ports(1)
        log = cwd / f"sam-{kind}-{port}.log"
        command = [
            *(self.program, "local", kind, "--host", "127.0.0.1", "--port", str(port)),
            *("--skip-pull-image", "--warm-containers", "LAZY", *arguments),
        ]
        with log.open("wb") as sink:
            server = subprocess.Popen(
                command, cwd=cwd, env=self.env, stdout=sink, stderr=subprocess.STDOUT
            )
        try:
            _wait_until_listening(server, port, log)
            yield f"http://127.0.0.1:{port}"
        except BaseException as error:
            error.add_note(f"sam local {kind} said:\n{log.read_text(errors='replace')[-6000:]}")
            raise
        finally:
            server.send_signal(signal.SIGTERM)  # upon which sam removes its containers
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def sam_environment(docker_host: str, folder: Path) -> dict[str, str]:
    """The environment of every `sam` here: this daemon, no user's files, nobody's account.

    `folder` takes what SAM and Docker would else keep in the home folder.
    """
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "DOCKER_HOST": docker_host,
        "TMPDIR": str(folder),
        "DOCKER_CONFIG": str(folder),
        "__SAM_CLI_APP_DIR": str(folder),
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _wait_until_listening(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"the server did not start; it said:\n{log.read_text(errors='replace')}")
