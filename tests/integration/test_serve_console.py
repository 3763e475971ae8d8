"""The console of `packager serve`: what a form makes answers at once, and shows as it comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.cats import FILES
from tests.support.console_server import ConsoleServer
from tests.support.plugin_writer import write_plugin
from tests.support.served import Served, served

CATS = "/functions/CatsFunction"
SECRET = "key-91c2d4"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    state = tmp_path_factory.mktemp("state")
    plugin = write_plugin(tmp_path_factory.mktemp("cats"), FILES)
    with served(plugin, "--no-reload", XDG_STATE_HOME=str(state)) as running:
        yield running


@pytest.fixture(scope="module")
def console(server: Served) -> ConsoleServer:
    line = server.wait_for_line("Console: ")
    found = re.fullmatch(r"Console: http://localhost:(\d+)/_console/", line)
    assert found, line
    return ConsoleServer(int(found[1]))


def finished(server: Served, console: ConsoleServer, path: str) -> str:
    """The page of a request, once its answer is complete."""
    pages: list[str] = []

    def is_done() -> bool:
        pages.append(console.get(path).text)
        return "data-progress" not in pages[-1]

    server.wait_for(is_done)
    return pages[-1]


def test_a_cold_start_is_measured(server: Served, console: ConsoleServer) -> None:
    """Of an endpoint that answers: where there is none, that is said."""
    nothing = console.post(f"{CATS}/profile")
    assert "cats has no endpoint that is enabled" in nothing.text
    form = {"name": "Cold", "enabled": "on", "source:api_key": "", "value:api_key": SECRET}
    made = console.post(f"{CATS}/endpoints/new", **form)
    path = made.headers["location"].removeprefix("/_console").partition("?")[0]
    measured = console.post(f"{CATS}/profile")
    assert measured.status == 303, measured.text
    page = console.get(f"{CATS}/profile/page").text
    assert f"GET /e/{path.rpartition('/')[2]}/" in page
    assert "CatsFunction" in page
    console.post(f"{path}/delete", page=f"{path}/delete")


def test_an_endpoint_from_its_form_to_its_end(server: Served, console: ConsoleServer) -> None:
    form = {"name": "Pepper", "enabled": "on", "source:api_key": "", "value:api_key": SECRET}
    made = console.post(f"{CATS}/endpoints/new", **form)
    path = made.headers["location"].removeprefix("/_console").partition("?")[0]
    page = console.get(path).text
    address = re.search(r'data-copy="(http://[^"]*/e/[a-z2-7]{24}/)"', page)
    assert address, page
    target = urlsplit(address[1]).path
    assert urlsplit(address[1]).port == server.port

    answer = server.send("GET", target, {"X-Key": SECRET})
    assert (answer.status, b"Nyan" in answer.body) == (200, True)
    record = re.search(r'href="/_console(/requests/[^"/]+)"', console.get("/requests").text)
    assert record
    shown = finished(server, console, record[1])
    for each in ("Pepper", "cold start", ">200<", "Nyan", target):
        assert each in shown

    again = console.post(f"{record[1]}/again", page=record[1])
    second = again.headers["location"].removeprefix("/_console")
    assert second != record[1]
    assert ">200<" in finished(server, console, second)

    console.post(f"{path}/disable", page=path)
    assert server.send("GET", target).status == 404
    assert [each.status for each in console.replies if SECRET in each.text] == []


def test_a_functions_page_has_no_way_in(server: Served, console: ConsoleServer) -> None:
    """A page that the plugin serves is of the same host, and of another origin."""
    for headers in (
        {"Origin": f"http://localhost:{server.port}"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Host": f"rebound.example:{console.port}"},
    ):
        reply = console.ask("GET", f"/_console{CATS}/endpoints", headers=headers)
        assert (reply.status in (403, 421), "Pepper" in reply.text) == (True, False)
        asked = {"Content-Type": "application/json", **headers}
        reply = console.ask("POST", "/_console/invocations", '{"event": {}}', asked)
        assert reply.status in (403, 421)
    # What a page may send without being allowed first is not taken.
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        reply = console.ask(
            "POST", "/_console/invocations", '{"event": {}}', {"Content-Type": kind}
        )
        assert reply.status == 422
