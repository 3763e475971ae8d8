"""The Runtime API server, spoken to as a runtime speaks to it."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from packager.local.runtime_api_server import MAX_REPLY, Answer, Failure, Ready, RuntimeApi
from packager.local.streamed_reply import Part

NEXT = "/2018-06-01/runtime/invocation/next"


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as api:
        yield api


@pytest.fixture
def runtime(api: RuntimeApi) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(api.address, timeout=5)
    yield connection
    connection.close()


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    seen = {
        name: value
        for name, value in response.getheaders()
        if name.startswith(("Lambda-", "Content-Type"))
    }
    return response.status, seen, response.read()


def offer(api: RuntimeApi, payload: bytes = b"{}", request_id: str = "r-1") -> None:
    api.offer(payload, request_id=request_id, deadline_ms=1700000029000, arn="arn:f")


def take(api: RuntimeApi) -> Any:
    outcome = api.outcomes.get(timeout=5)
    assert outcome.at > 0
    return outcome


def test_an_invocation_from_next_to_response(
    api: RuntimeApi, runtime: http.client.HTTPConnection
) -> None:
    api.offer(b'{"a": 1}', request_id="r-1", deadline_ms=1700000029000, arn="arn:f", trace_id="t")
    assert call(runtime, "GET", NEXT) == (
        200,
        {
            "Lambda-Runtime-Aws-Request-Id": "r-1",
            "Lambda-Runtime-Deadline-Ms": "1700000029000",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:f",
            "Lambda-Runtime-Trace-Id": "t",
            "Content-Type": "application/json",
        },
        b'{"a": 1}',
    )
    accepted = call(runtime, "POST", "/2018-06-01/runtime/invocation/r-1/response", b"[1]")
    assert accepted == (202, {"Content-Type": "application/json"}, b'{"status":"OK"}\n')
    ready = take(api)
    answer = take(api)
    assert (ready, answer) == (Ready(ready.at), Answer("r-1", b"[1]", answer.at))
    assert ready.at <= answer.at


def test_next_waits_for_an_invocation(api: RuntimeApi) -> None:
    replies: list[Any] = []

    def ask() -> None:
        connection = http.client.HTTPConnection(api.address, timeout=5)
        replies.append(call(connection, "GET", NEXT)[2])
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    assert isinstance(take(api), Ready)
    assert replies == []
    offer(api, b'"late"')
    asking.join(5)
    assert replies == [b'"late"']


def test_an_invocation_that_fails(api: RuntimeApi, runtime: http.client.HTTPConnection) -> None:
    offer(api)
    call(runtime, "GET", NEXT)
    error = {"errorMessage": "boom", "errorType": "ValueError", "stackTrace": ["a", "b"]}
    body = json.dumps(error).encode()
    path = "/2018-06-01/runtime/invocation/r-1/error"
    assert call(runtime, "POST", path, body)[0] == 202
    take(api)
    failure = take(api)
    assert failure == Failure("r-1", "ValueError", "boom", ("a", "b"), failure.at)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"stackTrace": "x"}'])
def test_an_init_error_says_at_least_its_type(
    api: RuntimeApi, runtime: http.client.HTTPConnection, body: bytes
) -> None:
    headers = {"Lambda-Runtime-Function-Error-Type": "Runtime.Odd"}
    status = call(runtime, "POST", "/2018-06-01/runtime/init/error", body, headers)[0]
    failure = take(api)
    assert (status, failure) == (202, Failure(None, "Runtime.Odd", "", (), failure.at))


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/", None, (404, "NotFound", "no / in the Runtime API")),
        ("POST", NEXT, b"", (404, "NotFound", f"no {NEXT} in the Runtime API")),
        (
            "POST",
            "/2018-06-01/runtime/invocation/r-2/response",
            b"{}",
            (400, "InvalidRequestID", "Invalid request ID"),
        ),
        (
            "POST",
            "/2018-06-01/runtime/invocation/r-2/error",
            b"{}",
            (400, "InvalidRequestID", "Invalid request ID"),
        ),
        (
            "POST",
            "/2018-06-01/runtime/invocation/r-1/response",
            b"x" * (MAX_REPLY + 1),
            (
                413,
                "RequestEntityTooLarge",
                "Response payload size (6291557 bytes) exceeded maximum allowed payload size "
                "(6291556 bytes).",
            ),
        ),
    ],
)
def test_what_is_refused(
    api: RuntimeApi,
    runtime: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    expected: tuple[int, str, str],
) -> None:
    offer(api)
    call(runtime, "GET", NEXT)
    status, _, reply = call(runtime, method, path, body)
    error = json.loads(reply)
    assert (status, error["errorType"], error["errorMessage"]) == expected


def test_a_second_response_is_refused(api: RuntimeApi, runtime: http.client.HTTPConnection) -> None:
    offer(api)
    call(runtime, "GET", NEXT)
    path = "/2018-06-01/runtime/invocation/r-1/response"
    assert [call(runtime, "POST", path, b"1")[0] for _ in range(2)] == [202, 400]


def test_a_body_without_a_length_is_refused(
    api: RuntimeApi, runtime: http.client.HTTPConnection
) -> None:
    runtime.putrequest("POST", "/2018-06-01/runtime/init/error")
    runtime.endheaders()
    response = runtime.getresponse()
    assert (response.status, json.loads(response.read())["errorType"]) == (411, "LengthRequired")


def test_closing_lets_a_waiting_runtime_go() -> None:
    with RuntimeApi() as api:
        connection = http.client.HTTPConnection(api.address, timeout=5)
        connection.request("GET", NEXT)
        take(api)
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()


HTTP = "application/vnd.awslambda.http-integration-response"


def stream(
    api: RuntimeApi, chunks: list[bytes], trailers: bytes = b"", *, content_type: str = HTTP
) -> bytes:
    """Send a streamed reply to r-1 as raw bytes; the answer's status line."""
    head = (
        "POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\nHost: x\r\n"
        f"Lambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: {content_type}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(head + body + b"0\r\n" + trailers + b"\r\n")
        return connection.makefile("rb").readline().strip()


@pytest.fixture
def parts() -> list[Part]:
    return []


@pytest.fixture
def streaming(parts: list[Part]) -> Iterator[RuntimeApi]:
    with RuntimeApi(parts.append) as api:
        offer(api)
        connection = http.client.HTTPConnection(api.address, timeout=5)
        call(connection, "GET", NEXT)
        connection.close()
        take(api)
        yield api


@pytest.mark.parametrize(
    "chunks",
    [
        [b'{"statusCode": 201}', bytes(8), b"ab", b"\0c"],
        [b'{"statusCode": 201}' + bytes(8) + b"ab\0c"],
        [b'{"status', b'Code": 201}' + bytes(4), bytes(4) + b"a", b"b\0c"],
    ],
)
def test_a_streamed_reply_is_handed_on_as_it_comes(
    streaming: RuntimeApi, parts: list[Part], chunks: list[bytes]
) -> None:
    assert stream(streaming, chunks) == b"HTTP/1.1 202 Accepted"

    assert parts[0] == {"statusCode": 201}
    assert b"".join(part for part in parts if isinstance(part, bytes)) == b"ab\0c"
    outcome = take(streaming)
    assert isinstance(outcome, Answer) and (outcome.payload, outcome.streamed) == (b"", True)


def test_another_type_has_no_prelude(streaming: RuntimeApi, parts: list[Part]) -> None:
    stream(streaming, [b"a", b"b"], content_type="text/plain")

    assert parts == [b"a", b"b"]


def test_trailers_tell_of_a_failure(streaming: RuntimeApi, parts: list[Part]) -> None:
    body = base64.b64encode(b'{"errorMessage": "oh", "errorType": "X"}')
    trailers = b"Lambda-Runtime-Function-Error-Type: X\r\n"
    trailers += b"Lambda-Runtime-Function-Error-Body: " + body + b"\r\n"

    stream(streaming, [b"{}" + bytes(8), b"so far"], trailers)

    outcome = take(streaming)
    assert isinstance(outcome, Failure)
    assert (parts, outcome.error_type, outcome.message) == ([{}, b"so far"], "X", "oh")


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([b"no prelude"], "the reply has no prelude"),
        ([], "the reply has no prelude"),
        ([b"[]" + bytes(8)], "the reply's prelude is not a JSON object"),
    ],
)
def test_what_has_no_prelude_is_refused(
    streaming: RuntimeApi, chunks: list[bytes], message: str
) -> None:
    stream(streaming, chunks)

    outcome = take(streaming)
    assert isinstance(outcome, Failure)
    assert (outcome.error_type, outcome.message) == ("Runtime.InvalidStreamResponse", message)


def test_a_streamed_reply_that_is_cut(streaming: RuntimeApi) -> None:
    host, port = streaming.address.split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(
            b"POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\nHost: x\r\n"
            b"Lambda-Runtime-Function-Response-Mode: streaming\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"
        )

    outcome = take(streaming)
    assert isinstance(outcome, Failure)
    assert outcome.error_type == "Runtime.TruncatedResponse"
