"""The example plugins load in the real SDK, and answer there as their bundles do."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from packager.errors import FaultCollector
from packager.events import make_event
from packager.interpreter import Interpreter
from packager.invoke import invoke_bundle
from packager.load import load_plugin
from packager.reply import read_reply

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "plugins").glob("*/manifest.yaml"))
REQUESTS = (
    ("GET", "/duck/42", ""),
    ("GET", "/neko", ""),
    ("POST", "/echo", '{"say": "にゃん"}'),
    ("POST", "/echo", "no JSON"),
    ("OPTIONS", "/echo", ""),
    ("PUT", "/mood/happy", ""),
    ("GET", "/qr?text=hi", ""),
)
SETTINGS = {"greeting": "Nyan", "colour": "orange", "shout": False}


def under_sdk(
    sdk: Path, interpreter: Interpreter, plugin: Path, requests: list[dict[str, Any]], work: Path
) -> list[dict[str, Any]]:
    (work / "requests.json").write_text(json.dumps(requests))
    done = subprocess.run(
        [
            *(interpreter.path, "-S", "-B", ROOT / "tests/integration/sdk_drive.py"),
            *(plugin, work / "requests.json", work / "replies.json"),
        ],
        env={**os.environ, "PYTHONPATH": str(sdk), "INSTALL_METHOD": "local"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads((work / "replies.json").read_text())
    return answers


@pytest.mark.parametrize("plugin", EXAMPLES, ids=lambda path: path.name)
def test_an_example_loads_in_the_sdk(
    plugin: Path, sdk: Path, interpreter: Interpreter, tmp_path: Path
) -> None:
    faults = FaultCollector()
    assert load_plugin(plugin, faults) is not None
    assert faults.faults == []
    assert under_sdk(sdk, interpreter, plugin, [], tmp_path) == []


def test_neko_answers_in_the_sdk_as_its_bundle_does(
    sdk: Path,
    interpreter: Interpreter,
    neko: Path,
    tmp_path: Path,
) -> None:
    requests = [
        {"method": method, "path": path, "body": body, "settings": SETTINGS}
        for method, path, body in REQUESTS
    ]
    theirs = under_sdk(sdk, interpreter, ROOT / "plugins/neko", requests, tmp_path)
    ours = []
    for method, path, body in REQUESTS:
        event = make_event(method, path, (), body.encode(), "2.0")
        reply = read_reply(invoke_bundle(neko, event, env={}).reply)
        assert reply is not None
        headers = [[name, value] for name, value in reply.headers if name != "Content-Length"]
        ours.append({"status": reply.status, "headers": headers, "body": reply.body.decode()})
    for answer in theirs:
        # A 204 has no content, so no type of it either (`wsgiref.validate` insists).
        left_out = {"Content-Length", "Content-Type" if answer["status"] == 204 else ""}
        answer["headers"] = [pair for pair in answer["headers"] if pair[0] not in left_out]
    assert sorted_headers(ours) == sorted_headers(theirs)


def sorted_headers(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**answer, "headers": sorted(answer["headers"])} for answer in answers]
