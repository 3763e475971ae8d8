"""What one policy allows beyond another, statement by statement."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from packager.deployed.policies import beyond, covers, statements_of

TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/t"
KEY = {"StringEquals": {"kms:ViaService": ["ssm.eu-west-1.amazonaws.com"]}, "Bool": {"a:b": True}}


def policy(*statements: dict[str, Any]) -> Any:
    return {
        "Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "*"} | s for s in statements]
    }


def more(found: Any, expected: Any) -> list[str]:
    return [*beyond(statements_of(found), statements_of(expected))]


EXPECTED = policy(
    {"Action": ["dynamodb:GetItem", "dynamodb:Put*"], "Resource": [TABLE, f"{TABLE}/index/?"]},
    {"Action": "kms:Decrypt", "Resource": "key/*", "Condition": KEY},
    {"Action": "s3:*", "Resource": "arn:aws:s3:::b/*"},
    {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
)
DENY = EXPECTED["Statement"][3]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ({"Action": "DynamoDB:getitem", "Resource": TABLE}, []),
        ({"Action": "dynamodb:PutItem", "Resource": f"{TABLE}/index/a"}, []),
        ({"Action": "dynamodb:Put?tem", "Resource": f"{TABLE}/index/?"}, []),
        (
            {"Action": "dynamodb:*", "Resource": TABLE},
            [f"dynamodb:* on {TABLE}"],
        ),
        (
            {"Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": f"{TABLE}*"},
            [f"dynamodb:GetItem, dynamodb:PutItem on {TABLE}*"],
        ),
        (
            {"Action": "dynamodb:GetItem", "Resource": f"{TABLE}/index/*"},
            [f"dynamodb:GetItem on {TABLE}/index/*"],
        ),
        ({"Action": "kms:Decrypt", "Resource": "key/1", "Condition": KEY}, []),
        (
            {
                "Action": "kms:Decrypt",
                "Resource": "key/1",
                "Condition": {**KEY, "Bool": {"A:B": "true"}, "StringLike": {"more": "x"}},
            },
            [],
        ),
        (
            {"Action": "kms:Decrypt", "Resource": "key/1", "Condition": {"Bool": {"a:b": True}}},
            ["kms:Decrypt on key/1 without the condition kms:viaservice"],
        ),
        (
            {
                "Action": "kms:Decrypt",
                "Resource": "key/1",
                "Condition": {**KEY, "StringEquals": {"kms:ViaService": "*"}},
            },
            ["kms:Decrypt on key/1 without the condition kms:viaservice"],
        ),
        (
            {"Action": "kms:Decrypt", "Resource": "key/1"},
            ["kms:Decrypt on key/1 without the condition kms:viaservice and a:b"],
        ),
        ({"Effect": "Deny", "Action": "x:y"}, []),
    ],
)
def test_what_a_statement_allows_beyond_the_template(
    statement: dict[str, Any], found: list[str]
) -> None:
    assert more(policy(DENY, statement), EXPECTED) == found


def test_everything_but_something_is_wider_unless_the_template_says_it() -> None:
    odd = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert more({"Statement": [DENY, odd]}, EXPECTED) == [
        "everything but what it names in NotAction (iam:*, *)"
    ]
    same = {"Statement": [DENY, odd]}
    assert more(same, same) == []


def test_what_was_denied_and_is_no_longer_is_found() -> None:
    assert more(policy(), EXPECTED) == ["s3:DeleteObject on * is no longer denied"]
    narrow = policy({**DENY, "Resource": "arn:aws:s3:::b/x"})
    assert more(narrow, EXPECTED) == ["s3:DeleteObject on * is no longer denied"]


def test_a_document_as_iam_answers_it_is_read_too() -> None:
    one = {"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "r"}}
    for document in (json.dumps(one), quote(json.dumps(one))):
        assert more(document, {"Statement": []}) == ["a:B on r"]


def test_who_may_take_a_role() -> None:
    service = {"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "sts:AssumeRole"}
    account = {**service, "Principal": {"AWS": ["1", "2"]}}
    trust = {"Statement": [service]}
    assert more(trust, trust) == []
    assert more({"Statement": [service, account]}, trust) == [
        "sts:AssumeRole on AWS 1",
        "sts:AssumeRole on AWS 2",
    ]


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("a*", "a", True),
        ("a*", "a*b?c", True),
        ("a*c", "a**c", True),
        ("a?", "a*", False),
        ("a?", "a?", True),
        ("a?b*", "axb?", True),
        ("a.c", "abc", False),
        ("a*\n", "a\n\n", True),
    ],
)
def test_a_pattern_covers_another(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected
