"""`packager serve`: functions that wait for requests, and answer as they do on Lambda."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packager.contract import STORAGE_VARIABLE
from packager.host.interpreter import Interpreter
from packager.local.http_reply import read_reply
from packager.local.invoke import invoke_bundle
from packager.local.request_event import make_event
from tests.support.console_server import ConsoleServer
from tests.support.examples import NEKO
from tests.support.served import Served, are_gone, processes_of, served

JSON = {"Content-Type": "application/json"}
REQUESTS: tuple[tuple[str, str, dict[str, str], bytes | None], ...] = (
    ("GET", "/duck/42", {}, None),
    ("HEAD", "/duck/42", {}, None),
    ("GET", "/neko", {"Cookie": "mood=purring"}, None),
    ("POST", "/echo?a=1&a=2&b=%2F", JSON, '{"say": "にゃん"}'.encode()),
    ("POST", "/echo", JSON, b"{"),
    ("OPTIONS", "/echo", {}, None),
    ("PUT", "/mood/purring", {}, b""),
    ("DELETE", "/duck/42", {}, None),
    ("GET", "/qr?text=x", {}, None),
    ("GET", "/d%C3%BCck//x", {}, None),
)


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory, entry: str) -> Path:
    folder = Path(shutil.copytree(NEKO, tmp_path_factory.mktemp("serve") / "neko"))
    if entry != "fast":
        configuration = folder / "packager.toml"
        configuration.write_text(f'entry = "{entry}"\n' + configuration.read_text())
    return folder


@pytest.fixture(scope="module")
def server(plugin: Path, interpreter: Interpreter) -> Iterator[Served]:
    with served(plugin, "--runtime", interpreter.python) as server:
        yield server


def reply_of(bundle: Path, event: Any, storage: Path) -> Any:
    return read_reply(invoke_bundle(bundle, event, env={STORAGE_VARIABLE: str(storage)}).reply)


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_answers_are_those_of_invoke(
    server: Served, neko: Path, tmp_path: Path, number: int
) -> None:
    method, target, headers, body = REQUESTS[number]
    event = make_event(method, target, tuple(headers.items()), body or b"")
    wanted = reply_of(neko, event, tmp_path / "storage.sqlite")
    got = server.send(method, target, headers, body)
    assert (got.status, got.body) == (wanted.status, wanted.body)
    expected = [(name.lower(), value) for name, value in wanted.headers]
    length = [("content-length", str(len(wanted.body)))]
    same = [each for each in got.headers if each[0] != "content-length"]
    assert same == [each for each in expected if each[0] != "content-length"]
    if method != "HEAD" and got.status != 204:
        assert [each for each in got.headers if each[0] == "content-length"] == length


def test_cold_then_warm(server: Served) -> None:
    before = len(server.lines)
    server.send("GET", "/duck/7")
    server.wait_for_line("GET /duck/7  200", before)  # once it waits for the next
    server.send("GET", "/duck/8")
    warm = server.wait_for_line("GET /duck/8  200", before)
    assert "cold" not in warm
    assert " ms" in warm


def test_urls_are_this_servers(server: Served) -> None:
    assert server.addresses == {"NekoFunction": f"http://localhost:{server.port}/"}
    got = server.send("GET", "/neko/", {"Host": "localhost:1234"})
    assert got.status == 404 or dict(got.headers)["location"].startswith("http://localhost:1234/")


def test_a_saved_file_is_the_next_answer(
    server: Served, plugin: Path, entry: str, tmp_path: Path
) -> None:
    source = plugin / "endpoints" / "duck.py"
    text = source.read_text()
    assert server.send("GET", "/duck/1").body == b"1 <br>"
    said = len(server.lines)
    source.write_text(text.replace("<br>", "<hr>"))
    server.wait_for_line("NekoFunction built in", said)
    assert server.send("GET", "/duck/1").body == b"1 <hr>"
    # What is at fault is shown with its place, and the last good build stays in use.
    said = len(server.lines)
    source.write_text(text + "\ndef (:\n")
    fault = server.wait_for_line("error: ", said)
    line = len(text.splitlines()) + 2
    assert fault.startswith(f"{source}:{line}:5: error: ")
    console = ConsoleServer(int(re.findall(r":(\d+)/", server.wait_for_line("Console: "))[0]))
    server.wait_for(
        lambda: f"<code>{source}:{line}:5</code>" in console.get("/functions/NekoFunction").text
    )
    assert server.send("GET", "/duck/1").body == b"1 <hr>"
    said = len(server.lines)
    source.write_text(text)
    server.wait_for_line("NekoFunction built in", said)
    assert server.send("GET", "/duck/1").body == b"1 <br>"


def test_ctrl_c_ends_everything(plugin: Path, interpreter: Interpreter) -> None:
    with served(plugin, "--runtime", interpreter.python) as server:
        server.send("GET", "/duck/1")
        children = processes_of(server.process.pid)
        assert len(children) >= 2  # an environment, and what looks after it
        started = time.monotonic()
        assert server.stop(signal.SIGINT) == 0
        assert are_gone(children)
        assert time.monotonic() - started < 30  # 3 s on an idle machine: measured in benchmarks


def test_a_killed_server_leaves_nothing(plugin: Path, interpreter: Interpreter) -> None:
    with served(plugin, "--runtime", interpreter.python) as server:
        server.send("GET", "/duck/1")
        children = processes_of(server.process.pid)
        server.process.kill()
        server.process.wait()
        assert are_gone(children, within=30)


def test_what_is_wrong_at_the_start_is_said(tmp_path: Path, command: Any, plugin: Path) -> None:
    (tmp_path / "manifest.yaml").write_text("[]")
    done = command("serve", tmp_path, "--port", 0)
    assert done.returncode == 2
    assert b"manifest.yaml:1:1: error: " in done.stderr
    done = command("serve", plugin, "--port", 0, "--stage", "a b")
    assert done.returncode == 2


def test_json(server: Served) -> None:
    got = server.send("POST", "/echo", JSON, b'{"a": [1, null]}')
    assert json.loads(got.body) == {"echo": {"a": [1, None]}}
