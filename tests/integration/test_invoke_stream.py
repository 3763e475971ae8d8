"""`packager invoke` of a function that streams: what it writes, and when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packager.local.invoke import InvocationFailed, invoke_bundle
from tests.support.examples import Build, Command
from tests.support.plugin_writer import write_plugin

SOURCE = """
import time
from dify_plugin import Endpoint
from werkzeug import Response


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        response = Response(self.events(values["app_id"]), content_type="text/event-stream")
        response.set_cookie("a", "b")
        response.call_on_close(self.close)
        return response

    def close(self):
        time.sleep(0.2)
        print("closed")

    def events(self, app_id):
        for number in range(3):
            yield f"data: {number}\\n\\n"
            time.sleep(0.4)
        if app_id == "broken":
            raise ValueError("no luck")
"""
CONFIG = 'stream = true\napi = "url"\n'
EVENTS = b"data: 0\n\ndata: 1\n\ndata: 2\n\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, build: Build) -> Path:
    files = {
        "endpoints/duck.py": SOURCE,
        "packager.toml": CONFIG,
        "requirements.txt": "dify_plugin\n",
        "group/tiny.yaml": "settings: []\nendpoints:\n  - endpoints/duck.yaml\n",
    }
    out = build(write_plugin(tmp_path_factory.mktemp("streaming") / "plugin", files))
    (bundle,) = [each for each in out.iterdir() if each.is_dir()]
    return bundle


def test_it_is_written_as_it_comes(built: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "packager", "invoke", str(built), "--request", "GET /duck/a", "-i"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    seen: list[tuple[float, bytes]] = []
    while data := os.read(process.stdout.fileno(), 65536):
        seen.append((time.monotonic(), data))
    _, err = process.communicate(timeout=20)

    assert process.returncode == 0, err
    head, _, body = b"".join(data for _, data in seen).partition(b"\n\n")
    assert head.splitlines() == [
        b"HTTP/1.1 200 OK",
        b"Content-Type: text/event-stream",
        b"Set-Cookie: a=b; Path=/",
    ]
    assert body == EVENTS
    assert seen[-1][0] - seen[0][0] > 0.7  # the last event came that much later than the first
    assert b"closed" in err and b"Init Duration" in err


def test_json_is_the_reply_as_one_piece(command: Command, built: Path) -> None:
    done = command("invoke", built, "--request", "GET /duck/a", "--format", "json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "statusCode": 200,
        "headers": {"Content-Type": "text/event-stream"},
        "cookies": ["a=b; Path=/"],
        "body": EVENTS.decode(),
        "isBase64Encoded": False,
    }


def test_a_failure_midway_is_exit_code_1(command: Command, built: Path) -> None:
    done = command("invoke", built, "--request", "GET /duck/broken")

    assert (done.returncode, done.stdout) == (1, EVENTS)
    assert b"ValueError: no luck" in done.stderr  # the log's traceback
    assert b"\nclosed\n" in done.stderr  # after the failure was reported
    assert done.stderr.splitlines()[-1] == (
        b"error: the function failed: ValueError: the response's body failed; the function's log "
        b"says how"
    )


def test_through_an_http_api_it_is_one_piece(command: Command, built: Path) -> None:
    done = command("invoke", built, "--request", "GET /duck/a", "--payload", "2.0")

    assert (done.returncode, done.stdout) == (0, EVENTS)


def test_a_stream_that_lasts_too_long_is_ended_by_the_function(built: Path) -> None:
    event = json.loads(
        (Path(__file__).parents[1] / "events/function_url.json").read_text("utf-8")
    ) | {"rawPath": "/duck/a"}
    event["requestContext"]["http"]["method"] = "GET"

    done = invoke_bundle(built, event, env={}, timeout=1)

    assert done.streamed
    assert EVENTS.decode().startswith(done.reply["body"])
    assert b"the stream was ended" in done.log
    with pytest.raises(InvocationFailed):
        invoke_bundle(built, {"what": "is this"}, env={})


def test_a_reader_that_leaves_is_no_failure_of_the_functions(built: Path) -> None:
    command = f"{sys.executable} -m packager invoke {built} --request 'GET /duck/a' | head -c 5"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=120)

    assert done.stdout == b"data:"
    assert b"the function failed" not in done.stderr
