"""`packager serve` of deferred routes: acknowledged, worked off by an environment of their own."""

from __future__ import annotations

import json
from pathlib import Path

from packager.host.interpreter import Interpreter
from tests.support.deferred_plugin import FILES
from tests.support.plugin_writer import write_plugin
from tests.support.served import served


def test_deferred_requests_are_worked_off(tmp_path: Path, interpreter: Interpreter) -> None:
    plugin = write_plugin(tmp_path / "tiny", FILES)
    with served(plugin, "--runtime", interpreter.python, TINY_KEY="k") as server:

        def send(token: str = "k", **document: object) -> tuple[int, bytes]:
            headers = {"Content-Type": "application/json", "X-Token": token}
            reply = server.send("POST", "/hook", headers, json.dumps(document).encode())
            return reply.status, reply.body

        assert send("forged", id="a")[0] == 403
        assert send(id="a", type="challenge") == (200, b"inline")
        assert send(id="b") == (202, b"")
        server.wait_for_line("works on b try 1")
        assert send(id="c", kill=True) == (202, b"")
        server.wait_for_line("works on c try 2")
        assert send(id="b") == (202, b"")
        server.wait_for_line("is a delivery that was done before")
        worked = [line for line in server.lines if "works on b" in line]
        assert len(worked) == 1
