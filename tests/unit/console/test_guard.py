"""Who gets in: the console's own pages, and who knows the token; no other site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from packager.console.address import address, is_loopback
from packager.console.app import make_app
from packager.console.guard import Guard
from tests.support.console_server import ConsoleServer, serving
from tests.support.examples import Command
from tests.support.fake_workbench import FakeWorkbench


async def page(request: Request) -> Response:
    return PlainTextResponse("settings")


def guarded(**options: object) -> Guard:
    inside = Starlette(routes=[Route("/{path:path}", page, methods=["GET", "POST"])])
    return Guard(inside, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def server() -> Iterator[ConsoleServer]:
    with serving(guarded(allowed_hosts=["dev.example.com"])) as found:
        yield found


@pytest.fixture(scope="module")
def private() -> Iterator[ConsoleServer]:
    with serving(guarded(token="s3cr3t")) as found:
        yield found


@pytest.mark.parametrize(
    "host",
    [
        *("localhost:{port}", "localhost", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:{port}"),
        *("dev.example.com", "dev.example.com:8443", "localhost.:{port}"),
    ],
)
def test_hosts_that_are_its_own(server: ConsoleServer, host: str) -> None:
    reply = server.ask("GET", "/", headers={"Host": host.format(port=server.port)})
    assert (reply.status, reply.text) == (200, "settings")


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example:{port}", "127.0.0.1.nip.io:{port}"),
        *("10.0.0.7:{port}", "", "localhost@evil.example", "evil.example/localhost"),
        *("notdev.example.com", "[::1", "0"),
    ],
)
def test_hosts_of_others(server: ConsoleServer, host: str) -> None:
    reply = server.ask("GET", "/", headers={"Host": host.format(port=server.port)})
    assert reply.status == 421
    assert "settings" not in reply.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1:{port}"),
        *("http://localhost.evil.example:{port}", "http://localhost", "chrome-extension://abc"),
        *("file://", "x"),
    ],
)
def test_origins_of_others(server: ConsoleServer, method: str, origin: str) -> None:
    headers = {"Origin": origin.format(port=server.port)}
    reply = server.ask(method, "/", headers=headers)
    assert (reply.status, "settings" in reply.text) == (403, False)


@pytest.mark.parametrize("origin", ["http://localhost:{port}", "https://dev.example.com"])
def test_origins_of_its_own(server: ConsoleServer, origin: str) -> None:
    reply = server.ask("POST", "/", headers={"Origin": origin.format(port=server.port)})
    assert reply.status == 200


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
        (
            "GET",
            {
                "Sec-Fetch-Site": "cross-site",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document",
            },
            200,
        ),
        # A plugin's page on another port of the same host.
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}, 403),
        (
            "GET",
            {
                "Sec-Fetch-Site": "cross-site",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "iframe",
            },
            403,
        ),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ("POST", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ],
)
def test_what_a_browser_says(
    server: ConsoleServer, method: str, headers: dict[str, str], status: int
) -> None:
    assert server.ask(method, "/", headers=headers).status == status


def test_every_answer_is_confined(server: ConsoleServer) -> None:
    for reply in (
        server.ask("GET", "/"),
        server.ask("GET", "/", headers={"Host": "evil.example"}),
        server.ask("GET", "/", headers={"Origin": "null"}),
    ):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert reply.headers["cache-control"] == "no-store"
        assert not [name for name in reply.headers if name.startswith("access-control")]


def test_a_token_becomes_a_cookie_at_once(private: ConsoleServer) -> None:
    stranger = private.ask("GET", "/_console/")
    assert stranger.status == 401

    entered = private.ask("GET", "/_console/?token=s3cr3t&language=%26%22%3C")
    assert entered.status == 200
    assert "settings" not in entered.text
    assert "s3cr3t" not in entered.text
    assert 'url=/_console/?language=%26%22%3C"' in entered.text
    assert entered.headers["referrer-policy"] == "no-referrer"
    cookie, *attributes = entered.headers["set-cookie"].split("; ")
    assert cookie.startswith(f"packager_console_{private.port}=")
    assert "s3cr3t" not in cookie
    assert {each.lower() for each in attributes} == {
        "httponly",
        "samesite=strict",
        "path=/_console",
    }
    inside = private.ask("GET", "/_console/", headers={"Cookie": f"other=1; {cookie}"})
    assert (inside.status, inside.text) == (200, "settings")


@pytest.mark.parametrize(
    ("method", "path", "cookie"),
    [
        ("GET", "/_console/?token=wrong", ""),
        ("GET", "/_console/?token=", ""),
        ("GET", "/_console/?tokens3cr3t", ""),
        ("POST", "/_console/?token=s3cr3t", ""),
        ("GET", "/_console/", "packager_console_{port}=s3cr3t"),
        ("GET", "/_console/", "packager_console_{port}="),
    ],
)
def test_no_token_no_entry(private: ConsoleServer, method: str, path: str, cookie: str) -> None:
    headers = {"Cookie": cookie.format(port=private.port)} if cookie else {}
    reply = private.ask(method, path, headers=headers)
    assert (reply.status, "settings" in reply.text) == (401, False)


def test_the_way_on_stays_here(private: ConsoleServer) -> None:
    reply = private.ask("GET", "//evil.example/%22%3E%3Cscript%3E?token=s3cr3t")
    assert "//evil.example" not in reply.text
    assert "<script" not in reply.text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("127.0.0.1", 3001), "http://localhost:3001/_console/"),
        (("::1", 3001), "http://localhost:3001/_console/"),
        (("192.168.1.5", 3001, "a+b"), "http://192.168.1.5:3001/_console/?token=a%2Bb"),
        (("fd00::5", 3001, "t"), "http://[fd00::5]:3001/_console/?token=t"),
    ],
)
def test_addresses(arguments: tuple[str, int], expected: str) -> None:
    assert address(*arguments) == expected


def test_what_is_reached_from_elsewhere() -> None:
    assert [is_loopback(each) for each in ("127.0.0.5", "::1", "localhost", "0.0.0.0", "me")] == [
        *(True, True, True, False, False)
    ]


def test_the_command_line_comes_by_the_token(workbench: FakeWorkbench, command: Command) -> None:
    def send(query: str) -> tuple[int, bytes]:
        where = f"http://localhost:{console.port}/_console/{query}"
        done = command(
            *("send", "--function", "NekoFunction", "--event", "-"),
            stdin=b'{"by": "hand"}',
            PACKAGER_SERVER=where,
        )
        return done.returncode, done.stdout

    with serving(make_app(workbench, token="s3cret")) as console:
        assert send("?token=s3cret") == (0, b'{"ok": true}\n')
        assert workbench.events == [{"by": "hand"}]
        assert send("") == send("?token=guess") == (2, b"")
        assert workbench.events == [{"by": "hand"}]
