"""The HTTP reply in what a function answers."""

from __future__ import annotations

from typing import Any

import pytest

from packager.errors import PackagerError
from packager.local.http_reply import HttpReply, read_reply


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"statusCode": 204}, HttpReply(204, (), b"")),
        ({"statusCode": "200", "body": "é"}, HttpReply(200, (), "é".encode())),
        (
            {"statusCode": 200, "headers": {"A": "1", "N": 2}, "cookies": ["x=1", "y=2"]},
            HttpReply(
                200, (("A", "1"), ("N", "2"), ("Set-Cookie", "x=1"), ("Set-Cookie", "y=2")), b""
            ),
        ),
        (
            {
                "statusCode": 200,
                "headers": {"vary": "lost", "A": "1"},
                "multiValueHeaders": {"Vary": ["b", "c"]},
                "body": "AP8=",
                "isBase64Encoded": True,
            },
            HttpReply(200, (("A", "1"), ("Vary", "b"), ("Vary", "c")), b"\0\xff"),
        ),
        (
            {"statusCode": 200, "headers": None, "multiValueHeaders": None, "body": None},
            HttpReply(200, (), b""),
        ),
        ({"batchItemFailures": []}, None),
        ("text", None),
        (None, None),
    ],
)
def test_read_reply(answer: Any, expected: HttpReply | None) -> None:
    assert read_reply(answer) == expected


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"statusCode": "OK"}, "invalid literal for int() with base 10: 'OK'"),
        ({"statusCode": 200, "body": {}}, "its body is not a string"),
        ({"statusCode": 200, "headers": {"A": None}}, "a header's value is not a string"),
        (
            {"statusCode": 200, "body": "é", "isBase64Encoded": True},
            "string argument should contain only ASCII characters",
        ),
    ],
)
def test_what_a_gateway_would_refuse(answer: Any, problem: str) -> None:
    with pytest.raises(PackagerError) as raised:
        read_reply(answer)
    assert str(raised.value) == f"the function's reply is malformed: {problem}"


@pytest.mark.parametrize(("status", "reason"), [(404, "Not Found"), (299, "")])
def test_reason(status: int, reason: str) -> None:
    assert HttpReply(status, (), b"").reason == reason
