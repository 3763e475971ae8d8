"""What managed endpoints cost beside a single one: cold, warm, and 10,000 of them in memory.

    python -m benchmarks.managed [--rounds 30] [--part cold|warm|memory]

Cold: neko with one setting in Parameter Store, with another in Secrets Manager besides, and with
endpoints in DynamoDB (whose secrets are sealed: two calls) and in Parameter Store (one), started in
turns. Each service is a thread here that has its answers ready; what it takes of a start, mostly
its part of the TLS handshake, is taken off as the network's. Warm: CPU time of an event, in turns.
Memory: a function is asked for each of 10,000 endpoints in DynamoDB, and logs a line each time.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks import cold_contenders as contenders
from benchmarks.cold import Bench, Subject
from benchmarks.machine import describe_machine
from benchmarks.secrets_cold import Responder
from benchmarks.warm import WORKER, make_event, target_python
from packager.host.interpreter import host_architecture
from tests.support.managed_endpoints import KEY, FileEndpoints, make_hook_id, seal

TABLE, PREFIX, DATA_KEY = "Endpoints", "/packager/bench/", "d" * 64
GREETING = {"greeting": "Nyan"}
MANAGED = '[groups.neko]\nendpoints = "managed"\nendpoints_store = "{}"\n'
ONE = '[settings]\napi_key = {ssm = "/bench/s0"}\n'
TWO = ONE + 'greeting = {secret = "bench/s1"}\n'
EVENTS = 400  # of a batch
_LINES = """
from dify_plugin import Endpoint
from werkzeug import Response

class Lines(Endpoint):
    def _invoke(self, r, values, settings):
        print("asked for", values, "with", settings["api_key"])
        return Response(settings["api_key"])
"""


def parameter(name: str, text: str) -> dict[str, object]:
    """Return GetParameters' answer with one parameter."""
    return {
        "Parameters": [
            {
                "Name": name,
                "Type": "SecureString",
                "Value": text,
                "Version": 1,
                "LastModifiedDate": 1700000000.0,
                "ARN": f"arn:aws:ssm:eu-central-1:123456789012:parameter{name}",
                "DataType": "text",
            }
        ],
        "InvalidParameters": [],
    }


def secret(text: str) -> dict[str, object]:
    """Return GetSecretValue's answer."""
    return {
        "ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:bench/s1-a1b2c3",
        "Name": "bench/s1",
        "VersionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
        "SecretString": text,
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": 1700000000.0,
    }


def item(hook_id: str, api_key: str) -> dict[str, object]:
    """Return GetItem's answer with an endpoint whose API key is sealed."""
    sealed = base64.b64encode(seal({"api_key": api_key}, hook_id, DATA_KEY)).decode()
    return {
        "Item": {
            "id": {"S": hook_id},
            "name": {"S": "acme"},
            "enabled": {"BOOL": True},
            "settings": {"S": json.dumps(GREETING)},
            "sealed": {"B": sealed},
            "version": {"N": "1"},
            "created": {"S": "2026-01-02T03:04:05Z"},
            "updated": {"S": "2026-01-02T03:04:05Z"},
        }
    }


def build(folder: Path, configuration: str, source: str | None = None) -> Path:
    """Build neko with a configuration of its own; `source` takes the place of its duck."""
    plugin = Path(shutil.copytree(contenders.ROOT / "plugins" / "neko", folder / "neko"))
    (plugin / "packager.toml").write_text(configuration, "utf-8")
    if source is not None:
        (plugin / "endpoints" / "duck.py").write_text(source, "utf-8")
    target = ("--runtime", target_python().python, "--arch", host_architecture())
    command = [sys.executable, "-m", "packager", "build", plugin, "-o", folder / "out", *target]
    subprocess.run(command, check=True, cwd=contenders.ROOT, stdout=subprocess.DEVNULL)
    return folder / "out" / "NekoFunction"


