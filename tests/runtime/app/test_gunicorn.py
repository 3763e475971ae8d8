"""A bundle's application behind a real server: the same responses as through events."""

from __future__ import annotations

import base64
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from tests.support.builders import endpoint, url

SOURCES = {
    "text.py": endpoint("""
response = Response(f"{r.method} {r.url} {dict(values)} {r.get_data()!r}", mimetype="text/plain")
response.headers.add("Set-Cookie", "a=1")
response.headers.add("Set-Cookie", "b=2")
response.headers["Connection"] = "close"
response.headers["X-Seen"] = repr(sorted(r.headers.items()))
return response
"""),
    "stream.py": endpoint("return Response(part for part in ['a', b'b', bytearray(b'\\xff')])"),
    "early.py": endpoint("return Response(str(1 / part) for part in [0, 1])"),
    "raise.py": endpoint("raise KeyError('x')"),
    "empty.py": endpoint("return Response('x', status=204)"),
    "large.py": endpoint("return Response('x' * 5000)"),
    "file.py": endpoint("""
from werkzeug.utils import send_from_directory
return send_from_directory(__import__("os").getcwd(), "empty.py", r.environ)
"""),
}
ROUTES = [
    *((f"/{source[:-3]}", "GET", source) for source in SOURCES if source != "text.py"),
    ("/text/<path:p>", "GET", "text.py"),
    ("/text/<path:p>", "POST", "text.py"),
    ("/slash/", "GET", "text.py"),
]
LITERALS: dict[str, Any] = {"ROUTES": ROUTES, "MAX_BODY": 100, "GZIP": True}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gunicorn that serves the bundle."""
    from tests.support.builders import make_bundle

    folder = make_bundle(tmp_path_factory.mktemp("gunicorn"), SOURCES, LITERALS).folder
    command = [sys.executable, "-m", "gunicorn", "endpoint_runtime.lambda_handler:application"]
    process = subprocess.Popen(
        [*command, "--bind", "127.0.0.1:0", "--workers", "1", "--no-control-socket"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    try:
        for line in process.stderr:
            found = re.search(r"Listening at: http://(\S+:\d+)", line)
            if found:
                break
        else:
            pytest.fail("gunicorn did not start")
        rest_of_log = threading.Thread(target=process.stderr.read, daemon=True)
        rest_of_log.start()
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        rest_of_log.join(30)
        process.stderr.close()


REQUESTS: dict[str, tuple[str, str, dict[str, str], bytes]] = {
    "get": ("GET", "/text/a%2Fb%25%20c?x=1%2B&y", {}, b""),
    "utf-8": ("GET", "/text/caf%C3%A9", {"X-A": "b"}, b""),
    "post": ("POST", "/text/a", {"Content-Type": "application/json"}, b"{}\xff\x00"),
    "too large": ("POST", "/text/a", {}, b"x" * 101),
    "forged": ("GET", "/text/a", {"X-Forwarded-For": "1", "Dify-Hook-Id": "x", "X_B": "1"}, b""),
    "head": ("HEAD", "/text/a", {}, b""),
    "not found": ("GET", "/none", {}, b""),
    "method": ("PUT", "/text/a", {}, b""),
    "redirect": ("GET", "/slash?a=b", {}, b""),
    "slashes": ("GET", "//text/a", {}, b""),
    "stream": ("GET", "/stream", {}, b""),
    "fails early": ("GET", "/early", {}, b""),
    "raises": ("GET", "/raise", {}, b""),
    "empty": ("GET", "/empty", {}, b""),
    "file": ("GET", "/file", {}, b""),
    "range": ("GET", "/file", {"Range": "bytes=0-3"}, b""),
    "gzip": ("GET", "/large", {"Accept-Encoding": "gzip"}, b""),
}
# What a server adds itself.
OF_SERVERS = {"date", "server", "connection", "transfer-encoding"}


def asked(
    address: str, method: str, target: str, headers: dict[str, str], body: Any
) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = http.client.HTTPConnection(address, timeout=30)
    chunked = "Transfer-Encoding" in headers
    connection.request(method, target, body or None, headers, encode_chunked=chunked)
    with connection.getresponse() as response:
        # The bytes of a header are UTF-8, which `http.client` reads as latin-1.
        found = [(n, v.encode("latin-1").decode()) for n, v in response.getheaders()]
        sent = [(n, v) for n, v in found if n.lower() not in OF_SERVERS]
        return response.status, sent, response.read()


@pytest.mark.parametrize("name", REQUESTS)
def test_same_responses_as_through_events(
    server: str, make_application: Callable[..., Application], name: str
) -> None:
    method, target, headers, body = REQUESTS[name]
    application = make_application(SOURCES, **LITERALS)
    path, _, query = target.partition("?")
    sent = {"accept-encoding": "identity", **{n.lower(): v for n, v in headers.items()}}
    if body:
        sent["content-length"] = str(len(body))
    elif method == "PUT":
        sent["content-length"] = "0"
    event = url(
        method=method,
        path=path,
        query=query,
        headers=sent | {"x-forwarded-proto": "http", "host": server},
        body=base64.b64encode(body).decode() if body else None,
        is_base64=bool(body),
    )

    answer = asked(server, method, target, headers, body)

    reply = answer_event(application, event, None)
    data = reply["body"]
    expected = [*reply["headers"].items()]
    expected += [("Set-Cookie", cookie) for cookie in reply.get("cookies", ())]
    # The gateway's own header, which gunicorn does not send.
    proto = ", ('X-Forwarded-Proto', 'http')"
    expected = [(header, value.replace(proto, "")) for header, value in expected]
    # A file's time is that of its copy.
    varying = {"Date", "Last-Modified", "ETag"} if name in ("file", "range") else set()
    if name == "empty":
        varying = {"Content-Type"}  # WSGI's own check refuses that of a 204
    assert (answer[0], without(answer[1], varying), answer[2]) == (
        reply["statusCode"],
        without(expected, varying),
        base64.b64decode(data) if reply["isBase64Encoded"] else data.encode(),
    )


def without(headers: list[tuple[str, str]], names: set[str]) -> list[tuple[str, str]]:
    return sorted(header for header in headers if header[0] not in names)


@pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413)])
def test_a_body_of_unknown_length(server: str, size: int, status: int) -> None:
    parts = (b"x" * min(10, size - start) for start in range(0, size, 10))

    answer = asked(server, "POST", "/text/a", {"Transfer-Encoding": "chunked"}, parts)

    assert answer[0] == status
    assert status == 413 or f"{b'x' * size!r}" in answer[2].decode()
