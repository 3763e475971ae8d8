"""`packager serve` under load, and with endpoints that stream, hang and leave things behind."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager.host.interpreter import Interpreter
from packager.serve.front import MAX_BODY
from tests.support.busy_plugin import FILES
from tests.support.plugin_writer import write_plugin
from tests.support.served import PATIENCE, Served, are_gone, processes_of, served

TOKEN = "not-for-any-console-1234"
LIMIT = 4


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_plugin(tmp_path_factory.mktemp("busy") / "busy", FILES)


@pytest.fixture(scope="module")
def server(plugin: Path, interpreter: Interpreter) -> Iterator[Served]:
    options = ("--runtime", interpreter.python, "--max-environments", LIMIT, "--no-reload")
    with served(plugin, *options, BUSY_TOKEN=TOKEN) as server:
        yield server


def test_a_stream_comes_piece_by_piece(server: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    server.send("GET", "/stream/1")  # warm
    connection.request("GET", "/stream/8?pause=0.1")
    response = connection.getresponse()
    assert response.getheader("Transfer-Encoding") == "chunked"
    late = []
    for number in range(8):
        line = response.readline().decode()
        assert line.split()[0] == str(number)
        late.append(time.time() - float(line.split()[1]))
    assert response.read() == b""
    connection.close()
    # 5 ms on an idle machine; here only that none waited for those that followed it.
    assert min(late) < 0.1


def test_a_broken_stream_is_cut(server: Served) -> None:
    said = len(server.lines)
    with pytest.raises(http.client.IncompleteRead) as cut:
        server.send("GET", "/stream/3?broken=1")
    assert cut.value.partial.count(b"\n") == 3
    assert server.wait_for_line("no luck", said)
    assert server.send("GET", "/stream/1").status == 200


def test_what_takes_too_long_is_ended(server: Served) -> None:
    said = len(server.lines)
    got = server.send("GET", "/sleep/long?seconds=60")
    assert (got.status, got.body) == (502, b"Internal Server Error")
    assert server.wait_for_line("  the function timed out after 3 s", said)


def test_a_process_that_ends(server: Served) -> None:
    said = len(server.lines)
    assert server.send("GET", "/exit").status == 502
    assert server.wait_for_line(
        "  the function's process ended before it answered: exit status 7", said
    )
    assert server.send("GET", "/sleep/again?seconds=0").status == 200


def test_work_after_the_answer(server: Served) -> None:
    said = len(server.lines)
    started = time.monotonic()
    assert server.send("GET", "/late").body == b"soon"
    line = server.wait_for_line("GET /late  200", said)
    assert time.monotonic() - started > 0.4
    after = re.search(r"(\d+) ms after the answer", line)
    assert after is not None
    assert int(after[1]) > 300
    assert server.lines.index("done late", said) < server.lines.index(line, said)


def test_files_are_read_only(server: Served) -> None:
    said = len(server.lines)
    assert server.send("GET", "/write").status == 500
    assert server.wait_for_line("Read-only file system", said)


def test_the_consoles_cookies_are_its_own(server: Served) -> None:
    headers = {"Cookie": "a=1; packager_console=secret; b=2; PACKAGER_x=3"}
    got = server.send("GET", "/cookies", headers)
    assert json.loads(got.body) == {"a": "1", "b": "2"}
    assert [value for name, value in got.headers if name == "set-cookie"] == ["mine=1; Path=/"]


def test_a_body_that_no_gateway_takes(server: Served) -> None:
    got = server.send("POST", "/seen", body=bytes(MAX_BODY + 1))
    assert (got.status, got.body) == (413, b'{"message": "Request Entity Too Large"}')


def test_many_at_once(server: Served) -> None:
    """Nothing is lost or mixed up, and no more environments are made than allowed."""

    def ask(number: int) -> int:
        got = server.send("GET", f"/sleep/r{number}?seconds=0.01")
        assert got.status == 200, got
        answer = json.loads(got.body)
        assert answer["name"] == f"r{number}"
        return int(answer["pid"])

    with ThreadPoolExecutor(32) as pool:
        pids = list(pool.map(ask, range(160)))
    assert 1 < len(set(pids)) <= LIMIT


def test_ctrl_c_ends_what_functions_left(plugin: Path, interpreter: Interpreter) -> None:
    options = ("--runtime", interpreter.python, "--no-reload")
    with served(plugin, *options, BUSY_TOKEN=TOKEN) as server:
        left = set(map(int, server.send("GET", "/child").body.split()))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(server.send, "GET", "/sleep/x?seconds=2.5")
            server.wait_for_line("sleeping x")
            children = processes_of(server.process.pid) | left
            assert server.stop() == 0
            assert are_gone(children)
            assert waiting.exception() or waiting.result().status == 502


def test_a_mapped_event_by_hand(plugin: Path, command: object, interpreter: Interpreter) -> None:
    assert callable(command)
    done = command(
        *("invoke", plugin, "--runtime", interpreter.python),
        *("--mapped", "sqs", "-d", '{"task": 1}', "--format", "json"),
        BUSY_TOKEN=TOKEN,
    )
    assert json.loads(done.stdout) == {"batchItemFailures": []}
    assert b'{\\"task\\": 1}' in done.stderr
    assert TOKEN.encode() not in done.stderr
    done = command(
        *("invoke", plugin, "--runtime", interpreter.python, "--mapped", "schedule"),
        *("-d", '{"by": "hand"}', "--format", "json"),
        BUSY_TOKEN=TOKEN,
    )
    assert json.loads(done.stdout) == {}
    assert b'"detail":{"by":"hand"}' in done.stderr.replace(b" ", b"")
    done = command(
        *("invoke", plugin, "--runtime", interpreter.python, "--mapped", "sns"), BUSY_TOKEN=TOKEN
    )
    assert done.returncode == 2
    assert b"sns is none of the events that the function takes" in done.stderr


def test_an_event_to_a_server_that_runs(server: Served, command: object) -> None:
    assert callable(command)
    console = server.wait_for_line("Console: ").partition(": ")[2]
    said = len(server.lines)
    done = command("send", "--server", console, "--mapped", "sqs", "-d", '{"task": 2}')
    assert (done.returncode, json.loads(done.stdout)) == (0, {"batchItemFailures": []})
    assert b'{\\"task\\": 2}' in done.stderr
    assert TOKEN.encode() not in done.stderr
    assert server.wait_for_line("sqs", said)
    # Without -d a schedule sends what its configuration says.
    done = command("send", "--mapped", "schedule:/seen", PACKAGER_SERVER=console)
    assert b'"tick":true' in done.stderr.replace(b" ", b"")
    # What is wrong is said by whoever knows it.
    for wrong, message in (
        (("--mapped", "sns"), b"sns is none of the events that the function takes"),
        (("--mapped", "sqs", "--function", "Other"), b"there is no Other"),
        (("--mapped", "sqs", "--server", "localhost"), b"--server: expected a URL"),
        (("--mapped", "sqs", "--server", "http://127.0.0.1:9/"), b"answers at http://127.0.0.1:9"),
        (("--mapped", "sqs", "--server", f"http://127.0.0.1:{server.port}/"), b"answers with 404"),
    ):
        done = command("send", *wrong, PACKAGER_SERVER=console)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr
