"""What one warm event costs: ours beside every adapter, CPU time per event, in one run.

Every contender answers `GET /duck/42` with the same body from a generator, in a process of its own.
The driver asks each in turn for one batch (rounds interleave, so drift hits all alike) and reports
the median batch. `python benchmarks/warm.py --bundle OUT/NekoFunction` prints a table; `--json FILE`
also writes the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

WERKZEUG_APP = """
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
routes = Map([Rule("/duck/<app_id>", methods=["GET"], endpoint="duck"), Rule("/neko", endpoint="neko")])
def app(environ, start_response):
    adapter = routes.bind_to_environ(environ)
    try:
        endpoint, values = adapter.match()
        request = Request(environ)
        def generator():
            yield f"{values['app_id']} <br>"
        response = Response(generator(), status=200, content_type="text/html")
    except HTTPException as e:
        response = e
    return response(environ, start_response)
"""

CONTENDERS = {
    "packager": "from endpoint_runtime.lambda_handler import handler",
    "aws-wsgi": WERKZEUG_APP + "import awsgi\ndef handler(e, c): return awsgi.response(app, e, c)",
    "apig-wsgi": WERKZEUG_APP
    + "from apig_wsgi import make_lambda_handler\nhandler = make_lambda_handler(app)",
    "serverless-wsgi": WERKZEUG_APP
    + "import serverless_wsgi\n"
    "def handler(e, c): return serverless_wsgi.handle_request(app, e, c)",
    "mangum + a2wsgi": WERKZEUG_APP
    + "from mangum import Mangum\nfrom a2wsgi import WSGIMiddleware\n"
    "handler = Mangum(WSGIMiddleware(app), lifespan='off')",
    "mangum + starlette": """
from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
async def duck(request):
    async def generator():
        yield f"{request.path_params['app_id']} <br>"
    return StreamingResponse(generator(), media_type="text/html")
handler = Mangum(Starlette(routes=[Route("/duck/{app_id}", duck)]), lifespan="off")
""",
    "powertools (no werkzeug)": """
import os
os.environ["POWERTOOLS_TRACE_DISABLED"] = "1"
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, APIGatewayHttpResolver, Response
v1, v2 = APIGatewayRestResolver(), APIGatewayHttpResolver()
for app in (v1, v2):
    @app.get("/duck/<app_id>")
    def duck(app_id):
        return Response(200, "text/html", f"{app_id} <br>")
def handler(e, c): return (v2 if e.get("version") == "2.0" else v1).resolve(e, c)
""",
    "chalice (no werkzeug, no 2.0)": """
from chalice import Chalice, Response
app = Chalice("bench")
@app.route("/duck/{app_id}")
def duck(app_id):
    return Response(f"{app_id} <br>", headers={"Content-Type": "text/html"})
def handler(e, c):
    e = dict(e); e["requestContext"] = dict(e["requestContext"], resourcePath="/duck/{app_id}", httpMethod="GET")
    e["pathParameters"] = {"app_id": "42"}
    return app(e, c)
""",
}

WORKER = """
import base64, json, sys, time
source, event = json.loads(sys.stdin.readline())
space = {}
class Context: aws_request_id = "r"; log_stream_name = "s"
exec(source, space)
handler, context = space["handler"], Context()
out = sys.stdout
sys.stdout = sys.stderr
reply = handler(event, context)
body = reply["body"]
if reply.get("isBase64Encoded"): body = base64.b64decode(body).decode()
assert int(reply["statusCode"]) == 200 and body == "42 <br>", reply
for line in sys.stdin:
    n = int(line)
    start = time.process_time_ns()
    for _ in range(n): handler(event, context)
    print((time.process_time_ns() - start) / n / 1000, file=out, flush=True)
"""


def event(payload: str) -> dict[str, object]:
    """Give the event of `GET /duck/42?x=1` with the headers a browser sends."""
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
    if payload == "2.0":
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/duck/42",
            "rawQueryString": "x=1",
            "headers": headers,
            "queryStringParameters": {"x": "1"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "abc123",
                "domainName": headers["host"],
                "domainPrefix": "abc123",
                "http": {
                    "method": "GET",
                    "path": "/duck/42",
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
            "isBase64Encoded": False,
        }
    return {
        "resource": "/{proxy+}",
        "path": "/duck/42",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"x": "1"},
        "multiValueQueryStringParameters": {"x": ["1"]},
        "pathParameters": {"proxy": "duck/42"},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": headers["host"],
            "httpMethod": "GET",
            "identity": {"sourceIp": "203.0.113.9", "userAgent": headers["user-agent"]},
            "path": "/prod/duck/42",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1428582896000,
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": None,
        "isBase64Encoded": False,
    }


def start(name: str, payload: str, bundle: Path, python: str) -> subprocess.Popen[str] | None:
    """Start one contender's process, or give None where it doesn't know the payload."""
    if payload == "2.0" and name.startswith("chalice"):
        return None
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    if name == "packager":
        environment["PYTHONPATH"] = str(bundle)
    worker = subprocess.Popen(
        [python, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert worker.stdin
    worker.stdin.write(json.dumps([CONTENDERS[name], event(payload)]) + "\n")
    worker.stdin.flush()
    return worker


def measure(payload: str, bundle: Path, python: str, rounds: int, batch: int) -> dict[str, float]:
    """Give the median CPU microseconds per event of every contender, rounds interleaved."""
    workers = {name: start(name, payload, bundle, python) for name in CONTENDERS}
    samples: dict[str, list[float]] = {name: [] for name, worker in workers.items() if worker}
    for turn in range(rounds + 1):
        for name, worker in workers.items():
            if worker is None:
                continue
            assert worker.stdin and worker.stdout
            worker.stdin.write(f"{batch}\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
            if not answer:
                sys.exit(f"{name} failed on payload {payload}; run it by hand to see why")
            if turn:  # the first round warms up
                samples[name].append(float(answer))
    for worker in workers.values():
        if worker:
            worker.communicate()
    return {name: statistics.median(values) for name, values in samples.items()}


def main() -> None:
    """Measure both payloads and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="a built NekoFunction folder")
    parser.add_argument("--python", default=sys.executable, help="its Python, peers installed")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--batch", type=int, default=400)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    bundle = options.bundle.resolve()
    results = {
        payload: measure(payload, bundle, options.python, options.rounds, options.batch)
        for payload in ("2.0", "1.0")
    }
    print(f"{'CPU us per warm event':32}{'2.0':>8}{'1.0':>8}{'2.0 / apig-wsgi':>18}")
    for name in CONTENDERS:
        cells = [results[payload].get(name) for payload in ("2.0", "1.0")]
        ratio = cells[0] / results["2.0"]["apig-wsgi"] if cells[0] else None
        print(
            f"{name:32}"
            + "".join(f"{cell:8.1f}" if cell else f"{'-':>8}" for cell in cells)
            + (f"{ratio:18.2f}" if ratio else f"{'-':>18}")
        )
    if options.json:
        record = {"machine": platform.platform(), "python": options.python, "us": results}
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
