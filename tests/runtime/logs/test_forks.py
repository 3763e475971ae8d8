"""A process that a plugin forks is the plugin's: it never becomes a second runtime."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support import fast_bundle
from tests.support.builders import TEMPLATE
from tests.support.fast_bundle import invocation, request
from tests.support.hostile_api import RuntimeServer
from tests.support.loop_process import environment, interpreters
from tests.support.runtime.entries import body_of, serve
from tests.support.runtime.forking import HEAD, IN_INVOKE, SOURCES

TEXT = "return Response('hello')"
CHILD_RETURNS = "---" + IN_INVOKE.format(way="return Response('of the child')")
STARTS: dict[str, Any] = {
    "buffered": {"STREAM": False},
    "streamed": {"STREAM": True},
    "heartbeat": {"STREAM": True, "STREAM_HEARTBEAT": 15},
    "stock": {"STREAM": False},
}


@pytest.mark.parametrize("kind", STARTS)
def test_children_end_and_the_runtime_serves_on(tmp_path: Path, kind: str) -> None:
    sources, codes = {}, {}
    for number, (source, code) in enumerate(SOURCES.values()):
        text = HEAD + (source if "---" in source else f"---\n{source}")
        if kind == "heartbeat":
            text = text.replace(
                "Response(body())", "Response(body(), mimetype='text/event-stream')"
            )
        sources[f"fork{number}"], codes[f"fork{number}"] = text, str(code)
    folder = fast_bundle.write(tmp_path, {**sources, "text": TEXT}, **STARTS[kind])
    ids = []
    for name in sources:
        ids += [f"{name}-1", f"text-{name}", f"{name}-2"]
    steps = [request(each.partition("-")[0], each, seconds=60) for each in ids]

    with RuntimeServer(steps) as server:
        log = serve(folder, server, kind)

    assert server.violations == []
    assert [r.call for r in server.requests if r.method == "POST"] == [
        f"POST invocation/{each}/response" for each in ids
    ]
    assert server.calls().count("GET invocation/next") == len(ids) + 1
    assert {
        each: body_of(server, f"{each}-{n}").lstrip("-") for n in (1, 2) for each in codes
    } == codes
    assert {body_of(server, each) for each in ids if each.startswith("text")} == {"hello"}
    # One line for each request, and what follows the answer happens once.
    assert {each: log.count(f"/{each} 200 ") for each in sources} == dict.fromkeys(sources, 2)
    assert (log.count("on close 7"), log.count("and then")) == (4, 4)


@pytest.mark.parametrize("kind", ["buffered", "stock"])
def test_what_failed_in_a_child_is_in_the_log(tmp_path: Path, kind: str) -> None:
    source = HEAD + "---" + IN_INVOKE.format(way="raise ValueError('of the child')")
    folder = fast_bundle.write(tmp_path, {"fork": source}, STREAM=False)

    with RuntimeServer([request("fork")]) as server:
        log = serve(folder, server, kind)

    assert log.count("a process that the plugin forked failed") == 1
    assert log.count("ValueError: of the child") == 1


def test_an_event_without_a_caller_is_worked_off_once(tmp_path: Path) -> None:
    source = HEAD + "---" + IN_INVOKE.format(way="sys.exit(0)")
    folder = fast_bundle.write(
        tmp_path, {"fork": source}, EVENTS=(("schedule", "/fork", None),), STREAM=False
    )
    schedule = {"detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": {}}

    with RuntimeServer([invocation(schedule, "one")]) as server:
        log = fast_bundle.run(folder, server)

    assert [r.call for r in server.requests if r.method == "POST"] == [
        "POST invocation/one/response"
    ]
    assert log.count("POST /fork 200") == 1


@pytest.mark.parametrize("preload", [(), ("forks",)])
@pytest.mark.parametrize("kind", ["buffered", "stock"])
def test_a_module_that_forks_in_the_init_phase(
    tmp_path: Path, kind: str, preload: tuple[str, ...]
) -> None:
    folder = fast_bundle.write(
        tmp_path, {"text": f"import forks\n---\n{TEXT}"}, STREAM=False, PRELOAD=preload
    )
    (folder / "plugin" / "forks.py").write_text(
        "import os, sys\nif os.fork() == 0:\n    sys.exit(3)\nos.wait()\n"
        "if os.fork() == 0:\n    import nothing_of_this_name\nos.wait()\n"
    )

    with RuntimeServer([request("text", "1"), request("text", "2")]) as server:
        serve(folder, server, kind)

    assert [r.call for r in server.requests if r.method == "POST"] == [
        "POST invocation/1/response",
        "POST invocation/2/response",
    ]


def test_a_handler_of_ones_own_that_forks(tmp_path: Path) -> None:
    folder = fast_bundle.write(tmp_path, {"text": TEXT})
    (folder / "other.py").write_text(
        "import os, sys\n"
        "def handler(event, context):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        {'exit': lambda: sys.exit(3), 'raise': lambda: 1 / 0,\n"
        "         'return': lambda: None}[event]()\n"
        "        return 'of the child'\n"
        "    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
    )
    ways = ["exit", "raise", "return"]

    with RuntimeServer([invocation(way, way) for way in ways]) as server:
        fast_bundle.run(folder, server, _HANDLER="other.handler")

    assert [json.loads(r.body) for r in server.requests if r.method == "POST"] == [3, 1, 0]


def test_a_server_may_fork_its_workers_in_c(tmp_path: Path) -> None:
    """As uWSGI does, where Python is not told of it: a worker is nobody's child."""
    folder = fast_bundle.write(tmp_path, {"text": TEXT, "fork": HEAD + CHILD_RETURNS})
    script = """
import ctypes, os
from wsgiref.util import setup_testing_defaults
from endpoint_runtime.lambda_handler import application
worker = ctypes.PyDLL(None).fork()
if worker == 0:
    for name in ("text", "fork", "text"):
        environ = {"PATH_INFO": f"/{name}"}
        setup_testing_defaults(environ)
        print(*application(environ, lambda status, headers: None), flush=True)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment("", PYTHONPATH=str(folder)),
    )
    assert done.stdout == "b'hello'\nb'0'\nb'hello'\n7\n", done.stderr


def test_a_child_has_no_copy_of_the_connection(tmp_path: Path) -> None:
    """Else it would hold the connection open, and could read what is the parent's."""
    source = (
        HEAD
        + """
def sockets():
    found = []
    for each in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{each}").startswith("socket:"))
        except OSError:
            pass
    return sum(found)
---
child = os.fork()
if child == 0:
    sys.exit(sockets())
return Response(f"{sockets()} {code_of(child)}")
"""
    )
    folder = fast_bundle.write(tmp_path, {"fork": source}, STREAM=False)

    with RuntimeServer([request("fork")]) as server:
        fast_bundle.run(folder, server)

    assert body_of(server, "fork") == "1 0"


@pytest.mark.parametrize("interpreter", interpreters(), ids=lambda i: i.python)
def test_a_kept_connection_is_not_shared(interpreter: Any) -> None:
    script = """
import os, sys
sys.path.insert(0, sys.argv[1])
from endpoint_runtime.http_client.connection import Connection
connection = Connection("http", "127.0.0.1", int(sys.argv[2]))
def ask(path):
    with connection.request("GET", path) as answer:
        return answer.read().decode()
said = [ask("/1")]
child = os.fork()
if child == 0:
    os._exit(0 if [ask("/child"), ask("/child2")] == ["/child", "/child2"] else 1)
said += [str(os.waitpid(child, 0)[1]), ask("/2")]
print(*said)
"""
    connections: set[object] = set()

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            connections.add(self.client_address)
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.path)))
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *arguments: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            done = subprocess.run(
                [interpreter.path, "-c", script, TEMPLATE, str(server.server_port)],
                capture_output=True,
                text=True,
                timeout=30,
            )
        finally:
            server.shutdown()
    assert done.stdout == "/1 0 /2\n", done.stderr
    assert len(connections) == 2
