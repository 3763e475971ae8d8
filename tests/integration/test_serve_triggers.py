"""`packager serve` of a provider: a webhook is dispatched, and its workflows are in its page."""

from __future__ import annotations

import json
import re
from pathlib import Path

from packager.host.interpreter import Interpreter
from tests.support.console_server import ConsoleServer
from tests.support.examples import Command
from tests.support.hooks import SECRET, write_doors
from tests.support.served import served

APPS = ("a1", "a2")


def test_a_webhook_and_what_it_starts(
    tmp_path: Path, interpreter: Interpreter, command: Command
) -> None:
    plugin = write_doors(tmp_path / "doors")
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    given = {
        "properties": {"webhook_secret": SECRET},
        "workflows": [{"event": "opened", "app": app, "inputs": {"x": "door"}} for app in APPS],
    }
    arguments = ("create", plugin, "--name", "cats", "--manual", "--file", "-")
    stdin = json.dumps(given).encode()
    made = command("subscriptions", *arguments, stdin=stdin, **state)
    assert made.returncode == 0, made.stderr.decode()
    path = made.stdout.decode().strip()
    options = ("--runtime", interpreter.python, "--fake-dify")
    with served(plugin, *options, **state) as server:
        line = server.wait_for_line("Console: ")
        console = ConsoleServer(int(re.findall(r":(\d+)/", line)[0]))
        kind = {"Content-Type": "application/json"}

        answer = server.send("POST", path, kind, b'{"door": "front"}')

        assert (answer.status, answer.body) == (200, b"ok")
        for app in APPS:
            server.wait_for_line(f"opened started {app}: run ")
        (request,) = re.findall(
            r'href="/_console(/requests/[0-9a-f-]+)"', console.get("/requests").text
        )
        server.wait_for(lambda: console.get(request).text.count(">done<") == len(APPS))
        page = console.get(request).text
    assert "Dispatched to <code>opened</code>" in page
    for app in APPS:
        assert f"<code>opened starts {app}</code>" in page
    assert page.count("opened started a1: run ") == 1
    assert SECRET not in "".join(server.lines) + page
