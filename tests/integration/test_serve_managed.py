"""`packager serve` of managed endpoints, beside a function of one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from packager.host.interpreter import Interpreter
from tests.support.busy_plugin import FILES
from tests.support.examples import NEKO
from tests.support.plugin_writer import write_plugin
from tests.support.served import Served, served

Endpoints = Callable[..., Any]


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("managed")
    neko = Path(shutil.copytree(NEKO, folder / "neko"))
    (neko / "packager.toml").write_text('endpoints = "managed"\n')
    return neko, write_plugin(folder / "busy", FILES)


@pytest.fixture(scope="module")
def server(plugins: tuple[Path, Path], interpreter: Interpreter) -> Iterator[Served]:
    with served(*plugins, "--runtime", interpreter.python, BUSY_TOKEN="x" * 20) as server:
        yield server


@pytest.fixture
def endpoints(plugins: tuple[Path, Path], command: Any) -> Endpoints:
    def run(*arguments: str, settings: dict[str, Any] | None = None) -> Any:
        stdin = json.dumps(settings).encode() if settings is not None else b""
        more = ("--file", "-") if settings is not None else ()
        done = command("endpoints", arguments[0], plugins[0], *arguments[1:], *more, stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout) if "json" in arguments else None

    return run


def test_endpoints_are_served(server: Served, endpoints: Endpoints) -> None:
    assert server.addresses == {
        "NekoFunction": f"http://localhost:{server.port}/",
        "BusyFunction": f"http://localhost:{server.port}/BusyFunction/",
    }
    form = ("--format", "json")
    made = endpoints("create", "--name", "one", *form, settings={"greeting": "Miau"})
    other = endpoints("create", "--name", "two", *form, settings={"greeting": "Wau"})
    one, two = (f"/e/{each['hook_id']}" for each in (made, other))
    assert b"Miau" in server.send("GET", f"{one}/neko").body
    assert b"Wau" in server.send("GET", f"{two}/neko").body
    said = len(server.lines)
    endpoints("disable", "--name", "one")
    assert server.send("GET", f"{one}/neko").status == 404
    endpoints("enable", "--name", "one")
    assert server.send("GET", f"{one}/neko").status == 200
    assert server.send("GET", "/e/aaaaaaaaaaaaaaaaaaaaaaaa/neko").status == 404
    assert server.send("GET", "/neko").status == 404
    assert server.wait_for_line("one", said)


def test_the_other_function_is_below_its_name(server: Served) -> None:
    got = server.send("GET", "/BusyFunction/cookies", {"Cookie": "a=1"})
    assert (got.status, json.loads(got.body)) == (200, {"a": "1"})
    assert ("set-cookie", "mine=1; Path=/") in got.headers
    nothing = server.send("GET", "/")
    assert nothing.status == 404
    assert b"BusyFunction" in nothing.body