@dataclass
class Kind:
    """One way to be configured, its bundle, and what was measured of it; times in ms."""

    subject: Subject
    bench: Bench
    environment: dict[str, str]
    services: list[Responder]
    calls: int
    served: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it once, and note the times."""
        before = sum(each.cpu for each in self.services)
        wall, cpu, _ = self.bench.start(self.subject, **self.environment)
        self.subject.wall.append(wall)
        self.subject.cpu.append(cpu)
        self.served.append(sum(each.cpu for each in self.services) - before)


def environment(services: Mapping[str, Responder]) -> dict[str, str]:
    """Return what leads a function to each service by an address of its own, as AWS's are."""
    found: dict[str, str] = {}
    roots = "".join(
        Path(each.environment["AWS_CA_BUNDLE"]).read_text("utf-8") for each in services.values()
    )
    first = next(iter(services.values()))
    bundle = Path(first.environment["AWS_CA_BUNDLE"]).with_name("all.pem")
    bundle.write_text(roots, "utf-8")
    for name, each in services.items():
        found |= each.environment
        found[f"AWS_ENDPOINT_URL_{name}"] = each.environment["AWS_ENDPOINT_URL"]
    del found["AWS_ENDPOINT_URL"]
    return found | {"AWS_CA_BUNDLE": str(bundle)}


def cold(folder: Path, rounds: int) -> None:
    """Start all kinds in turns, and print what each takes."""
    hook_id = make_hook_id()
    key = {"PACKAGER_ENDPOINTS_KEY": KEY}
    in_table = {
        **key,
        "PACKAGER_ENDPOINTS": TABLE,
        "PACKAGER_ENDPOINTS_SECRET": "bench/s1",
    }
    document = {"name": "acme", "enabled": True, "settings": {"api_key": "meow", **GREETING}}
    ssm = {b"GetParameters": parameter("/bench/s0", "meow")}
    secrets = {b"GetSecretValue": secret("Nyan")}
    wanted: dict[str, tuple[str, dict[str, Mapping[bytes, object]], dict[str, str]]] = {
        "one setting in SSM": (ONE, {"SSM": ssm}, {}),
        "one in SSM, one in Secrets Manager": (TWO, {"SSM": ssm, "SECRETS_MANAGER": secrets}, {}),
        "managed, DynamoDB, sealed": (
            MANAGED.format("dynamodb"),
            {
                "DYNAMODB": {b"GetItem": item(hook_id, "meow")},
                "SECRETS_MANAGER": {b"GetSecretValue": secret(DATA_KEY)},
            },
            in_table,
        ),
        "managed, SSM": (
            MANAGED.format("ssm"),
            {"SSM": {b"GetParameters": parameter(PREFIX + hook_id, json.dumps(document))}},
            {**key, "PACKAGER_ENDPOINTS": PREFIX},
        ),
    }
    python = contenders.clean_interpreter(target_python(), folder / "python")
    contender = contenders.Contender("", "", contenders.NEKO, entry="fast")
    kinds: dict[str, Kind] = {}
    for name, (configuration, answers, variables) in wanted.items():
        own = folder / f"kind{len(kinds)}"
        services = {}
        for service, each in answers.items():
            (own / service).mkdir(parents=True)
            services[service] = Responder(own / service, each)
        bench = Bench(python, python)
        if "managed" in name:
            bench.events["2.0"] = managed_event(hook_id)
        kinds[name] = Kind(
            Subject(contender, build(own, configuration)),
            bench,
            environment(services) | variables,
            [*services.values()],
            len(services),
        )
    for number in range(-2, rounds):  # the first two fill the page cache
        for kind in sorted(kinds.values(), key=id, reverse=number % 2 == 0):
            kind.start()
            if number < 0:
                kind.subject.wall.clear()
                kind.subject.cpu.clear()
                kind.served.clear()
    for kind in kinds.values():
        assert sum(each.calls for each in kind.services) == kind.calls * (rounds + 2)
    print(f"{'cold, ms':36} {'wall':>8} {'CPU':>8}")
    for name, kind in kinds.items():
        pairs = zip(kind.subject.wall, kind.served, strict=True)
        wall = statistics.median(all_of - served for all_of, served in pairs)
        print(f"{name:36} {wall:8.1f} {statistics.median(kind.subject.cpu):8.1f}")


def managed_event(hook_id: str) -> bytes:
    """Return `GET /duck/42` of an endpoint."""
    text = json.dumps(make_event("2.0", "GET"))
    return text.replace('"/duck/42"', f'"/e/{hook_id}/duck/42"').encode()


