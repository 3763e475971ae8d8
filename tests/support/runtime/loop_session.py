"""What the API and the log get to see of a process, in a form that both entries share."""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path
from typing import Any

from tests.support.hostile_api import RuntimeServer
from tests.support.loop_process import environment, start

# Both say the same, in words of their own, of why a text is not JSON or a value has none.
WORDS = re.compile(r"(Unable to (?:unmarshal input|parse [A-Za-z ]+ JSON|marshal response): ).*")


def session(
    command: list[str], bundle: Path, steps: list[bytes], *, framed: bool, **env: str
) -> dict[str, Any]:
    """What the API and the log got to see of a process that served these events."""
    frames = b""
    with RuntimeServer(steps, end=None) as server:
        variables = environment(server.address, **env)
        reader = writer = -1
        if framed:
            reader, writer = os.pipe()
            variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(writer)
        pass_fds = (writer,) if framed else ()
        process = start(command, bundle, variables, pass_fds=pass_fds)
        collected: list[bytes] = []

        def collect() -> None:
            with os.fdopen(reader, "rb") as stream:
                collected.append(stream.read())

        thread = threading.Thread(target=collect)
        if framed:
            os.close(writer)
            thread.start()
        try:
            # A handler that can't be loaded ends the process, anything else the API's silence.
            while process.poll() is None and not server.used_up.wait(0.02):
                pass
        finally:
            process.kill()
        out, err = process.communicate(timeout=20)
        if framed:
            thread.join(10)
            frames = collected[0]
        posts = [r for r in server.requests if r.method == "POST"]
    assert server.violations == []
    return {
        "posts": [
            (
                r.call,
                # The stock client gives the init error none.
                r.headers.get("content-type") if "init" not in r.path else None,
                r.headers.get("lambda-runtime-invocation-id"),
                normal_json(r.headers.get("lambda-runtime-function-xray-error-cause")),
                r.body if "bytes" in r.path else normal_json(r.body.decode()),
            )
            for r in posts
        ],
        "out": normal_text(out.decode()),
        "err": err.decode(),
        "frames": normal_frames(frames),
    }


def normal_text(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME", text)
    # The stock client's text of a record with a traceback has no line break at its end.
    text = re.sub(r"(KeyError: '[^']*')\n?", r"\1\n", text)
    return WORDS.sub(r"\1...", text)


def normal_json(text: str | None) -> Any:
    """Parsed, but numbers as they are written."""
    if text is None:
        return None
    parsed = json.loads(text, parse_float=str, parse_constant=str)
    return _words(parsed)


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return WORDS.sub(r"\1...", value)
    if isinstance(value, list):
        return [_words(item) for item in value]
    if isinstance(value, dict):
        return {name: _words(item) for name, item in value.items()}
    return value


def normal_frames(data: bytes) -> list[tuple[str, str]]:
    """The frames of the log descriptor: type and text."""
    frames = []
    while data:
        length = int.from_bytes(data[4:8], "big")
        assert int.from_bytes(data[8:16], "big") > 1_700_000_000_000_000  # microseconds
        frames.append((data[:4].hex(), normal_text(data[16 : 16 + length].decode())))
        data = data[16 + length :]
    return frames
