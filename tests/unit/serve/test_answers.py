"""What a gateway does with answers and with what clients send."""

from __future__ import annotations

from typing import Any

import pytest

from packager.serve.answers import (
    Head,
    Malformed,
    from_client,
    internal_error,
    streamed_head,
    whole_answer,
)


def test_the_length_is_that_of_the_body() -> None:
    reply = {"statusCode": 200, "headers": {"Content-Length": "7", "X": "1"}, "body": "né"}
    assert whole_answer(reply, "GET") == (
        Head(200, (("X", "1"), ("Content-Length", "3"))),
        "né".encode(),
    )
    assert whole_answer(reply, "HEAD") == (Head(200, (("Content-Length", "7"), ("X", "1"))), b"")
    assert whole_answer({"statusCode": 204, "body": ""}, "GET") == (Head(204, ()), b"")


def test_what_is_of_the_connection_is_taken_out() -> None:
    reply = {
        "statusCode": 200,
        "headers": {"Transfer-Encoding": "chunked", "Connection": "close", "A": " b "},
        "cookies": ["a=1", " Packager_console=2; Path=/"],
    }
    head, _ = whole_answer(reply, "HEAD")
    assert head.headers == (("A", "b"), ("Set-Cookie", "a=1"))
    assert streamed_head(reply | {"headers": {"Content-Length": "3"}}).headers == (
        ("Set-Cookie", "a=1"),
    )


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {"body": "x"},
        {"statusCode": "x"},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200, "headers": {"A B": "c"}},
        {"statusCode": 200, "headers": {"A": "b\r\nC: d"}},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
    ],
)
def test_what_no_gateway_hands_on(reply: Any) -> None:
    with pytest.raises(Malformed):
        whole_answer(reply, "GET")


def test_where_there_is_no_answer() -> None:
    assert [internal_error(each)[0].status for each in ("1.0", "2.0", "url")] == [502, 500, 502]


def test_what_functions_see_of_clients() -> None:
    sent = (
        ("Host", "a"),
        ("Cookie", "a=1; packager_console=secret"),
        ("cookie", "packager_x=1;packager_y=2"),
        ("TE", "trailers"),
        ("X-A", "1"),
    )
    assert from_client(sent) == (("Host", "a"), ("Cookie", "a=1"), ("X-A", "1"))
