"""What AWS or SAM would refuse late is said at once, at its line."""

from __future__ import annotations

from typing import Any

import pytest

from packager.errors import FaultCollector, Place
from packager.model import EnvSource, FunctionPlan, LiteralSource
from packager.template import check_template
from tests.template_builders import make_plan

HERE = Place("plugins/neko/pyproject.toml", 7, 1)
KEYS = ("api", "api_template", "routes", "settings.a", "template", "timeout")
REFERENCE_HINT = "write the id, {{resolve:ssm:NAME}}, or Fn::ImportValue of another stack"


def faults_of(*plans: FunctionPlan) -> list[tuple[str, str, str | None]]:
    faults = FaultCollector()
    check_template(plans, faults)
    assert all(fault.level == "error" for fault in faults.faults)
    assert all(fault.place == HERE for fault in faults.faults if fault.key)
    return [(fault.key, fault.message, fault.hint) for fault in faults.faults]


def planned(*endpoints: str, **options: Any) -> FunctionPlan:
    return make_plan(*endpoints, places=dict.fromkeys(KEYS, HERE), **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"timeout": 30},
        {"timeout": 29, "api": "rest", "routes": "declared"},
        {"timeout": 900, "api": "url", "template": {"FunctionUrlConfig": {"Cors": {}}}},
        {"template": {"Tracing": "Active", "Environment": {"Variables": {"A1": "b"}}}},
        {"template": {"Policies": [{"Fn::ImportValue": "x"}, "arn:aws:iam::aws:policy/x"]}},
        {"template": {"KmsKeyArn": {"Fn::Sub": "x"}, "Tags": {"region": {"Ref": "AWS::Region"}}}},
        {"api_template": {"AccessLogSettings": {"DestinationArn": {"Ref": "NekoLogGroup"}}}},
    ],
)
def test_what_is_sound(options: dict[str, Any]) -> None:
    assert faults_of(planned(**options)) == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (
            {"timeout": 31},
            (
                "timeout",
                "an HTTP API waits at most 30 s, not 31",
                'api = "url" waits up to 900 s',
            ),
        ),
        (
            {"timeout": 30, "api": "rest"},
            (
                "timeout",
                "a REST API waits at most 29 s, not 30",
                'api = "url" waits up to 900 s',
            ),
        ),
        (
            {"api": "url", "routes": "declared"},
            (
                "routes",
                "a function URL has no routes to declare",
                'leave routes out, or take api = "http" or "rest"',
            ),
        ),
        (
            {"api": "url", "api_template": {"Name": "x"}},
            (
                "api_template",
                "a function URL has no API",
                'say FunctionUrlConfig in "template"',
            ),
        ),
        (
            {"template": {"Handler": "x"}},
            ("template.Handler", "the packager decides this property", None),
        ),
        (
            {"template": {"MemorySize": 1}},
            (
                "template.MemorySize",
                "the packager decides this property",
                "say memory, a key beside template",
            ),
        ),
        (
            {"template": {"Tracin": "Active"}},
            (
                "template.Tracin",
                "AWS::Serverless::Function has no such property",
                "did you mean Tracing?",
            ),
        ),
        (
            {"api_template": {"Autho": {}}},
            (
                "api_template.Autho",
                "AWS::Serverless::HttpApi has no such property",
                "did you mean Auth?",
            ),
        ),
        (
            {"template": {"Tags": "cats"}},
            ("template.Tags", "expected a table", None),
        ),
        (
            {"template": {"Environment": {"A": "b"}}},
            ("template.Environment", "expected Variables alone, a table", None),
        ),
        (
            {"template": {"LoggingConfig": {"LogGroup": "x"}}},
            ("template.LoggingConfig.LogGroup", "the function has a log group of its own", None),
        ),
        (
            {"template": {"FunctionUrlConfig": {"AuthType": "AWS_IAM"}}},
            ("template.FunctionUrlConfig", 'the function\'s api is "http"', 'api = "url"'),
        ),
        (
            {"template": {"DeadLetterQueue": {"Type": "SQS"}}},
            (
                "template.DeadLetterQueue",
                "expected TargetArn, which the function's role is to allow",
                None,
            ),
        ),
        (
            {"template": {"DeadLetterQueue": {"TargetArn": "x"}}},
            ("template.DeadLetterQueue", "expected Type, one of SQS, SNS", None),
        ),
        (
            {"template": {"Policies": ["AmazonS3FullAccess"]}},
            (
                "template.Policies",
                "'AmazonS3FullAccess' is neither the ARN of a managed policy nor a policy "
                "with Statement",
                "SAM's own names and templates need a role that SAM writes; write the statement",
            ),
        ),
        (
            {"template": {"VpcConfig": {"SubnetIds": [{"Ref": "Subnet"}]}}},
            ("template.VpcConfig", "the template has nothing named Subnet", REFERENCE_HINT),
        ),
        (
            {"api_template": {"StageName": {"Ref": "AWS::StackName"}}},
            (
                "api_template.StageName",
                "the outputs name the stage, so it must be text",
                None,
            ),
        ),
        (
            {"template": {"Environment": {"Variables": {"BIG": "x" * 4094}}}},
            (
                "template.Environment",
                "the environment has 4097 bytes or more; Lambda takes 4096",
                None,
            ),
        ),
        (
            {
                "settings": {"a": EnvSource("A1"), "b": LiteralSource(1)},
                "template": {"Environment": {"Variables": {"A1": "x"}}},
            },
            (
                "template.Environment.Variables.A1",
                "the variable A1 is the setting a's",
                None,
            ),
        ),
        (
            {"settings": {"a": EnvSource("A" * 5000)}},
            ("settings", "the environment has 5000 bytes or more; Lambda takes 4096", None),
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], fault: tuple[str, str, str | None]) -> None:
    assert faults_of(planned(**options)) == [fault]


def test_too_many_declared_routes() -> None:
    plan = planned(*(f"POST /{number}" for number in range(41)), routes="declared")

    assert faults_of(plan) == [
        (
            "routes",
            "41 routes need more permissions than a function can hold; 40 fit",
            'leave routes out, which is "all"',
        )
    ]


def test_one_key_of_several_groups_is_faulted_once() -> None:
    plans = [planned(name=name, timeout=60) for name in ("neko", "duck")]

    assert len(faults_of(*plans)) == 1


def test_more_than_a_stack_holds() -> None:
    plans = [planned(name=f"p{number}") for number in range(84)]

    assert faults_of(*plans) == [
        (
            "",
            "the template would have 504 resources; a stack has at most 500",
            "build the plugins into several templates",
        ),
        (
            "",
            "the template would have 252 outputs; a stack has at most 200",
            "build the plugins into several templates",
        ),
    ]
