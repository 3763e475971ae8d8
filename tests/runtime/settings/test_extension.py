"""Settings through AWS's Parameters and Secrets extension, as its pages describe it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from endpoint_runtime import aws
from endpoint_runtime.settings.source_kinds import SourceError
from endpoint_runtime.settings.sources import read_sources
from tests.support.aws.faulty_aws import FaultyAws, faulty_aws
from tests.support.aws.moto_server import MotoServer

TOKEN = "the function's session token"


@pytest.fixture(scope="module")
def filled(moto_plain: MotoServer) -> MotoServer:
    boto = moto_plain.boto("ssm")
    boto.put_parameter(Name="/a/b", Value="direct", Type="SecureString")
    moto_plain.boto("secretsmanager").create_secret(Name="a/b", SecretString='{"k": "direct"}')
    return moto_plain


@pytest.fixture
def faulty(
    no_aws: None, filled: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultyAws]:
    with faulty_aws(filled) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
        yield server
        aws.forget()


@contextlib.contextmanager
def extension(*refused: str) -> Iterator[tuple[str, list[tuple[str, dict[str, list[str]]]]]]:
    """Run what answers as the extension does; it is `not ready` for the paths `refused`."""
    asked: list[tuple[str, dict[str, list[str]]]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            asked.append((url.path, query))
            status, body = 200, b""
            if self.headers["X-Aws-Parameters-Secrets-Token"] != TOKEN:
                status, body = 401, b"unauthorized"
            elif url.path in refused:
                status, body = 400, b"not ready to serve traffic, please wait"
            elif url.path == "/secretsmanager/get":
                answer: dict[str, Any] = {
                    "Name": query["secretId"][0],
                    "SecretString": '{"k": "x"}',
                }
                body = json.dumps(answer).encode()
            else:
                answer = {"Parameter": {"Value": f"through {query['name'][0]}"}}
                body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield str(server.server_port), asked
    finally:
        aws.forget()
        server.shutdown()
        thread.join()
        server.server_close()


SOURCES: dict[str, tuple[Any, ...]] = {
    "plain": ("ssm", "/a/b"),
    "version": ("ssm", "/a/b:3"),
    "label": ("ssm", "arn:aws:ssm:eu-west-1:123456789012:parameter/x:live"),
    "secret": ("secret", "a/b", "k"),
}


def test_all_is_read_through_it(faulty: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> None:
    with extension() as (port, asked):
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port)

        assert read_sources(SOURCES) == {
            "plain": "through /a/b",
            "version": "through /a/b",
            "label": "through arn:aws:ssm:eu-west-1:123456789012:parameter/x",
            "secret": "x",
        }
    parameters = "/systemsmanager/parameters/get"
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/x"
    assert asked == [
        (parameters, {"name": ["/a/b"], "withDecryption": ["true"]}),
        (parameters, {"name": ["/a/b"], "withDecryption": ["true"], "version": ["3"]}),
        (parameters, {"name": [arn], "withDecryption": ["true"], "label": ["live"]}),
        ("/secretsmanager/get", {"secretId": ["a/b"]}),
    ]
    assert faulty.calls == []


def test_aws_is_asked_for_what_it_refuses(
    faulty: FaultyAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with extension("/secretsmanager/get") as (port, _):
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port)

        wanted = {name: SOURCES[name] for name in ("plain", "secret")}
        assert read_sources(wanted) == {"plain": "through /a/b", "secret": "direct"}
    assert faulty.calls == ["GetSecretValue"]


def test_aws_is_asked_where_nothing_answers(
    faulty: FaultyAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with extension() as (port, _):
        pass
    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port)
    wanted = {name: SOURCES[name] for name in ("plain", "secret")}

    assert read_sources(wanted) == {"plain": "direct", "secret": "direct"}
    assert faulty.calls == ["GetParameters", "GetSecretValue"]

    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "no port")
    assert read_sources(wanted) == {"plain": "direct", "secret": "direct"}


def test_what_aws_says_is_what_is_said(faulty: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty.fault = "deny"
    with extension("/systemsmanager/parameters/get") as (port, _):
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port)

        with pytest.raises(SourceError, match=r"^plain \(SSM parameter /a/b\) can't be read: "):
            read_sources({"plain": SOURCES["plain"]})
