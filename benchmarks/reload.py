"""How long it takes from a saved file to the new answer: `packager serve` beside other servers.

    python -m benchmarks.reload [--rounds 7] [--json FILE]

Each serves the same text, whose source is edited again and again; after each edit it is asked until
the new text comes. `chalice local` and `flask run` reload themselves (chalice and flask are in the
group `bench`); `sam local start-api` (aws-sam-cli) runs the file as it is, in a container that it
starts for each request, and is left out where there is no Docker. Nothing fails on a slow day.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from packager.host.interpreter import newest_supported

ROOT = Path(__file__).resolve().parents[1]
NEKO = ROOT / "plugins" / "neko"
PATIENCE = 120.0
STEP = 0.02

FLASK = """\
import flask

app = flask.Flask(__name__)


@app.get("/duck/<app_id>")
def duck(app_id):
    return f"{app_id} <br>"
"""
CHALICE = """\
from chalice import Chalice, Response

app = Chalice(app_name="duck")


@app.route("/duck/{app_id}")
def duck(app_id):
    return Response(f"{app_id} <br>", headers={"Content-Type": "text/html"})
"""
SAM = """\
def handler(event, context):
    return {"statusCode": 200, "body": event["pathParameters"]["app_id"] + " <br>"}
"""
TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Duck:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: .
      Events:
        Get: {Type: Api, Properties: {Path: "/duck/{app_id}", Method: get}}
"""


def script(name: str) -> str:
    """A program of this Python's environment."""
    return str(Path(sys.executable).with_name(name))


@dataclass(frozen=True)
class Contender:
    """A server: what starts it in its folder at a port, and the file that is edited there."""

    name: str
    command: Callable[[int], list[str]]
    files: dict[str, str]
    edited: str
    plugin: Path | None = None


CONTENDERS = (
    Contender(
        "packager serve",
        lambda port: [sys.executable, "-m", "packager", "serve", ".", "--port", str(port)],
        {},
        "endpoints/duck.py",
        NEKO,
    ),
    Contender(
        "flask run --debug",
        lambda port: [
            *(sys.executable, "-m", "flask", "--app", "app", "run", "--debug"),
            *("--port", str(port)),
        ],
        {"app.py": FLASK},
        "app.py",
    ),
    Contender(
        "chalice local",
        lambda port: [
            *(script("chalice"), "local", "--port", str(port)),
        ],
        {
            "app.py": CHALICE,
            ".chalice/config.json": '{"version": "2.0", "app_name": "duck", "stages": {"dev": {}}}',
        },
        "app.py",
    ),
    Contender(
        "sam local start-api",
        lambda port: [
            *(script("sam"), "local", "start-api", "--skip-pull-image", "--port", str(port)),
        ],
        {"app.py": SAM, "template.yaml": TEMPLATE},
        "app.py",
    ),
)


def answer(port: int) -> str:
    """What is served now; nothing while it is not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/duck/42", timeout=PATIENCE) as got:
            return str(got.read().decode())
    except (OSError, http.client.HTTPException):  # it starts again
        return ""


def wait_for(port: int, wanted: str, process: subprocess.Popen[bytes]) -> float:
    """Ask until `wanted` is the answer; give the seconds that took."""
    started = time.perf_counter()
    while answer(port) != wanted:
        if process.poll() is not None or time.perf_counter() - started > PATIENCE:
            raise RuntimeError("it does not answer")
        time.sleep(STEP)
    return time.perf_counter() - started


@contextlib.contextmanager
def running(contender: Contender, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server in its folder, and end all of it."""
    if contender.plugin is not None:
        shutil.copytree(contender.plugin, folder, dirs_exist_ok=True)
    for name, text in contender.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SAM_CLI_TELEMETRY": "0"}
    process = subprocess.Popen(
        contender.command(port),
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def measure(contender: Contender, rounds: int) -> list[float]:
    """The seconds of each round, once the server runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as name, running(contender, Path(name), port) as process:
        wait_for(port, "42 <br>", process)
        source = Path(name) / contender.edited
        text, times = source.read_text(), []
        for number in range(rounds):
            time.sleep(1.5)  # a day of edits is no burst
            source.write_text(text.replace("<br>", f"<hr> {number}"))
            times.append(wait_for(port, f"42 <hr> {number}", process))
        return times


def main() -> None:
    """Measure each contender that this machine has."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    interpreter = newest_supported()
    assert interpreter is not None
    result: dict[str, object] = {"machine": describe_machine(interpreter)}
    for contender in CONTENDERS:
        try:
            times = measure(contender, options.rounds)
        except (OSError, RuntimeError) as reason:
            print(f"{contender.name:22} not measured: {reason}", flush=True)
            continue
        result[contender.name] = [round(each, 3) for each in times]
        print(
            f"{contender.name:22} median {statistics.median(times):.2f} s, "
            f"slowest {max(times):.2f} s",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
