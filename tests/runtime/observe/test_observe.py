"""Embedded metrics and traces: what is written and sent, and what is not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.http_client.connection import Connection
from endpoint_runtime.http_client.stream import HttpError
from endpoint_runtime.logs import report
from endpoint_runtime.observe.attach import attach, observer
from endpoint_runtime.observe.metrics import Metrics
from endpoint_runtime.observe.tracing import forget, trace
from tests.support.http_server import Server

ROOT = "1-6566b0a1-0123456789abcdef01234567"
HEADER = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "stack-Neko")
    monkeypatch.setattr(process, "log_stream", None)
    return Metrics(lambda *line: None)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def names(line: dict[str, Any]) -> list[tuple[list[str], list[str]]]:
    return [
        (each["Dimensions"][0], [metric["Name"] for metric in each["Metrics"]])
        for each in line["_aws"]["CloudWatchMetrics"]
    ]


def test_a_cold_request_and_a_warm_one(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.log_request("GET", "/duck/<app_id>", 200, 0.0123, "id")
    metrics.count_call(0.5)
    metrics.count_call(0.25)
    metrics.log_request("GET", "/duck/<app_id>", 200, 0.002, "id")
    metrics.log_request("BREW", '/"', 500, 0.001)
    cold, calling, odd = lines(capsys)
    assert names(cold) == [
        (["Function"], ["Requests", "HandlerTime", "ColdStarts", "InitTime"]),
        (["Function", "Route", "Status"], ["Requests"]),
    ]
    assert cold["InitTime"] > 0
    assert (cold["Requests"], cold["HandlerTime"], cold["ColdStarts"]) == (1, 12.3, 1)
    assert cold["Function"] == "stack-Neko"
    assert (cold["Route"], cold["Status"]) == ("GET /duck/<app_id>", "200")
    assert names(calling)[0] == (["Function"], ["Requests", "HandlerTime", "Calls", "CallTime"])
    assert (calling["Calls"], calling["CallTime"]) == (2, 750)
    assert (odd["Route"], odd["Status"]) == ('- /"', "500")
    assert names(odd)[0] == (["Function"], ["Requests", "HandlerTime"])
    # Every metric has its value, and every dimension ("MetricDefinition object").
    for line in (cold, calling, odd):
        assert abs(line["_aws"]["Timestamp"] - 1.8e12) < 1e12
        for dimensions, found in names(line):
            assert all(isinstance(line[each], str) for each in dimensions)
            assert all(isinstance(line[each], int | float) for each in found)


def test_an_environment_that_was_kept_ready_is_not_cold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency")
    monkeypatch.setattr(process, "log_stream", None)
    Metrics(lambda *line: None).log_request("GET", "/", 200, 0.001)
    assert "ColdStarts" not in lines(capsys)[0]


def test_both_are_attached_where_the_bundle_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "log_request", report.log_request)
    monkeypatch.setattr(process, "observe_call", None)
    plain = report.log_request
    attach(("tracing",))
    assert report.log_request is plain
    assert process.observe_call is not None
    attach(("metrics", "tracing"))
    assert report.log_request is not plain


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What X-Ray's daemon is on Lambda."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADER)
        monkeypatch.setattr(process, "observe_call", observer(None, trace))
        yield listener
    forget()


def segment(daemon: socket.socket) -> dict[str, Any]:
    head, _, body = daemon.recv(65536).partition(b"\n")
    assert json.loads(head) == {"format": "json", "version": 1}
    return dict(json.loads(body))


def call(server: Server, headers: dict[str, str] | None = None) -> None:
    connection = Connection("http", "127.0.0.1", server.port, proxies=False)
    with connection.request("POST", "/customer/7", headers or {}, b"{}") as answer:
        assert answer.read() == b"ok"
    connection.close()


def test_a_call_is_a_subsegment_and_the_callee_hears_of_it(daemon: socket.socket) -> None:
    asked: list[bytes] = []

    def script(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(ANSWER)

    with Server(script) as server:
        call(server)
    found = segment(daemon)
    assert found["start_time"] <= found["end_time"]
    assert {key: found[key] for key in found if not key.endswith("_time")} == {
        "name": "127.0.0.1",
        "id": found["id"],
        "trace_id": ROOT,
        "parent_id": "53995c3f42cd8ad8",
        "type": "subsegment",
        "namespace": "remote",
        "http": {
            "request": {"method": "POST", "url": "http://127.0.0.1"},
            "response": {"status": 200},
        },
    }
    assert len(found["id"]) == 16
    sent = f"X-Amzn-Trace-Id: Root={ROOT};Parent={found['id']};Sampled=1\r\n".encode()
    assert sent.lower() in asked[0].lower()


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        ("429 Slow Down", {"throttle", "error"}),
        ("404 Not Found", {"error"}),
        ("503 Later", {"fault"}),
    ],
)
def test_what_went_wrong_is_said(daemon: socket.socket, status: str, flags: set[str]) -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(ANSWER.replace(b"200 OK", status.encode()))

    with Server(script) as server:
        call(server)
    found = segment(daemon)
    assert {name for name in ("throttle", "error", "fault") if found.get(name)} == flags


def test_a_call_that_fails_is_a_fault(daemon: socket.socket) -> None:
    with Server(lambda connection: None) as server, pytest.raises(HttpError):
        call(server)
    found = segment(daemon)
    assert found["fault"] is True
    assert "response" not in found["http"]


def test_what_is_signed_is_sent_as_it_was_signed(daemon: socket.socket) -> None:
    asked: list[bytes] = []

    def script(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(ANSWER)

    with Server(script) as server:
        call(server, {"Authorization": "AWS4-HMAC-SHA256 Credential=..."})
    assert b"Trace-Id" not in asked[0]
    assert segment(daemon)["trace_id"] == ROOT


def test_of_what_is_not_sampled_the_callee_hears_and_nobody_else(
    daemon: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = HEADER.replace("Sampled=1", "Sampled=0")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    begun = trace(Connection("http", "127.0.0.1"), "GET", {"a": "b"})
    assert begun is not None
    assert begun.headers == {"a": "b", "X-Amzn-Trace-Id": header}
    begun.send(1.0, 2.0, 200)
    daemon.setblocking(False)
    with pytest.raises(BlockingIOError):
        daemon.recv(1)


@pytest.mark.parametrize("header", ["", "x", "Sampled=1", HEADER.replace("1-", '1"')])
def test_what_has_no_trace_is_not_traced(header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    assert trace(Connection("http", "127.0.0.1"), "GET", {}) is None


def test_no_call_fails_for_want_of_a_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADER)
    begun = trace(Connection("http", "127.0.0.1"), "GET", {})
    assert begun is not None
    for address in ("", "x", "127.0.0.1:999999", "127.0.0.1:9"):
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
        begun.send(1.0, 2.0, 200)
    forget()
