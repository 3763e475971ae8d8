"""`packager console` shows and changes a deployed stack's endpoints, in the stack's own store."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.endpoints.function import ManagedFunction
from packager.endpoints.stack import stack_functions
from packager.settings.aws import Aws
from tests.support.aws.endpoint_stack import BASE, deploy
from tests.support.aws.moto_server import MotoServer
from tests.support.cats import FILES
from tests.support.console_server import ConsoleServer
from tests.support.fake_workbench import plans_of
from tests.support.plugin_writer import write_plugin

CATS = "/functions/CatsFunction/endpoints"
SECRET = "key-4f8a1c"
LINE = re.compile(r"endpoints of the stack prod in eu-central-1: http://localhost:(\d+)/_console/ ")


@pytest.fixture(scope="module")
def moto(moto_plain: MotoServer) -> Iterator[MotoServer]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto_plain.environment.items():
            patch.setenv(name, value)
        yield moto_plain


@pytest.fixture(scope="module")
def function(moto: MotoServer, tmp_path_factory: pytest.TempPathFactory) -> ManagedFunction:
    """The deployed function, as whoever has credentials finds it."""
    deploy(moto, plans_of(write_plugin(tmp_path_factory.mktemp("cats"), FILES)))
    return stack_functions("prod", Aws())[0]


@pytest.fixture(scope="module")
def command(function: ManagedFunction) -> Iterator[subprocess.Popen[str]]:
    """The command, as a process: Ctrl-C ends it."""
    with subprocess.Popen(
        [sys.executable, "-m", "packager", "console", "--stack", "prod", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture(scope="module")
def console(command: subprocess.Popen[str]) -> ConsoleServer:
    assert command.stderr is not None
    line = command.stderr.readline()
    found = LINE.match(line)
    assert found, line + command.stderr.read()
    return ConsoleServer(int(found[1]))


def test_endpoints_of_a_stack(console: ConsoleServer, function: ManagedFunction) -> None:
    start = console.get("/").text
    for each in ("prod", "eu-central-1", "Cats", "0 endpoints", "DynamoDB"):
        assert each in start
    form = {"name": "Pepper", "enabled": "on", "source:api_key": "", "value:api_key": SECRET}
    greeting = {"source:greeting": "", "value:greeting": "Miau"}
    made = console.post(f"{CATS}/new", **form, **greeting)
    endpoint = function.store.named("Pepper")
    assert endpoint is not None
    assert made.headers["location"] == f"/_console{CATS}/{endpoint.hook_id}?done=created"
    assert endpoint.settings == {"greeting": "Miau"}
    assert function.values(endpoint).plain == {"greeting": "Miau", "api_key": SECRET}

    page = console.get(f"{CATS}/{endpoint.hook_id}").text
    assert f"{BASE}/e/{endpoint.hook_id}/cats/&lt;int:number&gt;" in page
    assert f"within {function.ttl} s" in page
    assert "Try it" not in page
    console.post(f"{CATS}/{endpoint.hook_id}/disable", page=f"{CATS}/{endpoint.hook_id}")
    rotated = console.post(f"{CATS}/{endpoint.hook_id}/rotate")
    after = function.store.named("Pepper")
    assert after is not None
    assert after.hook_id in rotated.headers["location"]
    assert (after.enabled, function.values(after).plain["api_key"]) == (False, SECRET)
    console.post(f"{CATS}/{after.hook_id}/delete")
    assert function.store.all() == []
    for reply in console.replies:
        assert SECRET not in reply.text


def test_places_of_values_are_looked_at(
    console: ConsoleServer, moto: MotoServer, function: ManagedFunction
) -> None:
    moto.boto("ssm").put_parameter(Name="/cats/loud", Value="louder", Type="String")
    places = {
        "source:api_key": "ssm",
        "place:api_key": "/cats/missing",
        "source:loud": "ssm",
        "place:loud": "/cats/loud",
    }
    reply = console.post(f"{CATS}/new", name="Elsewhere", **places)
    assert reply.status == 422
    assert "There is no SSM parameter /cats/missing." in reply.text
    assert "louder" not in reply.text
    assert function.store.all() == []


def test_what_could_not_be_checked_is_said(
    console: ConsoleServer, function: ManagedFunction
) -> None:
    places = {"source:api_key": "secret", "place:api_key": "arn:aws:secretsmanager:x"}
    assert console.post(f"{CATS}/new", name="Odd", **places).status == 422
    page = console.get("/?done=saved&note=unchecked-value,other,<b>").text
    assert "could not be read from here" in page
    assert "<b>" not in page
    assert function.store.all() == []


def test_what_only_runs_here_is_not_there(console: ConsoleServer) -> None:
    for path in ("/requests", "/functions/CatsFunction", "/functions/CatsFunction/try", "/changes"):
        assert console.get(path).status == 404
    assert console.get("/functions/Nobody/endpoints").status == 404


def test_a_stack_that_is_not_there(moto: MotoServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "packager", "console", "--stack", "none", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no stack none in eu-central-1" in done.stderr


def test_its_end(command: subprocess.Popen[str], console: ConsoleServer) -> None:
    command.send_signal(signal.SIGINT)
    assert command.wait(10) == 130
    assert command.stderr is not None
    assert command.stderr.read() == ""
