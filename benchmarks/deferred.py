"""What acknowledging a deferred request costs: CPU time beside that of an ordinary answer.

    python -m benchmarks.deferred [--rounds 31]

One process answers `POST /now`, an ordinary route, and `POST /later`, a deferred one with `verify`,
`dedupe` and `inline_when`, in turns. The queue is a thread of another process that has its answer
ready, so that what is measured of sending is this side's: signing, writing and reading.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.machine import describe_machine
from packager.bundle.deferred_literal import deferred_literal
from packager.host.interpreter import find_interpreter
from packager.model.deferred import DeferredRoute, InlineRule, RequestValue
from packager.model.options import Options
from tests.support.builders import endpoint, http_2, make_bundle

BODY = json.dumps({"type": "event", "event_id": "E1", "text": "x" * 1000})
HOOK = endpoint("r.get_data()\nreturn Response(b'')")
CHECK = """
import hashlib, hmac
def check(request):
    digest = hmac.new(b"secret", request.get_data(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(digest, digest)
"""
WORKER = """
import json, sys, time
from endpoint_runtime.lambda_handler import handler
now, later = json.loads(sys.stdin.readline())
out, sys.stdout = sys.stdout, sys.stderr
class Context:
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    def get_remaining_time_in_millis(self):
        return 29000
context = Context()
for line in sys.stdin:
    event = later if line.startswith("later") else now
    start = time.process_time_ns()
    for _ in range(100):
        assert handler(event, context)["statusCode"] == 200
    print((time.process_time_ns() - start) / 100 / 1000, file=out, flush=True)
    if "boto3" in sys.modules or "botocore" in sys.modules:
        raise SystemExit("boto3 is loaded")
"""


class Queue(BaseHTTPRequestHandler):
    """Takes whatever is sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"MessageId": "1", "MD5OfMessageBody": "0"}'
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args().rounds
    here = find_interpreter(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert here is not None
    options = Options(
        deferred=(
            DeferredRoute(
                path="/later",
                verify="checks:check",
                dedupe=RequestValue(pointer="/event_id"),
                inline_when=(
                    InlineRule(value=RequestValue(pointer="/type"), equals=("url_verification",)),
                ),
            ),
        )
    )
    values = {
        "ROUTES": (("/now", "POST", "hook.py"), ("/later", "POST", "hook.py")),
        "DEFERRED": deferred_literal(options),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Queue)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:
        bundle = make_bundle(Path(folder), {"hook.py": HOOK, "checks.py": CHECK}, values)
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME")},
            "PYTHONPATH": str(bundle.folder),
            "AWS_ENDPOINT_URL_SQS": address,
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "A" * 20,
            "AWS_SECRET_ACCESS_KEY": "b" * 40,
            "PACKAGER_DEFERRED_QUEUE": f"{address}/123456789012/queue",
        }
        with subprocess.Popen(
            [str(here.path), "-c", WORKER],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            headers = {"content-type": "application/json"}
            events = [
                http_2(method="POST", path=path, headers=headers, body=BODY)
                for path in ("/now", "/later")
            ]
            worker.stdin.write(json.dumps(events) + "\n")
            found: dict[str, list[float]] = {"now": [], "later": []}
            for number in range(rounds + 1):
                for which, times in found.items():
                    worker.stdin.write(f"{which}\n")
                    worker.stdin.flush()
                    taken = float(worker.stdout.readline())
                    if number:  # the first loads what every one needs
                        times.append(taken)
            worker.stdin.close()
    server.shutdown()
    now, later = (statistics.median(times) for times in found.values())
    print(json.dumps(describe_machine(here)))
    print(f"ordinary answer {now:.0f} us, acknowledged {later:.0f} us, more {later - now:.0f} us")


if __name__ == "__main__":
    main()
