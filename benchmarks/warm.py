"""What one warm event costs: ours beside every adapter, CPU time per event, in one run.

Every contender (`contenders/`) answers the same requests in a process of its own: `GET /duck/42`, a
generator's text; `POST /echo`, 100 bytes of JSON and back; `POST /binary`, a megabyte and back.
The driver asks each in turn for one batch (rounds interleave, so drift hits all alike) and reports
the median batch, and its ratio to apig-wsgi's. The context has a clock, as Lambda's has: who has
work to end in time asks it. `--write` keeps the numbers in `results/` and writes
docs/benchmarks.md again.

    python -m benchmarks.warm [--rounds 31] [--write]

Without `--python` an environment with the contenders (the group `bench` of pyproject.toml) is made
in `.venv/bench`; without `--bundle` the plugin beside this is built for it.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.page import write_page
from packager.host.interpreter import Interpreter, find_interpreter, newest_supported

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results" / "warm.json"
BASELINE = "apig-wsgi"
CONTENDERS = {
    "packager": "endpoint_runtime.lambda_handler",
    "apig-wsgi": "contenders.with_apig_wsgi",
    "aws-wsgi": "contenders.with_aws_wsgi",
    "serverless-wsgi": "contenders.with_serverless_wsgi",
    "mangum + a2wsgi": "contenders.with_mangum_a2wsgi",
    "mangum + starlette": "contenders.with_mangum_starlette",
    "powertools (no werkzeug)": "contenders.with_powertools",
    "chalice (no werkzeug)": "contenders.with_chalice",
}
ONLY_1_0 = ("aws-wsgi", "chalice (no werkzeug)")
JSON_BODY = json.dumps({"text": "x" * 80, "n": 12345}).encode()
BINARY_BODY = bytes(range(256)) * 4096  # 1 MiB
# name: method, path, content type, body, the body that must come back, events a batch
CASES = {
    "GET": ("GET", "/duck/42", None, b"", b"42 <br>", 400),
    "POST 100 B": ("POST", "/echo", "application/json", JSON_BODY, JSON_BODY, 400),
    "POST 1 MiB": ("POST", "/binary", "application/octet-stream", BINARY_BODY, BINARY_BODY, 8),
}

WORKER = """
import base64, importlib, json, sys, time
module, event, expected = json.loads(sys.stdin.readline())
handler = importlib.import_module(module).handler
class Context:  # AWS's client's has more; what contenders ask for is here
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    log_stream_name = "s"
    deadline = int(time.time() * 1000) + 900_000
    def get_remaining_time_in_millis(self):
        return max(self.deadline - int(time.time() * 1000), 0)
context = Context()
out, sys.stdout = sys.stdout, sys.stderr
reply = handler(event, context)
body = reply["body"].encode()
if reply.get("isBase64Encoded"): body = base64.b64decode(body)
assert int(reply["statusCode"]) == 200 and body == base64.b64decode(expected), str(reply)[:500]
for line in sys.stdin:
    n = int(line)
    start = time.process_time_ns()
    for _ in range(n): handler(event, context)
    print((time.process_time_ns() - start) / n / 1000, file=out, flush=True)
"""


def make_event(payload: str, case: str) -> dict[str, object]:
    """Return a case's event with the headers a browser sends."""
    method, path, content_type, body, _, _ = CASES[case]
    headers = {
        "accept": "text/html,application/xhtml+xml",
        "accept-encoding": "gzip, deflate, br",
        "accept-language": "en-GB,en;q=0.5",
        "host": "abc123.execute-api.eu-west-1.amazonaws.com",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    binary = content_type == "application/octet-stream"
    text = base64.b64encode(body).decode() if binary else body.decode()
    if content_type:
        headers |= {"content-type": content_type, "content-length": str(len(body))}
    if payload == "2.0":
        event: dict[str, object] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": "x=1",
            "headers": headers,
            "queryStringParameters": {"x": "1"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "abc123",
                "domainName": headers["host"],
                "domainPrefix": "abc123",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.9",
                    "userAgent": headers["user-agent"],
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "$default",
                "stage": "$default",
                "time": "10/Mar/2020:05:16:23 +0000",
                "timeEpoch": 1583817383220,
            },
            "isBase64Encoded": binary,
        }
        return event | ({"body": text} if text else {})
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"x": "1"},
        "multiValueQueryStringParameters": {"x": ["1"]},
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": headers["host"],
            "httpMethod": method,
            "identity": {"sourceIp": "203.0.113.9", "userAgent": headers["user-agent"]},
            "path": "/prod" + path,
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1428582896000,
            "resourceId": "abc123",
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": text or None,
        "isBase64Encoded": binary,
    }


