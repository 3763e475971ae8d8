"""OpenAPI documents that tools name by a URL: what is fetched, from where, within which bounds."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packager.config.calls.operations import with_operations
from packager.errors import Diagnostics
from packager.inputs.fetched import FetchFault, fetch
from packager.inputs.openapi import document as openapi
from packager.model.calls import Operation, OperationName, Tool
from tests.support.aws.moto_server import Authority
from tests.support.aws.scripted_server import Reply, Server, scripted_server
from tests.support.configurations import read

DOCUMENT = {"openapi": "3.1.0", "paths": {"/cities": {"get": {"operationId": "list"}}}}


def answer(document: Any = DOCUMENT, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, json.dumps(document).encode()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with scripted_server() as running:
        yield running


def tools_of(
    tmp_path: Path, text: str, *, here: bool = False
) -> tuple[dict[str, Tool], list[tuple[str, str]]]:
    """The tools of a function that is built with a configuration, and what is said of them."""
    options, said = read(tmp_path, text)
    assert said == []
    diagnostics = Diagnostics()
    made = with_operations(options["one"], diagnostics, here=here)
    return dict(made.tools), [
        (each.level, f"{each.place}: {each.key}: {each.message} ({each.hint})")
        for each in diagnostics.all
    ]


def test_a_document_is_fetched_once_for_all_tools(tmp_path: Path, server: Server) -> None:
    base = f"http://127.0.0.1:{server.port}"
    server.replies = [
        answer(status=302, Location="/v2/api.json"),
        answer(DOCUMENT | {"servers": [{"url": "../v1/"}]}),
    ]
    url = f"{base}/api.json?of=1"
    tools = f'''
        tools."a/list" = {{openapi = "{url}", token = {{ssm = "/key"}}}}
        tools."b/all" = {{openapi = "{url}", operation = "list"}}
    '''

    found, said = tools_of(tmp_path, tools)

    assert said == []
    expected = Tool("openapi", url, operation=Operation(f"{base}/v1", "GET", "/cities"))
    assert found == {"a/list": expected, "b/all": expected}
    assert [each.path for each in server.asked] == ["/api.json?of=1", "/v2/api.json"]
    assert not {"authorization", "cookie"} & {
        name for each in server.asked for name in each.headers
    }


def test_a_document_that_names_no_server_is_of_its_own(tmp_path: Path, server: Server) -> None:
    server.replies = [answer()]
    url = f"http://127.0.0.1:{server.port}"

    found, said = tools_of(tmp_path, f'tools."a/list" = {{openapi = "{url}/docs/api.json"}}')

    assert said == []
    assert found["a/list"].operation == Operation(url, "GET", "/cities")


def test_what_reads_a_configuration_fetches_nothing(tmp_path: Path, server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}/api.json"

    options, said = read(tmp_path, f'tools."a/list" = {{openapi = "{url}"}}')

    assert said == []
    assert options["one"].tools["a/list"].operation == OperationName("list")
    assert server.asked == []


def test_a_run_on_this_machine_goes_on_without_a_document(tmp_path: Path, server: Server) -> None:
    server.replies = [answer(status=404)]
    tools = f'tools."a/list" = {{openapi = "http://127.0.0.1:{server.port}/api.json"}}'

    found, [(level, _)] = tools_of(tmp_path, tools, here=True)

    assert level == "warning"
    assert found["a/list"].operation == OperationName("list")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://u:secret@x/", "expected a URL without a user and a password"),
        ("https://", "is not a URL such as https://api.example.com/openapi.json"),
        ("http://x:y/", "is not a URL"),
    ],
)
def test_a_url_that_nothing_can_be_fetched_from(tmp_path: Path, url: str, said: str) -> None:
    options, [found] = read(tmp_path, f'tools."a/b" = {{openapi = "{url}"}}')

    assert found == f"p/packager.toml:1:16: tools.a/b.openapi: {said}"
    assert options["one"].tools == {}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(status=404), "can't be fetched: the server answered 404 (a copy in the plugin's"),
        (answer([]), "is not an OpenAPI document: it has no paths"),
        (
            answer(Content_Length="999"),
            "can't be fetched: the answer broke off (a copy",
        ),
        (answer(DOCUMENT | {"x": "x" * 500}), "has more than 400 bytes (a copy"),
        (answer(status=302, Location="file:///etc/passwd"), "can't be fetched: "),
        (answer(status=302, Location="ftp://x/y"), "is not a URL such as https"),
        (answer(status=302, Location="http://u:secret@x/"), "expected a URL without a user and"),
        (answer(status=302, Location="/again"), "can't be fetched: "),
        ("cut", "can't be fetched: Remote end closed connection without response"),
        ("hang", "can't be fetched: "),
    ],
)
def test_faults(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, reply: Reply, said: str
) -> None:
    monkeypatch.setattr(openapi, "_MAX_SIZE", 400)
    monkeypatch.setattr(openapi, "fetch", lambda url, most: fetch(url, most, 2.0))
    server.replies = [reply]
    if reply == "hang":
        monkeypatch.setattr(openapi, "fetch", lambda url, most: fetch(url, most, 0.2))

    _, [(level, found)] = tools_of(
        tmp_path, f'tools."a/b" = {{openapi = "http://127.0.0.1:{server.port}/api.json"}}'
    )

    assert level == "error"
    assert found.startswith(f"p/packager.toml:1:16: tools.a/b.openapi: {said}")
    assert "secret" not in found
    assert len(server.asked) <= 6


def test_a_server_that_dribbles_is_given_up() -> None:
    stop = threading.Event()

    def dribble(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            while not stop.wait(0.02):  # each byte in time for the socket's own timeout
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=dribble, args=(listener,))
        thread.start()
        try:
            with pytest.raises(FetchFault, match="it was not there within"):
                fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/", 100, 0.2)
        finally:
            stop.set()
            thread.join()


def test_tls_is_verified(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(authority) as server:
        url = f"https://127.0.0.1:{server.port}"
        server.replies = [answer(status=302, Location=f"http://127.0.0.1:{server.port}/")]
        with pytest.raises(FetchFault, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(url, 100)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.roots))

        with pytest.raises(FetchFault, match="it leads from https to http"):
            fetch(url, 100)
        server.replies = [answer()]
        assert json.loads(fetch(url, 100).content) == DOCUMENT
