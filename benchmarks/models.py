"""What a call of a model costs, cold and warm, beside the `openai` client and boto3.

    python -m benchmarks.models [--rounds 20]

Each start is a process of its own, ours in a bundle as packager builds it: it imports what a
function and a plugin import anyway, then makes calls over TLS to a server here that has its answer
ready. CPU time is told in three parts: those imports, the TLS context and handshake, and the call's
own, which is all the rest. The medians are of a machine as it is, the least of many is what the
code takes.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.warm import target_python
from packager.host.interpreter import find_interpreter, host_architecture
from tests.support.http_server import Authority, read_request
from tests.support.model_server import aws_event
from tests.support.plugin_writer import write_plugin

ROOT = Path(__file__).resolve().parents[1]
_WARM = 100  # calls after the first

_COMMON = """
import json, os, sys, time
now = time.process_time
begin = now()
"""
_OURS = (
    _COMMON
    + """
import gc
import endpoint_runtime.lambda_handler
from endpoint_runtime import loop
gc.set_threshold(loop._START_OBJECTS)  # as its process has until the first request is answered
from dify_plugin.core.runtime import Session
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
config = LLMModelConfig(provider="p", model="m", mode="chat")
messages = [UserPromptMessage(content="hi")]
own = now() - begin
class SimpleNamespace:
    def __init__(self, **values):
        self.__dict__.update(values)
tls_time = 0.0
inside = False

def timed(function):
    def call(*arguments):
        global tls_time, inside
        if inside:
            return function(*arguments)
        before, inside = now(), True
        try:
            return function(*arguments)
        finally:
            tls_time += now() - before
            inside = False
    return call

bundle = SimpleNamespace(MODELS=MODELS, KEYS={"models.api_key": ("literal", "sk-test-4711")},
    TOOLS={}, OWN_TOOLS={}, OWN_DEFAULTS={}, DIFY_INNER=None, SETTINGS_TTL=300)
def make(name):
    from endpoint_runtime.calls.answering import Calls
    return Calls(bundle)
class Backends:
    clock = None
    def __getattr__(self, name):
        self.calls = make(name)
        return self.calls
session = Session.of_request("e", Backends())
before = now()
import _ssl
from endpoint_runtime.http_client import tls
tls.wrap, tls.new_context = timed(tls.wrap), timed(tls.new_context)
tls.SYSTEM = tuple(timed(each) for each in tls.SYSTEM)
if MODELS["provider"] == "bedrock":
    from endpoint_runtime.aws import roots
    roots._context = timed(roots._context)
tls_time += now() - before
def call():
    return [c.delta.message.content for c in session.model.llm.invoke(config, messages)]
"""
)
_OPENAI = (
    _COMMON
    + """
own = tls_time = 0.0
def call():
    global client
    try:
        client
    except NameError:
        from openai import OpenAI
        client = OpenAI(base_url=URL + "/v1", api_key="sk-test-4711")
    asked = [{"role": "user", "content": "hi"}]
    chunks = client.chat.completions.create(model="m", messages=asked, stream=True)
    return [c.choices[0].delta.content for c in chunks]
"""
)
_BOTO3 = (
    _COMMON
    + """
own = tls_time = 0.0
def call():
    global client
    try:
        client
    except NameError:
        import boto3
        client = boto3.client("bedrock-runtime", region_name="eu-central-1")
    asked = [{"role": "user", "content": [{"text": "hi"}]}]
    stream = client.converse_stream(modelId="m", messages=asked)["stream"]
    return [e["contentBlockDelta"]["delta"]["text"] for e in stream if "contentBlockDelta" in e]
"""
)
_MEASURE = """
start, before = now(), tls_time
said = call()
cold = now() - start - (tls_time - before)
assert "".join(each or "" for each in said) == "Hello", said
warm = []
for _ in range(WARM):
    start = now()
    call()
    warm.append(now() - start)
warm.sort()
print(json.dumps([1000 * each for each in (own, tls_time, cold, warm[len(warm) // 2])]))
"""
CONTENDERS = {
    "an OpenAI-compatible endpoint": (
        'MODELS = {"provider": "openai", "base_url": URL + "/v1", "names": {}}\n' + _OURS
    ),
    "the openai client": _OPENAI,
    "Bedrock": 'MODELS = {"provider": "bedrock", "region": None, "names": {"*": "m"}}\n' + _OURS,
    "boto3": _BOTO3,
}


def answers() -> dict[bool, bytes]:
    """Return the whole answers of both servers, by whether they are Bedrock's."""
    chunks = [{"delta": {"content": "Hello"}}, {"delta": {}, "finish_reason": "stop"}]
    sse = b"".join(
        b"data: " + json.dumps({"choices": [{"index": 0, **each}]}).encode() + b"\n\n"
        for each in chunks
    )
    delta = aws_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}})
    aws = delta + aws_event("messageStop", {"stopReason": "end_turn"})
    made = {}
    for bedrock, kind, body in (
        (False, b"text/event-stream", sse + b"data: [DONE]\n\n"),
        (True, b"application/vnd.amazon.eventstream", aws),
    ):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
        made[bedrock] = head % (kind, len(body)) + body
    return made


def serve(context: ssl.SSLContext) -> int:
    """Answer on a port of this machine, which is returned, for as long as the process lives."""
    listener, known = socket.create_server(("127.0.0.1", 0)), answers()

    def talk(raw: socket.socket) -> None:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with context.wrap_socket(raw, server_side=True) as connection:
                while True:
                    head, _ = read_request(connection)
                    connection.sendall(known["converse-stream" in head])
        except OSError:
            pass

    def accept() -> None:
        while True:
            threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def bundle_in(folder: Path) -> Path:
    """Build a bundle with all that answers calls, for this Python and machine."""
    plugin = write_plugin(folder / "plugin", {"packager.toml": 'keep = ["**"]\n'})
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    target = ("--runtime", python, "--arch", host_architecture(), "--allow-failing")
    command = [sys.executable, "-m", "packager", "build", plugin, "-o", folder / "out", *target]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    return folder / "out" / "TinyFunction"


def main() -> None:
    """Start the contenders in turns, and print medians and the least."""
    parser = argparse.ArgumentParser(description="What calls of models cost.")
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="packager-bench-") as folder:
        authority = Authority(Path(folder))
        url = f"https://127.0.0.1:{serve(authority.server_context('127.0.0.1'))}"
        roots = str(authority.file)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(bundle_in(Path(folder))),
            "SSL_CERT_FILE": roots,
            "AWS_CA_BUNDLE": roots,
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "AKIDTEST",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        found: dict[str, list[list[float]]] = {name: [] for name in CONTENDERS}
        for number in range(-1, rounds):  # the first writes bytecode and fills the page cache
            for name, source in CONTENDERS.items():
                code = f"URL = {url!r}\nWARM = {_WARM}\n{source}{_MEASURE}"
                done = subprocess.run(
                    [sys.executable, *(["-S"] if source.endswith(_OURS) else []), "-c", code],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                if number >= 0:
                    found[name].append(json.loads(done.stdout))
    machine = find_interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}")
    print(json.dumps(describe_machine(machine or target_python())))
    print("| CPU ms, median (least) | imports | TLS | the first call | a warm call |")
    print("|---|---|---|---|---|")
    for name, times in found.items():
        columns = list(zip(*times, strict=True))
        parts = [f"{statistics.median(each):.2f} ({min(each):.2f})" for each in columns]
        print(f"| {name} | " + " | ".join(parts) + " |")


if __name__ == "__main__":
    main()
