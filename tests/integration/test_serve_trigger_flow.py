"""`packager serve` of a trigger provider: dispatched at once, its workflows started by a worker."""

from __future__ import annotations

import hmac
import json
from pathlib import Path

from packager.host.interpreter import Interpreter
from tests.support.examples import Command
from tests.support.served import served
from tests.support.trigger_plugin import write_trigger_plugin
from tests.support.trigger_runtime import SECRET, WORKFLOWS, ring

CONFIGURATION = '[trigger]\ndedupe = {pointer = "/id"}\n\n[worker]\nfirst_wait = 0\n'


def test_webhooks_start_workflows(
    tmp_path: Path, interpreter: Interpreter, command: Command
) -> None:
    plugin = write_trigger_plugin(tmp_path / "bell", {"packager.toml": CONFIGURATION})
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    wanted = {"properties": {"secret": SECRET}, "workflows": WORKFLOWS}
    arguments = ("--name", "cats", "--file", "-", "--format", "json")
    with served(plugin, "--runtime", interpreter.python, "--fake-dify", **state) as server:
        made = command(
            *("subscriptions", "create", plugin, *arguments),
            "--manual",
            stdin=json.dumps(wanted).encode(),
            **state,
        )
        assert made.returncode == 0, made.stderr.decode()
        path = f"/e/{json.loads(made.stdout)['hook_id']}"

        def send(secret: str = SECRET, **more: object) -> tuple[int, bytes]:
            body = json.dumps(ring(**more)).encode()
            signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
            headers = {"Content-Type": "application/json", "X-Signature": signature}
            reply = server.send("POST", path, headers, body)
            return reply.status, reply.body

        assert send("forged")[0] == 403
        assert send(kind="rung opened") == (202, b"ding")
        server.wait_for_line("rung started workflow-1: run ")
        server.wait_for_line("opened started workflow-2: run ")
        assert send() == (202, b"ding")
        server.wait_for_line("is a delivery that was done before")
        assert send(id="d2", times=1) == (202, b"ding")
        server.wait_for_line("rung is not for workflow-1")


def test_a_run_of_its_own_tells_events_before_it_answers(
    tmp_path: Path, interpreter: Interpreter, command: Command
) -> None:
    plugin = write_trigger_plugin(tmp_path / "bell", {"packager.toml": CONFIGURATION})
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    wanted = json.dumps({"properties": {"secret": SECRET}, "workflows": WORKFLOWS}).encode()
    create = ("create", plugin, "--name", "cats", "--manual", "--file", "-")
    made = command("subscriptions", *create, stdin=wanted, **state)
    assert made.returncode == 0, made.stderr.decode()
    body = json.dumps(ring(kind="rung opened"))
    signature = hmac.new(SECRET.encode(), body.encode(), "sha256").hexdigest()

    done = command(
        *("invoke", plugin, "--runtime", interpreter.python, "--fake-dify", "--endpoint", "cats"),
        *("--request", "POST /", "-i", "-H", f"X-Signature: {signature}"),
        *("-H", "Content-Type: application/json", "-d", body),
        **state,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith(b"HTTP/1.1 202 Accepted")
    log = done.stderr.decode()
    assert "rung started workflow-1: run " in log
    assert "opened started workflow-2: run " in log
