"""A bundle whose OBSERVE names metrics, served by the fast entry in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.fast_bundle import request, run, write
from tests.support.hostile_api import TRACE, RuntimeServer

ENDPOINTS = {"fine": 'return Response("ok")', "bad": "raise ValueError"}


def metrics_of(log: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith('{"HandlerTime"')]


def test_each_request_leaves_its_metrics_beside_its_line(tmp_path: Path) -> None:
    bundle = write(tmp_path, ENDPOINTS, OBSERVE=("metrics", "tracing"))
    with RuntimeServer([request("fine", "a"), request("fine", "b"), request("bad", "c")]) as server:
        log = run(bundle, server)

    found = [
        (line["Route"], line["Status"], "ColdStarts" in line, line["Requests"])
        for line in metrics_of(log)
    ]
    assert found == [
        ("GET /fine", "200", True, 1),
        ("GET /fine", "200", False, 1),
        ("GET /bad", "500", False, 1),
    ]
    assert log.count("GET /fine 200") == 2


def test_metrics_name_their_request_and_its_trace_among_lines_of_json(tmp_path: Path) -> None:
    bundle = write(tmp_path, ENDPOINTS, OBSERVE=("metrics",))
    with RuntimeServer([request("fine", "a")]) as server:
        log = run(bundle, server, AWS_LAMBDA_LOG_FORMAT="JSON")
    (line,) = metrics_of(log)
    assert (line["requestId"], line["traceId"]) == ("a", TRACE)


def test_without_there_are_none(tmp_path: Path) -> None:
    bundle = write(tmp_path, ENDPOINTS)
    with RuntimeServer([request("fine", "a")]) as server:
        log = run(bundle, server)
    assert metrics_of(log) == []
