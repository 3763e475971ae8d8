"""`make demo`: builds the example plugins and has AWS's own emulator invoke them, for all to see.

The bundles run as on Lambda: in a process of the target's Python behind a Lambda Runtime API, here
AWS's Runtime Interface Emulator, with nothing but their own contents to import.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packager.host.interpreter import find_interpreter, host_architecture, newest_supported
from packager.local.fake_dify.server import FakeDify
from packager.local.http_reply import read_reply
from packager.local.request_event import Payload, make_event
from packager.settings.local_file import LocalSettings, local_environment
from tests.support.rie import Emulator, emulator

ROOT = Path(__file__).resolve().parents[1]
BIN = ".venv/bin"
STAND_IN = "PACKAGER_DIFY"  # where the runtime finds Dify's Service API, in place of the real one
SECRET = "an example, not a secret"
PING = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1}).encode()
SIGNED = hmac.new(SECRET.encode(), PING, hashlib.sha256).hexdigest()

Exchange = tuple[str, str, Payload, tuple[tuple[str, str], ...], bytes]
JSON = ("Content-Type", "application/json")
NEKO: tuple[Exchange, ...] = (
    ("GET", "/duck/42", "2.0", (), b""),
    ("HEAD", "/duck/42", "1.0", (), b""),
    ("GET", "/neko", "url", (("Cookie", "mood=purring"),), b""),
    ("POST", "/echo", "2.0", (JSON,), '{"say": "にゃん"}'.encode()),
    ("PUT", "/mood/purring", "2.0", (), b""),
    ("DELETE", "/duck/42", "2.0", (), b""),
    ("GET", "/dog", "1.0", (), b""),
)
GITHUB: tuple[Exchange, ...] = (
    (
        "POST",
        "/webhook",
        "2.0",
        (
            JSON,
            ("X-GitHub-Event", "ping"),
            ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ("X-Hub-Signature-256", f"sha256={SIGNED}"),
        ),
        PING,
    ),
    ("POST", "/webhook", "2.0", (JSON, ("X-GitHub-Event", "ping")), PING),
)
CHALLENGE = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aBm2rZg"}).encode()
TOOL_CALL = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "ask", "arguments": {"query": "Which way is up?"}},
    }
).encode()
CHAT = json.dumps(
    {"stream": True, "messages": [{"role": "user", "content": "Which way is up?"}]}
).encode()
SENT = str(int(time.time()))
SLACK_SIGNED = hmac.new(
    SECRET.encode(), f"v0:{SENT}:".encode() + CHALLENGE, hashlib.sha256
).hexdigest()
SLACK: tuple[Exchange, ...] = (
    (
        "POST",
        "/",
        "url",
        (
            JSON,
            ("X-Slack-Request-Timestamp", SENT),
            ("X-Slack-Signature", f"v0={SLACK_SIGNED}"),
        ),
        CHALLENGE,
    ),
)
# What AWS would keep: here as settings.local.toml has it, by the settings' names.
SLACK_SETTINGS = {"signing_secret": SECRET, "bot_token": "xoxb-demo"}
BEARER = ("Authorization", f"Bearer {SECRET}")
MCP: tuple[Exchange, ...] = (("POST", "/mcp", "2.0", (JSON, BEARER), TOOL_CALL),)
OPENAI: tuple[Exchange, ...] = (
    ("GET", "/v1/models", "url", (BEARER,), b""),
    ("POST", "/v1/chat/completions", "url", (JSON, BEARER), CHAT),
)


def in_place_of_aws(settings: dict[str, str]) -> dict[str, str]:
    """Return the environment variables that stand in for parameters and secrets."""
    return local_environment(LocalSettings(settings))


DEMOS: tuple[tuple[str, str, dict[str, str], tuple[Exchange, ...]], ...] = (
    ("neko", "NekoFunction", {}, NEKO),
    ("github_webhook", "GithubWebhookFunction", {"GITHUB_WEBHOOK_SECRET": SECRET}, GITHUB),
    ("slack_bot", "SlackBotFunction", in_place_of_aws(SLACK_SETTINGS), SLACK),
    ("mcp_server", "McpServerFunction", in_place_of_aws({"token": SECRET}), MCP),
    ("openai_facade", "OpenaiFacadeFunction", in_place_of_aws({"api_key": SECRET}), OPENAI),
)


def main() -> None:
    """Build, invoke, print."""
    interpreter = find_interpreter("3.13") or newest_supported()
    assert interpreter is not None, "this very Python would do"
    with tempfile.TemporaryDirectory(prefix="packager-demo-") as folder:
        out = Path(folder) / "out"
        plugins = [Path("plugins") / name for name, *_ in DEMOS]
        options = ["--runtime", f"python{interpreter.python}", "--arch", host_architecture()]
        shown = ["packager", "build", *map(str, plugins), "-o", "out", *options]
        print("$", *shown, flush=True)
        command = [sys.executable, "-m", "packager", *shown[1:]]
        command[command.index("out")] = str(out)
        subprocess.run(command, cwd=ROOT, check=True)
        with FakeDify() as dify:  # apps that answer by rule
            for _, function, env, exchanges in DEMOS:
                print(f"\n{function} behind AWS's Runtime Interface Emulator", flush=True)
                log = Path(folder) / f"{function}.log"
                with emulator(out / function, log, env | {STAND_IN: dify.url}) as running:
                    for exchange in exchanges:
                        show(running, exchange)
    print("\nTo have them wait for your own requests, and follow what you edit:")
    print(f"$ {BIN}/packager serve plugins/neko --managed --fake-dify --open")
    print("opens its page in your browser: http://localhost:3001/_console/", flush=True)


def show(running: Emulator, exchange: Exchange) -> None:
    """Send one request as an event and print the reply as HTTP has it."""
    method, target, payload, headers, body = exchange
    words = f" {body.decode()}" if body else ""
    print(f"\n> {method} {target}{words}   (payload {payload})")
    reply = read_reply(running.invoke(make_event(method, target, headers, body, payload)))
    assert reply is not None, "every request is answered"
    print(f"< {reply.status} {reply.reason}")
    for name, value in reply.headers:
        print(f"< {name}: {value}")
    if reply.body:
        print(reply.body.decode(errors="replace").rstrip())


if __name__ == "__main__":
    main()
