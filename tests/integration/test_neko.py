"""The example plugin behind AWS's emulator: every payload, and the same answers from `invoke`."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from packager.host.interpreter import Interpreter
from packager.local.http_reply import HttpReply, read_reply
from packager.local.invoke import invoke_bundle
from packager.local.request_event import PAYLOADS, Payload, make_event
from tests.support.examples import NEKO_ENV
from tests.support.rie import Emulator

BYTES = bytes(range(256)) * 40
CORS = (
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Allow-Methods", "POST, OPTIONS"),
    ("Access-Control-Allow-Origin", "*"),
)
HTML = ("Content-Type", "text/html; charset=utf-8")
JSON = ("Content-Type", "application/json")
TEXT = ("Content-Type", "text/plain; charset=utf-8")  # what werkzeug gives every response
KEY = ("Authorization", "Bearer a long random text")


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and the reply it must get. Without `body` that is looked at by `has` alone."""

    method: str
    target: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = b""
    has: tuple[bytes, ...] = ()
    sends: tuple[tuple[str, str], ...] = ()
    data: bytes = field(default=b"", repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.target[:20]} {self.status}"


CASES = [
    Case("GET", "/duck/42", 200, (("Content-Type", "text/html"),), b"42 <br>"),
    Case("GET", "/duck/%E7%8C%AB%20x", 200, (("Content-Type", "text/html"),), "猫 x <br>".encode()),
    Case(
        "HEAD",
        "/duck/42",
        200,
        (("Content-Length", "0"), ("Content-Type", "text/html"), ("X-Duck", "42")),
    ),
    Case(
        "GET",
        "/neko",
        200,
        (HTML,),
        None,
        (b"<title>Nyan</title>", b"&lt;happy&gt;"),
        sends=(("Cookie", "other=1; mood=<happy>"),),
    ),
    Case(
        "POST",
        "/echo",
        200,
        (*CORS, JSON),
        '{"echo": {"meow": "にゃ"}}'.encode(),
        sends=(JSON, KEY),
        data='{"meow": "にゃ"}'.encode(),
    ),
    Case(
        "POST",
        "/echo",
        400,
        (*CORS, JSON),
        b'{"error": "the body must be JSON"}',
        sends=(("Content-Type", "application/octet-stream"), KEY),
        data=BYTES,
    ),
    Case(
        "POST",
        "/echo",
        401,
        (*CORS, JSON),
        b'{"error": "wrong or missing API key"}',
        sends=(JSON,),
        data=b"{}",
    ),
    Case("OPTIONS", "/echo", 204, (*CORS, TEXT)),
    Case(
        "PUT",
        "/mood/happy",
        204,
        (
            TEXT,
            ("Set-Cookie", "last=put; Path=/; SameSite=Lax"),
            ("Set-Cookie", "mood=happy; HttpOnly; Path=/; SameSite=Lax"),
        ),
    ),
    Case(
        "DELETE",
        "/mood/happy",
        204,
        (
            TEXT,
            ("Set-Cookie", "last=delete; Path=/; SameSite=Lax"),
            (
                "Set-Cookie",
                "mood=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/; "
                "SameSite=Lax",
            ),
        ),
    ),
    Case(
        "GET",
        "/qr?text=nyan&format=png",
        200,
        (("Content-Type", "image/png"),),
        None,
        (b"\x89PNG\r\n\x1a\n", b"IEND"),
    ),
    Case("GET", "/nowhere", 404, (HTML,), None, (b"<title>404 Not Found</title>",)),
    Case("POST", "/neko", 405, (("Allow", "*"), HTML), None, (b"<title>405 ",)),
    Case("GET", "/duck//42?x=1", 308, (HTML, ("Location", "*/duck/42?x=1")), None, (b"Redirect",)),
    Case("GET", "/qr?text=" + "x" * 5000, 500, (HTML,), None, (b"Internal Server Error",)),
]


def normal(reply: HttpReply) -> HttpReply:
    """Leave out what payloads may say differently: the order of headers, and Content-Length."""
    headers = sorted(
        header
        for header in reply.headers
        if header[0] != "Content-Length" or header[1] != str(len(reply.body)) or not reply.body
    )
    return HttpReply(reply.status, tuple(headers), reply.body)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_every_kind_of_request(
    neko_emulator: Emulator, neko: Path, case: Case, payload: Payload
) -> None:
    event = make_event(case.method, case.target, case.sends, case.data, payload)
    answer = neko_emulator.invoke(event)
    reply = read_reply(answer)
    assert reply is not None
    seen = normal(reply)
    expected = []
    for name, value in case.headers:
        if value.startswith("*"):  # the URL differs by payload, the order of methods by chance
            found = dict(seen.headers)[name]
            assert found.endswith(value[1:])
            value = found
        expected.append((name, value))
    body = seen.body if case.body is None else case.body
    assert seen == HttpReply(case.status, tuple(sorted(expected)), body)
    assert all(part in seen.body for part in case.has)
    assert invoke_bundle(neko, event, env=NEKO_ENV).reply == answer


def test_methods_and_redirects_are_exact(neko_emulator: Emulator) -> None:
    refused = read_reply(neko_emulator.invoke(make_event("POST", "/neko")))
    assert refused is not None
    allowed = dict(refused.headers)["Allow"]
    assert sorted(re.split(r", *", allowed)) == ["GET", "HEAD"]
    for payload, host in zip(
        PAYLOADS,
        (
            "api.example.com",
            "api.example.com",
            make_event("GET", "/", payload="url")["headers"]["host"],
        ),
        strict=True,
    ):
        moved = read_reply(
            neko_emulator.invoke(make_event("GET", "/duck//42?x=1", payload=payload))
        )
        assert moved is not None
        assert dict(moved.headers)["Location"] == f"https://{host}/duck/42?x=1"


def test_a_failure_is_opaque_and_its_traceback_is_in_the_log(neko_emulator: Emulator) -> None:
    event = make_event("GET", "/qr?text=" + "y" * 5000)
    reply = read_reply(neko_emulator.invoke(event))
    assert reply is not None
    assert (reply.status, b"DataOverflowError" in reply.body) == (500, False)
    assert "Traceback (most recent call last):" in neko_emulator.log
    assert "segno.encoder.DataOverflowError" in neko_emulator.log
    assert NEKO_ENV["NEKO_API_KEY"] not in neko_emulator.log


def test_what_is_no_http_event_is_an_error(neko_emulator: Emulator) -> None:
    error = neko_emulator.invoke({"Records": [{"eventSource": "aws:sqs"}]})
    assert sorted(error) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert "Records of aws:sqs" in error["errorMessage"]


# Docstrings as plugins may see them: of the SDK, of a package that is archived with it, and
# where that hands on its own.
DOCS = """
import sys
sys.path[:] = [sys.argv[1], *sys.path]
import endpoint_runtime, inspect, dify_plugin
from dify_plugin.interfaces.tool import Tool
from werkzeug.local import LocalProxy, __loader__
from werkzeug.routing.rules import Rule, RulePart

print(type(__loader__).__module__)
for each in (dify_plugin.Endpoint, Tool, LocalProxy, RulePart):
    print(inspect.getdoc(each).split()[:2])
print(inspect.getdoc(Rule))
"""


def test_docstrings_in_the_archive(neko: Path, interpreter: Interpreter) -> None:
    done = subprocess.run(
        [interpreter.path, "-S", "-c", DOCS, neko], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == [
        "endpoint_runtime.code_archive",
        *("['An', 'HTTP']", "['A', 'tool.']", "['A', 'proxy']", "['A', 'part']"),
        "None",
    ]
