"""Calls when AWS throttles, breaks, stalls or vanishes, and connections that died while frozen."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from endpoint_runtime.aws import AwsError, client, signed_requests
from tests.support.aws.scripted_server import Reply, Server, scripted_server

FINE: Reply = (200, {}, b'{"Parameters": []}')
THROTTLED: Reply = (400, {}, b'{"__type": "com.amazon#ThrottlingException", "message": "Slow."}')
DENIED: Reply = (400, {"x-amzn-RequestId": "r-1"}, b'{"__type": "AccessDeniedException"}')


@pytest.fixture
def server(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with scripted_server() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{running.port}")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setattr(signed_requests, "_FIRST_DELAY", 0.01)
        yield running


def call(deadline: float | None = None) -> dict[str, Any]:
    return client("ssm").call("GetParameters", {"Names": ["a"]}, deadline)


TROUBLE: dict[str, Reply] = {
    "throttled": THROTTLED,
    "too many": (429, {}, b""),
    "a server error": (500, {}, b"<html>"),
    "unavailable": (503, {}, b'{"__type": "ServiceUnavailable"}'),
    "cut": "cut",
    "cut short": (200, {"Content-Length": "100"}, b"{"),
}


@pytest.mark.parametrize("kind", TROUBLE)
def test_trouble_that_passes(kind: str, server: Server) -> None:
    server.replies = [TROUBLE[kind], TROUBLE[kind], FINE]

    assert call() == {"Parameters": []}
    assert len(server.asked) == 3
    assert {asked.body for asked in server.asked} == {b'{"Names": ["a"]}'}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("throttled", "GetParameters: ThrottlingException: Slow."),
        ("a server error", "GetParameters: Status500: AWS gave no message"),
        (
            "cut",
            "GetParameters: ConnectionFailed: 127.0.0.1:{} closed the connection without an answer",
        ),
    ],
)
def test_trouble_that_stays(kind: str, message: str, server: Server) -> None:
    server.replies = [TROUBLE[kind]]

    with pytest.raises(AwsError) as caught:
        call()

    assert str(caught.value) == message.format(server.port)
    assert caught.value.retryable
    assert len(server.asked) == 8


def test_what_would_not_pass_is_not_tried_again(server: Server) -> None:
    server.replies = [DENIED]

    with pytest.raises(AwsError) as caught:
        call()

    assert str(caught.value) == (
        "GetParameters: AccessDeniedException: AWS gave no message (request id r-1)"
    )
    assert len(server.asked) == 1


@pytest.mark.parametrize("reply", ["hang", THROTTLED])
def test_the_deadline_ends_it(
    reply: Reply, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_requests, "_ATTEMPTS", 10**6)
    server.replies = [reply]
    deadline = time.time() + 1.2

    with pytest.raises(AwsError) as caught:
        call(deadline)

    assert caught.value.code == ("TimedOut" if reply == "hang" else "ThrottlingException")
    assert time.time() < deadline  # half a second is left to answer in


def test_a_deadline_that_is_over(server: Server) -> None:
    with pytest.raises(AwsError, match="TimedOut"):
        call(time.time() - 1)
    assert server.asked == []


def test_the_delay_that_is_asked_for(server: Server) -> None:
    server.replies = [(503, {"Retry-After": "1"}, b""), FINE]
    start = time.monotonic()

    call()

    assert time.monotonic() - start >= 1


def test_nobody_listens(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(AwsError, match=r"ConnectionFailed: 127\.0\.0\.1:9 can't be reached"):
        call()


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"<html>"])
def test_an_answer_that_is_no_json(body: bytes, server: Server) -> None:
    server.replies = [(200, {}, body)]
    with pytest.raises(AwsError, match="MalformedAnswer: the answer is not a JSON object"):
        call()


def test_a_connection_serves_on(server: Server) -> None:
    server.replies = [FINE]
    for _ in range(3):
        call()
    assert {asked.connection for asked in server.asked} == {1}


def test_a_connection_that_died_is_opened_once(server: Server) -> None:
    server.replies = [FINE]
    call()
    server.close_idle()
    time.sleep(0.05)

    call()

    assert [asked.connection for asked in server.asked] == [1, 2]


def test_a_connection_that_dies_in_use_is_opened_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_requests, "_ATTEMPTS", 1)
    server.replies = [FINE, "cut", FINE]
    call()

    assert call() == {"Parameters": []}

    assert [asked.connection for asked in server.asked] == [1, 1, 2]


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ExpiredToken"])
def test_expired_credentials_are_fetched_again(
    code: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    url = f"http://127.0.0.1:{server.port}/credentials"
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    expired: Reply = (400, {}, json.dumps({"__type": code}).encode())
    server.replies = [credentials("OLD"), expired, credentials("NEW"), FINE]

    call()

    assert [asked.path for asked in server.asked] == ["/credentials", "/", "/credentials", "/"]
    assert "Credential=OLD/" in server.asked[1].headers["authorization"]
    assert "Credential=NEW/" in server.asked[3].headers["authorization"]
    assert server.asked[3].headers["x-amz-security-token"] == "token of NEW"


def test_expired_credentials_of_the_environment(server: Server) -> None:
    server.replies = [(403, {}, b'{"__type": "ExpiredTokenException"}')]
    with pytest.raises(AwsError, match="ExpiredTokenException"):
        call()
    assert len(server.asked) == 1


def credentials(key: str) -> Reply:
    document = {"AccessKeyId": key, "SecretAccessKey": "s", "Token": f"token of {key}"}
    return 200, {}, json.dumps({**document, "Expiration": "2100-01-01T00:00:00Z"}).encode()
