"""How long it takes from a saved file to the new answer: `packager serve` beside other servers.

    python -m benchmarks.reload [--rounds 7] [--write]

Each serves the same text, whose source is edited again and again; after each edit it is asked until
the new text comes. `chalice local` and `flask run` reload themselves; they are in an environment of
their own, as for `benchmarks.warm`. `sam local start-api` (aws-sam-cli) runs the file as it is, in
a container that it starts for each request: of the tests' own Docker daemon and stand-in image,
which need root; without it is left out. Nothing fails on a slow day.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.page import RESULTS, write_page
from benchmarks.warm import contenders_python, target_python
from tests.support.ports import free_ports

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
      Runtime: python{python}
      Architectures: [x86_64]
      Handler: app.handler
      CodeUri: .
      Events:
        Get: {{Type: Api, Properties: {{Path: "/duck/{{app_id}}", Method: get}}}}
"""


@dataclass(frozen=True)
class Contender:
    """A server: what starts it in its folder at a port, and the file that is edited there.

    `command` is told the environment's folder of programs besides: that of the contenders.
    """

    name: str
    command: Callable[[str, str], list[str]]
    files: dict[str, str]
    edited: str
    plugin: Path | None = None


SAM_LOCAL = Contender(
    "sam local start-api",
    lambda port, bin_: [
        str(Path(sys.executable).with_name("sam")),
        *("local", "start-api", "--skip-pull-image", "--port", port),
    ],
    {"app.py": SAM, "template.yaml": TEMPLATE.format(python=target_python().python)},
    "app.py",
)
CONTENDERS = (
    Contender(
        "packager serve",
        lambda port, bin_: [sys.executable, "-m", "packager", "serve", ".", "--port", port],
        {},
        "endpoints/duck.py",
        NEKO,
    ),
    Contender(
        "flask run --debug",
        lambda port, bin_: [
            *(f"{bin_}/python", "-m", "flask", "--app", "app", "run", "--debug", "--port", port)
        ],
        {"app.py": FLASK},
        "app.py",
    ),
    Contender(
        "chalice local",
        lambda port, bin_: [f"{bin_}/chalice", "local", "--port", port],
        {
            "app.py": CHALICE,
            ".chalice/config.json": '{"version": "2.0", "app_name": "duck", "stages": {"dev": {}}}',
        },
        "app.py",
    ),
    SAM_LOCAL,
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
def running(
    contender: Contender, folder: Path, port: int, bin_: str, more: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server in its folder, and end all of it."""
    if contender.plugin is not None:
        shutil.copytree(contender.plugin, folder, dirs_exist_ok=True)
    for name, text in contender.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    environment = os.environ | {"AWS_DEFAULT_REGION": "us-east-1"} | more
    if contender.plugin is not None:
        environment["PYTHONPATH"] = str(ROOT)
    process = subprocess.Popen(
        contender.command(str(port), bin_),
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


@contextlib.contextmanager
def docker() -> Iterator[dict[str, str]]:
    """Yield the environment in which `sam` finds a daemon with an image; nothing stays of it."""
    from docker import APIClient

    from packager.host.uv import find_uv
    from tests.sam_local.daemon import docker_daemon, install_docker
    from tests.sam_local.image import CHANGES, image_tag, write_image
    from tests.sam_local.sam import sam_environment

    install_docker()
    interpreter = target_python()
    with docker_daemon() as host, tempfile.TemporaryDirectory() as name:
        archive = write_image(interpreter.path, interpreter.python, Path(find_uv()), Path(name))
        client = APIClient(base_url=host, version="auto", timeout=120)
        repository, _, tag = image_tag(interpreter.python).partition(":")
        client.import_image_from_file(str(archive), repository, tag, changes=CHANGES)
        client.close()
        yield sam_environment(host, Path(name))


def measure(contender: Contender, rounds: int, bin_: str) -> list[float]:
    """The seconds of each round, once the server runs."""
    [port] = free_ports(1)
    with contextlib.ExitStack() as stack:
        more = stack.enter_context(docker()) if contender is SAM_LOCAL else {}
        name = stack.enter_context(tempfile.TemporaryDirectory())
        process = stack.enter_context(running(contender, Path(name), port, bin_, more))
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
    parser.add_argument("--write", action="store_true", help="keep the results, and write the page")
    options = parser.parse_args()
    bin_ = str(Path(contenders_python()).parent)
    seconds: dict[str, list[float]] = {}
    result = {**describe_machine(target_python()), "rounds": options.rounds, "seconds": seconds}
    for contender in CONTENDERS:
        try:
            times = measure(contender, options.rounds, bin_)
        except Exception as reason:  # what a contender lacks on this machine
            print(f"{contender.name:22} not measured: {reason}", flush=True)
            continue
        seconds[contender.name] = [round(each, 3) for each in times]
        print(
            f"{contender.name:22} median {statistics.median(times):.2f} s, "
            f"slowest {max(times):.2f} s",
            flush=True,
        )
    if options.write:
        (RESULTS / "reload.json").write_text(json.dumps(result, indent=1) + "\n")
        write_page()


if __name__ == "__main__":
    main()
