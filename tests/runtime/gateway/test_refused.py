"""Requests that are refused before their route is looked for: replies and log, on every adapter."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from endpoint_runtime import process
from endpoint_runtime.app.application import Application
from endpoint_runtime.gateway.refused import shown
from tests.support import fast_bundle
from tests.support.builders import alb, http_1, http_2, rest, url
from tests.support.fast_bundle import request
from tests.support.hostile_api import RuntimeServer
from tests.support.peers import Context, Handler, native, own

MakeApplication = Callable[..., Application]
Log = pytest.CaptureFixture[str]
BASE64 = {"body": "no base64!", "isBase64Encoded": True}
LARGE = {"body": "123456"}
SOURCES: dict[str, Callable[..., dict[str, Any]]] = {
    "rest": rest,
    "http-1.0": http_1,
    "http-2.0": http_2,
    "url": url,
    "alb": alb,
}
ADAPTERS: dict[str, Callable[[Application], Handler]] = {
    "native": native,
    "mangum": own("mangum"),
    "aws-wsgi": own("aws-wsgi"),
}


def lines_of(log: Log) -> list[str]:
    """Levels and messages, without times."""
    lines = [line.split("\t") for line in log.readouterr().err.splitlines()]
    return [f"{line[0]} {re.sub(r' [0-9.]+ ms$', '', line[-1])}" for line in lines]


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("method", ["PUT", "HEAD"])
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        (BASE64, 400, "the body is not base64, though isBase64Encoded is true"),
        (LARGE, 413, "the body has 6 bytes, the limit is 5"),
    ],
)
def test_bodies(
    make_application: MakeApplication,
    capsys: Log,
    change: dict[str, Any],
    status: int,
    why: str,
    source: str,
    method: str,
    adapter: str,
) -> None:
    application = make_application(MAX_BODY=5)
    event = SOURCES[source](method=method, path="/orders/1") | change

    reply = ADAPTERS[adapter](application)(event, Context())

    assert reply["statusCode"] == status
    assert bool(reply["body"]) is (method != "HEAD")
    assert lines_of(capsys) == [f"[WARN] {why}", f"[INFO] {method} /orders/1 {status}"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"cookies": [1]}, "GET /a 400"),
        ({"rawPath": "/caf\u00e9 \r\n[ERROR]\tx"}, "GET /caf%C3%A9%20%0D%0A%5BERROR%5D%09x 400"),
        ({"rawPath": "/" + "x" * 1000}, f"GET /{'x' * 199}... 400"),
        ({"rawPath": "/\ud800"}, "GET - 400"),
        ({"rawPath": 5}, "GET - 400"),
        ({"requestContext": {"http": {"method": "GET\n/forged"}}}, "- /a 400"),
        ({"requestContext": {"http": {"method": "FORGED"}}}, "- /a 400"),
        ({"requestContext": {}}, "- /a 400"),
    ],
)  # fmt: skip
def test_what_the_log_says(
    make_application: MakeApplication, capsys: Log, change: dict[str, Any], line: str
) -> None:
    event = http_2() | {"headers": ["neither names nor values"]} | change

    reply = native(make_application())(event, Context())

    assert reply["statusCode"] == 400
    assert lines_of(capsys)[-1].startswith(f"[INFO] {line}")


def test_a_path_with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "secrets", {})
    process.add_secret("hush/h\u00fcsh")

    assert shown("/a/hush/h\u00c3\u00bcsh/b") == "/a/***/b"


def test_a_large_body_through_wsgi(make_application: MakeApplication, capsys: Log) -> None:
    client = Client(make_application(MAX_BODY=5))

    reply = client.put("/orders/1?a=b", data=b"123456")

    assert reply.status_code == 413
    assert lines_of(capsys) == ["[INFO] PUT /orders/1 413"]


def test_on_the_fast_entry(tmp_path: Path) -> None:
    """Streaming or not, with the Runtime API for a caller."""
    for stream in (False, True):
        folder = tmp_path / str(stream)
        folder.mkdir()
        source = "---\nreturn Response('unused')"
        bundle = fast_bundle.write(folder, {"a": source}, STREAM=stream)
        events = [
            request("a", "post", method="POST", body="\u00e9", is_base64=True),
            request("a", "head", method="HEAD", body="\u00e9", is_base64=True),
            request("a", "last"),
        ]
        with RuntimeServer(events) as server:
            log = fast_bundle.run(bundle, server)

        assert server.violations == []
        assert re.findall(r"\t(\w+ \S+ \d+) \d+\.\d ms", log) == [
            "POST /a 400",
            "HEAD /a 400",
            "GET /a 200",
        ]
