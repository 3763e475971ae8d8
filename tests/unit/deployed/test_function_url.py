"""A function URL that belongs to an alias, or that is not for everybody: moto has neither."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import Stubber

from packager.deployed.function_url import url_drift
from packager.settings.aws import Aws

NOTE = {
    "FunctionUrl": f"https://{'a' * 32}.lambda-url.eu-west-1.on.aws/",
    "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
    "CreationTime": "2026-11-30",
    "LastModifiedTime": "2026-11-30",
}
OF = {"FunctionName": "f", "Qualifier": "live"}
PUBLIC = {"FunctionUrlConfig": {"AuthType": "NONE"}}
SIGNED = {"FunctionUrlConfig": {"AuthType": "AWS_IAM"}}


def statement(action: str, principal: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Principal": principal, "Resource": "arn"}


MORE = [statement("lambda:*")]
BOTH = [statement("lambda:InvokeFunctionUrl"), statement("lambda:InvokeFunction", {"AWS": "*"})]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    return Aws(region="eu-west-1")


@pytest.mark.parametrize(
    ("wanted", "auth", "statements", "expected"),
    [
        (PUBLIC, "NONE", BOTH, []),
        (PUBLIC, "NONE", MORE, ["everybody may do more than call its URL: lambda:*"]),
        (SIGNED, "AWS_IAM", [statement("lambda:InvokeFunctionUrl", {"AWS": "1"})], []),
        (
            SIGNED,
            "AWS_IAM",
            BOTH,
            ["everybody may call it: lambda:InvokeFunctionUrl, lambda:InvokeFunction"],
        ),
    ],
)
def test_the_url_of_an_alias_has_permissions_of_its_own(
    aws: Aws, wanted: dict[str, Any], auth: str, statements: list[Any], expected: list[str]
) -> None:
    with Stubber(aws.client("lambda")) as stub:
        stub.add_client_error("get_function_url_config", "ResourceNotFoundException")
        stub.add_client_error("get_policy", "ResourceNotFoundException")
        stub.add_response("get_function_url_config", {**NOTE, "AuthType": auth}, OF)
        stub.add_response("get_policy", {"Policy": json.dumps({"Statement": statements})}, OF)
        found = [*url_drift("f", "live", {}, wanted, aws)]
        stub.assert_no_pending_responses()
    assert [message for _, message, _ in found] == expected


CONDITION = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
MADE = ("differs", "has a function URL with AuthType NONE, configured is none")
OPEN = ("url-permission", "everybody may call it: lambda:InvokeFunctionUrl")


@pytest.mark.parametrize(
    ("is_there", "condition", "expected"),
    [
        (True, CONDITION, [MADE, OPEN]),
        (False, CONDITION, []),  # it takes a URL
        (False, {}, [OPEN]),
    ],
)
def test_a_url_that_was_made_by_hand_is_found(
    aws: Aws, is_there: bool, condition: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    allowed = {**statement("lambda:InvokeFunctionUrl"), "Condition": condition}
    with Stubber(aws.client("lambda")) as stub:
        if is_there:
            stub.add_response("get_function_url_config", {**NOTE, "AuthType": "NONE"})
        else:
            stub.add_client_error("get_function_url_config", "ResourceNotFoundException")
        stub.add_response("get_policy", {"Policy": json.dumps({"Statement": [allowed]})})
        found = [*url_drift("f", None, {}, {}, aws)]
    assert [each[:2] for each in found] == expected


def test_there_is_no_url(aws: Aws) -> None:
    with Stubber(aws.client("lambda")) as stub:
        stub.add_client_error("get_function_url_config", "ResourceNotFoundException")
        found = [*url_drift("f", None, {}, PUBLIC, aws)]
    assert found == [("differs", "has no function URL", "deploy it")]