def start(name: str, payload: str, case: str, bundle: Path, python: str) -> subprocess.Popen[str]:
    """Start one contender's process."""
    environment = {**os.environ, "PYTHONPATH": str(bundle if name == "packager" else HERE)}
    worker = subprocess.Popen(
        [python, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    expected = base64.b64encode(CASES[case][4]).decode()
    assert worker.stdin
    worker.stdin.write(json.dumps([CONTENDERS[name], make_event(payload, case), expected]) + "\n")
    worker.stdin.flush()
    return worker


def measure(payload: str, case: str, bundle: Path, python: str, rounds: int) -> dict[str, float]:
    """Return the median CPU microseconds per event of every contender, rounds interleaved."""
    names = [name for name in CONTENDERS if payload == "1.0" or name not in ONLY_1_0]
    workers = {name: start(name, payload, case, bundle, python) for name in names}
    samples: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name, worker in [*workers.items()]:
            assert worker.stdin and worker.stdout
            try:
                worker.stdin.write(f"{CASES[case][5]}\n")
                worker.stdin.flush()
                answer = worker.stdout.readline()
            except BrokenPipeError:
                answer = ""
            if not answer:
                print(f"{name}: no right answer to {case}, payload {payload}", file=sys.stderr)
                workers.pop(name).wait()
            elif turn:  # the first round warms up
                samples[name].append(float(answer))
    for worker in workers.values():
        worker.communicate()
    return {name: statistics.median(values) for name, values in samples.items() if values}


def target_python() -> Interpreter:
    """Return the Python that everything runs on: 3.13, else the newest that is here."""
    found = find_interpreter("3.13") or newest_supported()
    assert found is not None, "this very Python would do"
    return found


def contenders_python() -> str:
    """Make an environment with the contenders, or bring it up to date; return its Python."""
    venv = ROOT / ".venv" / "bench"
    uv = [sys.executable, "-m", "uv"]
    if not (venv / "bin" / "python").exists():
        target = str(target_python().path)
        subprocess.run([*uv, "venv", "--quiet", "--python", target, str(venv)], check=True)
    install = [*uv, "pip", "install", "--quiet", "--python", str(venv / "bin" / "python")]
    subprocess.run([*install, "--group", "bench"], check=True, cwd=ROOT)
    return str(venv / "bin" / "python")


def build(folder: str) -> Path:
    """Build the benchmark's plugin for this machine; return the bundle."""
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    command = [sys.executable, "-m", "packager", "build", str(HERE / "plugin"), "--out", folder]
    command += ["--runtime", target_python().python, "--arch", architecture]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return Path(folder) / "BenchFunction"


def show(results: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print one table: every case of both payloads, and each cell's ratio to the baseline."""
    columns = [(case, payload) for case in results for payload in results[case]]
    print(f"{'CPU us per warm event':26}" + "".join(f"{f'{c}, {p}':>20}" for c, p in columns))
    for name in CONTENDERS:
        cells = []
        for case, payload in columns:
            own, baseline = results[case][payload].get(name), results[case][payload].get(BASELINE)
            ratio = f" ({own / baseline:.2f})" if own and baseline else ""
            cells.append(f"{own:.1f}{ratio}" if own else "-")
        print(f"{name:26}" + "".join(f"{cell:>20}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a built BenchFunction folder")
    parser.add_argument("--python", help="its Python, peers installed")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--case", choices=CASES, action="append", help="this alone; repeatable")
    parser.add_argument("--write", action="store_true", help="keep the results, and write the page")
    options = parser.parse_args()
    python = options.python or contenders_python()
    with tempfile.TemporaryDirectory() as folder:
        bundle = options.bundle.resolve() if options.bundle else build(folder)
        results = {
            case: {
                payload: measure(payload, case, bundle, python, options.rounds)
                for payload in ("2.0", "1.0")
            }
            for case in options.case or CASES
        }
    show(results)
    if options.write:
        record = {
            **describe_machine(target_python()),
            "rounds": options.rounds,
            "baseline": BASELINE,
            "us": results,
        }
        RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        write_page()


if __name__ == "__main__":
    main()
