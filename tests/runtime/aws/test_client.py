"""Calls of the JSON services against moto's servers, over TLS."""

from __future__ import annotations

import pytest

from endpoint_runtime.aws import AwsError, client
from tests.support.aws.moto_server import MotoServer


def test_parameters(moto: MotoServer) -> None:
    boto = moto.boto("ssm")
    boto.put_parameter(Name="/a/greeting", Value="méow ☃", Type="String")
    boto.put_parameter(Name="/a/key", Value="s3cret", Type="SecureString")

    answer = client("ssm").call(
        "GetParameters",
        {"Names": ["/a/greeting", "/a/key", "/a/none"], "WithDecryption": True},
    )

    assert {each["Name"]: each["Value"] for each in answer["Parameters"]} == {
        "/a/greeting": "méow ☃",
        "/a/key": "s3cret",
    }
    assert answer["InvalidParameters"] == ["/a/none"]


def test_secrets(moto: MotoServer) -> None:
    boto = moto.boto("secretsmanager")
    boto.create_secret(Name="group/one", SecretString='{"k": "v"}')
    boto.create_secret(Name="group/bytes", SecretBinary=b"\0\xff")

    secrets = client("secretsmanager")
    one = secrets.call("GetSecretValue", {"SecretId": "group/one"})
    two = secrets.call("GetSecretValue", {"SecretId": "group/bytes"})
    both = secrets.call("BatchGetSecretValue", {"SecretIdList": ["group/one", "none"]})

    assert one["SecretString"] == '{"k": "v"}'
    assert two["SecretBinary"] == "AP8="
    assert [each["Name"] for each in both["SecretValues"]] == ["group/one"]
    assert [each["ErrorCode"] for each in both["Errors"]] == ["ResourceNotFoundException"]


def test_a_secret_that_is_missing(moto: MotoServer) -> None:
    with pytest.raises(AwsError) as caught:
        client("secretsmanager").call("GetSecretValue", {"SecretId": "none"})

    error = caught.value
    assert (error.code, error.status, error.retryable) == ("ResourceNotFoundException", 404, False)
    assert error.request_id
    assert str(error) == (
        "GetSecretValue: ResourceNotFoundException: Secrets Manager can't find the specified"
        f" secret. (request id {error.request_id})"
    )


def test_a_queue(moto: MotoServer) -> None:
    boto = moto.boto("sqs")
    url = boto.create_queue(QueueName="jobs")["QueueUrl"]

    answer = client("sqs").call("SendMessage", {"QueueUrl": url, "MessageBody": "work ☃"})

    [message] = boto.receive_message(QueueUrl=url)["Messages"]
    assert (message["Body"], message["MessageId"]) == ("work ☃", answer["MessageId"])


def test_a_queue_that_is_missing(moto: MotoServer) -> None:
    with pytest.raises(AwsError) as caught:
        client("sqs").call(
            "SendMessage", {"QueueUrl": f"{moto.url}/123456789012/none", "MessageBody": "x"}
        )
    assert caught.value.code == "QueueDoesNotExist"


def test_a_table(moto: MotoServer) -> None:
    moto.boto("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table = client("dynamodb")
    table.call("PutItem", {"TableName": "t", "Item": {"k": {"S": "a"}, "v": {"B": "AP8="}}})

    found = table.call("GetItem", {"TableName": "t", "Key": {"k": {"S": "a"}}})
    none = table.call("GetItem", {"TableName": "t", "Key": {"k": {"S": "b"}}})

    assert found["Item"] == {"k": {"S": "a"}, "v": {"B": "AP8="}}
    assert none == {}
