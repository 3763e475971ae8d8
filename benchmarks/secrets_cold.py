"""What five secrets in AWS cost a cold request: neko with them and without, in turns.

    python -m benchmarks.secrets_cold [--rounds 40]

Three are parameters and two are keys of secrets: two calls over one TLS connection. AWS is a thread
here that has its answers ready, in the form that the services give them; the CPU time it takes for
a start, mostly for its part of the TLS handshake, is taken off as the network's.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks import cold_contenders as contenders
from benchmarks.cold import Bench, Subject
from benchmarks.machine import describe_machine
from benchmarks.warm import target_python
from packager.host.interpreter import host_architecture
from tests.support.aws.moto_server import make_authority

NAMES = [f"s{number}" for number in range(5)]
IN_AWS = "".join(
    [f's{n} = {{ssm = "/bench/s{n}"}}\n' for n in range(3)]
    + [f's{n} = {{secret = "bench/s{n}", key = "k"}}\n' for n in range(3, 5)]
)
HERE = "".join(f'{name} = {{env = "{name.upper()}"}}\n' for name in NAMES)
_ARN = "arn:aws:{}:eu-central-1:123456789012:{}"
ANSWERS = {
    b"GetParameters": {
        "Parameters": [
            {
                "Name": f"/bench/{name}",
                "Type": "SecureString",
                "Value": "meow",
                "Version": 1,
                "LastModifiedDate": 1700000000.0,
                "ARN": _ARN.format("ssm", f"parameter/bench/{name}"),
                "DataType": "text",
            }
            for name in NAMES[:3]
        ],
        "InvalidParameters": [],
    },
    b"BatchGetSecretValue": {
        "SecretValues": [
            {
                "ARN": _ARN.format("secretsmanager", f"secret:bench/{name}-a1b2c3"),
                "Name": f"bench/{name}",
                "VersionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
                "SecretString": '{"k": "meow"}',
                "VersionStages": ["AWSCURRENT"],
                "CreatedDate": 1700000000.0,
            }
            for name in NAMES[3:]
        ],
        "Errors": [],
    },
}


class Responder:
    """Answers calls over TLS at once; `cpu` is the CPU time it has taken, in ms."""

    def __init__(self, folder: Path, answers: Mapping[bytes, object] = ANSWERS) -> None:
        authority = make_authority(folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(authority.certificate, authority.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answers = {}
        for operation, answer in answers.items():
            body = json.dumps(answer).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
            self._answers[operation] = (
                f"{head}Content-Type: application/x-amz-json-1.1\r\n\r\n".encode() + body
            )
        self.cpu = 0.0
        self.calls = 0
        self.environment = {
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{self._listener.getsockname()[1]}",
            "AWS_CA_BUNDLE": str(authority.roots),
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "AKIDTEST",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            raw, _ = self._listener.accept()
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            before = time.thread_time()
            try:
                with self._context.wrap_socket(raw, server_side=True) as connection:
                    # Each request comes in one piece: it is small.
                    while request := connection.recv(1 << 16):
                        operation = next(each for each in self._answers if each in request)
                        connection.sendall(self._answers[operation])
                        self.calls += 1
                        self.cpu += (time.thread_time() - before) * 1000
                        before = time.thread_time()
            except OSError:  # the function was killed
                pass


def build(folder: Path, sources: str, python: str) -> Path:
    """Build neko with five secrets more."""
    plugin = Path(shutil.copytree(contenders.ROOT / "plugins" / "neko", folder / "neko"))
    group, configuration = plugin / "group" / "neko.yaml", plugin / "packager.toml"
    declared = "".join(
        f"  - {{name: {name}, type: secret-input, required: true}}\n" for name in NAMES
    )
    text = group.read_text("utf-8")
    assert "\nsettings:\n" in f"\n{text}"
    group.write_text(text.replace("settings:\n", f"settings:\n{declared}", 1), "utf-8")
    configuration.write_text(configuration.read_text("utf-8") + sources, "utf-8")
    target = ("--runtime", python, "--arch", host_architecture())
    command = [sys.executable, "-m", "packager", "build", plugin, "-o", folder / "out", *target]
    subprocess.run(command, check=True, cwd=contenders.ROOT, stdout=subprocess.DEVNULL)
    return folder / "out" / "NekoFunction"


def main() -> None:
    """Build, start in turns, print."""
    parser = argparse.ArgumentParser(description="Cold requests with and without secrets in AWS.")
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    interpreter = target_python()
    contender = contenders.Contender("", "", contenders.NEKO, entry="fast")
    with tempfile.TemporaryDirectory(prefix="packager-bench-") as temporary:
        folder = Path(temporary)
        aws = Responder(folder)
        python = contenders.clean_interpreter(interpreter, folder / "python")
        bench = Bench(python, python)
        with_aws = Subject(contender, build(folder / "aws", IN_AWS, interpreter.python))
        without = Subject(contender, build(folder / "here", HERE, interpreter.python))
        variables = {name.upper(): "meow" for name in NAMES}
        served: list[float] = []
        for number in range(-2, rounds):  # the first two fill the page cache
            turns = [(with_aws, aws.environment), (without, variables)]
            for subject, environment in turns if number % 2 else reversed(turns):
                before = aws.cpu
                wall, cpu, _ = bench.start(subject, **environment)
                if number >= 0:
                    subject.wall.append(wall)
                    subject.cpu.append(cpu)
                    if subject is with_aws:
                        served.append(aws.cpu - before)
        assert aws.calls == 2 * (rounds + 2), "two calls for each start"
    print(json.dumps(describe_machine(interpreter)))
    print(f"{'':24} {'wall, ms':>9} {'CPU, ms':>9}")
    for name, subject in (("without", without), ("five secrets in AWS", with_aws)):
        wall, cpu = statistics.median(subject.wall), statistics.median(subject.cpu)
        print(f"{name:24} {wall:9.1f} {cpu:9.1f}")
    pairs = zip(with_aws.wall, without.wall, served, strict=True)
    print(f"AWS's own part           {statistics.median(served):9.1f}")
    more = [dear - cheap - theirs for dear, cheap, theirs in pairs]
    used = [dear - cheap for dear, cheap in zip(with_aws.cpu, without.cpu, strict=True)]
    print(f"difference, network aside{statistics.median(more):9.1f} {statistics.median(used):9.1f}")


if __name__ == "__main__":
    main()