def warm(folder: Path, rounds: int) -> None:
    """Have both kinds answer in turns, and print the CPU time of an event."""
    endpoints = FileEndpoints(folder / "endpoints.sqlite", "neko/neko")
    hook_id = endpoints.put("acme", GREETING)
    kinds = {
        "single": (build(folder / "single", ""), json.dumps(make_event("2.0", "GET"))),
        "managed": (
            build(folder / "managed", MANAGED.format("dynamodb")),
            managed_event(hook_id).decode(),
        ),
    }
    workers = {}
    for name, (bundle, event) in kinds.items():
        worker = subprocess.Popen(
            [str(target_python().path), "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(bundle), **endpoints.environment},
        )
        assert worker.stdin is not None
        handler = "endpoint_runtime.lambda_handler"
        worker.stdin.write(f'["{handler}", {event}, "NDIgPGJyPg=="]\n')
        workers[name] = worker
    samples: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds * 4 + 1):
        for name, worker in workers.items():
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(f"{EVENTS}\n")
            worker.stdin.flush()
            taken = float(worker.stdout.readline())
            if turn:  # the first round warms up
                samples[name].append(taken)
    for worker in workers.values():
        worker.communicate()
    least = {name: min(each) for name, each in samples.items()}
    median = {name: statistics.median(each) for name, each in samples.items()}
    print(f"{'warm, us of CPU for an event':36} {'least':>8} {'median':>8}")
    for name in kinds:
        print(f"{name:36} {least[name]:8.1f} {median[name]:8.1f}")
    ratios = [each["managed"] / each["single"] for each in (least, median)]
    print(f"{'ratio':36} {ratios[0]:8.3f} {ratios[1]:8.3f}")


class Table:
    """DynamoDB and Secrets Manager without TLS: any hook id is an endpoint with its own secret."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        table = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                operation = self.headers["X-Amz-Target"].rpartition(".")[2]
                table.calls[operation] = table.calls.get(operation, 0) + 1
                answer: dict[str, Any] = secret(DATA_KEY)
                if operation == "GetItem":
                    hook_id = asked["Key"]["id"]["S"]
                    answer = item(hook_id, f"secret of {hook_id}")
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What leads a function here."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server.server_port}",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "AKIDTEST",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "PACKAGER_ENDPOINTS": TABLE,
            "PACKAGER_ENDPOINTS_KEY": KEY,
            "PACKAGER_ENDPOINTS_SECRET": "bench/s1",
        }


ASKER = """
import json, sys
from endpoint_runtime.logs.report import LogStream
from endpoint_runtime.lambda_handler import handler
class Context: aws_request_id = "r"; log_stream_name = "s"
context, out, sys.stdout = Context(), sys.stdout, LogStream(open("/dev/null", "w"))
event = sys.stdin.readline()
def held():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmRSS" in line)
for line in sys.stdin:
    for hook_id in json.loads(line):
        reply = handler(json.loads(event.replace("HOOK", hook_id)), context)
        assert reply["body"] == f"secret of {hook_id}", reply
    print(held(), file=out, flush=True)
"""


def memory(folder: Path) -> None:
    """Ask a function for each of 10,000 endpoints, and print what its process holds meanwhile."""
    bundle = build(folder / "memory", MANAGED.format("dynamodb"), _LINES)
    table = Table()
    asker = subprocess.Popen(
        [str(target_python().path), "-c", ASKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(bundle), **table.environment},
    )
    assert asker.stdin is not None
    assert asker.stdout is not None
    asker.stdin.write(managed_event("HOOK").decode() + "\n")
    ids = [make_hook_id() for _ in range(10_000)]
    print(f"{'endpoints asked for':36} {'RSS, MB':>8}")
    done = 0
    for number in (1, 999, 1000, 2000, 6000, 10_000):  # the last time all of them again
        batch = [ids[(done + each) % len(ids)] for each in range(number)]
        asker.stdin.write(json.dumps(batch) + "\n")
        asker.stdin.flush()
        held = int(asker.stdout.readline()) / 1024
        done += number
        print(f"{done:<36} {held:8.1f}")
    asker.communicate()
    print(f"calls: {table.calls}")


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description="Managed endpoints beside a single one.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--part", choices=("cold", "warm", "memory"))
    options = parser.parse_args()
    print(json.dumps(describe_machine(target_python())))
    with tempfile.TemporaryDirectory(prefix="packager-bench-") as name:
        folder = Path(name)
        if options.part in (None, "cold"):
            cold(folder, options.rounds)
        if options.part in (None, "warm"):
            warm(folder, options.rounds)
        if options.part in (None, "memory"):
            memory(folder)


if __name__ == "__main__":
    main()
