"""What references of a template are in a deployed stack."""

from __future__ import annotations

from typing import Any

import pytest

from packager.deployed.stack import Stack
from packager.deployed.template_values import TemplateValues
from packager.sam.document import get_att, ref, sub

STACK = Stack(
    "prod",
    "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/prod/1-2",
    {
        "Table": ("prod-Table-1", "AWS::DynamoDB::Table"),
        "Queue": ("https://sqs.x.amazonaws.com/1/prod-Queue", "AWS::SQS::Queue"),
        "Logs": ("/aws/lambda/x", "AWS::Logs::LogGroup"),
        "Secret": ("arn:aws-cn:secretsmanager:r:1:secret:s-AbCdEf", "AWS::SecretsManager::Secret"),
        "Other": ("o1", "AWS::Thing::Other"),
    },
    {"Stage": "live"},
)
OWN = "arn:aws-cn"
TABLE = f"{OWN}:dynamodb:cn-north-1:123456789012:table/prod-Table-1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (get_att("Table.Arn"), TABLE),
        (get_att("Queue.Arn"), f"{OWN}:sqs:cn-north-1:123456789012:prod-Queue"),
        (get_att("Queue.QueueName"), "prod-Queue"),
        (get_att("Logs.Arn"), f"{OWN}:logs:cn-north-1:123456789012:log-group:/aws/lambda/x:*"),
        (get_att("Other.Arn"), f"{OWN}:*:o1"),
        (get_att("Other.Id"), "*"),
        (get_att("Nothing.Arn"), "*"),
        (ref("Secret"), "arn:aws-cn:secretsmanager:r:1:secret:s-AbCdEf"),
        (get_att("Secret.Arn"), "arn:aws-cn:secretsmanager:r:1:secret:s-AbCdEf"),
        (ref("Stage"), "live"),
        (sub("${AWS::StackName}/${Stage}/${!x}/${Table}"), "prod/live/${x}/prod-Table-1"),
        ({"Fn::Sub": ["${a}-${Hidden}", {"a": {"Ref": "Table"}}]}, "prod-Table-1-*"),
        ({"Fn::Join": ["/", ["a", {"Ref": "AWS::Region"}]]}, "a/cn-north-1"),
        ({"Fn::ImportValue": "x"}, "*"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, TABLE),
        ({"a": [ref("Stage"), 1]}, {"a": ["live", 1]}),
    ],
)
def test_a_reference_is_what_it_is_in_the_stack(value: Any, expected: Any) -> None:
    assert TemplateValues(STACK).pattern(value) == expected
