"""A built bundle's log behind AWS's emulator: each record once, with its request, no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packager.local.request_event import make_event
from tests.support.rie import emulator

TOKEN = "a-token/of 'some' length"
MESSAGES = [
    ("INFO", "by the SDK's handler, ***"),
    ("INFO", "by none, ***"),
    ("WARNING", "by its own, ***"),
    ("ERROR", "caught"),
    ("INFO", "GET /log 200"),
]


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_the_log_of_a_bundle(trouble: Path, tmp_path: Path, log_format: str) -> None:
    env = {"TROUBLE_TOKEN": TOKEN, "AWS_LAMBDA_LOG_FORMAT": log_format}
    with emulator(trouble, tmp_path / "log", env) as running:
        for _ in range(2):
            assert running.invoke(make_event("GET", "/log"))["body"] == "logged"
        log = running.log

    assert "a-token" not in log and "length" not in log
    assert log.count("printed, ***\n") == 2
    if log_format == "JSON":
        entries = [json.loads(line) for line in log.splitlines() if line.startswith('{"time')]
        found = [(each["level"], each["message"], each["requestId"]) for each in entries]
        caught = [each for each in entries if each["message"] == "caught"]
        assert [each["errorMessage"] for each in caught] == ["raised, ***"] * 2
    else:
        lines = [line for line in log.splitlines() if line.startswith("[")]
        found = [
            (level[1:-1], message, request_id)
            for level, _, request_id, message in (line.split("\t") for line in lines)
        ]
        assert log.count("RuntimeError: raised, ***\n") == 2
    said = [(level, message.partition(" 200 ")[0]) for level, message, _ in found]
    assert said == [(level, message.removesuffix(" 200")) for level, message in MESSAGES] * 2
    first, second = ({each[2] for each in part} for part in (found[:5], found[5:]))
    assert len(first) == len(second) == 1 and first != second and "" not in first
