"""Events that are not HTTP requests in the template, through SAM's translator and the linter."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from packager.bundle.literals import render_bundle_literals
from packager.config.read import read_configuration
from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.events import (
    AnyEvent,
    EventMapping,
    PatternEvent,
    QueueEvent,
    ScheduleEvent,
    TopicEvent,
)
from packager.model.options import EnvSource
from packager.plugin.functions import FunctionPlan
from packager.sam.names import event_names, parameter_names
from packager.sam.template import check_template, render_template
from tests.support.template_builders import make_plan, make_setting, of_type, translate
from tests.support.template_tools import TemplateTool

DOCS = Path(__file__).parents[3] / "docs"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:jobs"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0a1b"
PLACE = Place("p.toml", 5, 1)
EVERY: tuple[EventMapping, ...] = (
    QueueEvent(path="/jobs"),
    QueueEvent(path="/jobs", fifo=True, kms_key=KEY),
    QueueEvent(path="/a/b", queue=QUEUE, batch_size=100, batch_window=5, max_concurrency=4),
    TopicEvent(path="/alerts"),
    TopicEvent(path="/alerts/ours", topic=TOPIC),
    PatternEvent(path="/orders", pattern={"source": ["shop"]}, bus="orders"),
    PatternEvent(path="/files", pattern={"source": ["aws.s3"]}, retries=3, max_age=60),
    ScheduleEvent(path="/", expression="rate(5 minutes)"),
    ScheduleEvent(path="/", expression="cron(0 3 * * ? *)", timezone="Europe/Berlin"),
)


def plan_of(*events: EventMapping, name: str = "neko", **options: Any) -> FunctionPlan:
    return make_plan("POST /<path:p>", "POST /", name=name, events=events, **options)


def translated(*events: EventMapping, **options: Any) -> dict[str, Any]:
    return translate(render_template([plan_of(*events, **options)]))


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def allow(*actions: str, on: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def untagged(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key != "Tags"}


def statements(template: Mapping[str, Any], role: str = "NekoRole") -> list[Any]:
    """What a role allows besides writing the log."""
    (policy,) = of_type(template, "AWS::IAM::Role")[role]["Policies"]
    found: list[Any] = policy["PolicyDocument"]["Statement"]
    return [each for each in found if "logs:PutLogEvents" not in each["Action"]]


READ = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def test_a_plugin_without_events_has_nothing_of_them() -> None:
    assert render_template([plan_of()]) == render_template([make_plan("POST /<path:p>", "POST /")])


# SQS


def test_a_queue_of_the_templates_own() -> None:
    template = translated(QueueEvent(path="/jobs"), timeout=20)

    queues = of_type(template, "AWS::SQS::Queue")
    assert {name: untagged(queue) for name, queue in queues.items()} == {
        "NekoJobsQueue": {
            "SqsManagedSseEnabled": True,
            "VisibilityTimeout": 120,
            "RedrivePolicy": {
                "deadLetterTargetArn": arn("NekoJobsDeadLetterQueue"),
                "maxReceiveCount": 5,
            },
        },
        "NekoJobsDeadLetterQueue": {
            "SqsManagedSseEnabled": True,
            "MessageRetentionPeriod": 14 * 24 * 3600,
        },
    }
    assert of_type(template, "AWS::Lambda::EventSourceMapping") == {
        "NekoFunctionOnJobsQueue": {
            "BatchSize": 10,
            "EventSourceArn": arn("NekoJobsQueue"),
            "FunctionName": {"Ref": "NekoFunction"},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
    }
    assert statements(template) == [allow(*READ, on=arn("NekoJobsQueue"))]
    assert of_type(template, "AWS::Lambda::EventInvokeConfig") == {}
    function = of_type(template, "AWS::Lambda::Function")["NekoFunction"]
    assert "PACKAGER_EVENTS" not in function["Environment"]["Variables"]
    outputs = {name: each["Value"] for name, each in template["Outputs"].items()}
    assert outputs["NekoJobsQueueUrl"] == {"Ref": "NekoJobsQueue"}
    assert outputs["NekoJobsQueueArn"] == arn("NekoJobsQueue")
    assert outputs["NekoJobsDeadLetterQueueUrl"] == {"Ref": "NekoJobsDeadLetterQueue"}


def test_a_queue_that_is_there_already() -> None:
    event = QueueEvent(
        path="/jobs", queue=QUEUE, batch_size=100, batch_window=5, max_concurrency=4, kms_key=KEY
    )
    template = translated(event)

    assert of_type(template, "AWS::SQS::Queue") == {}
    assert of_type(template, "AWS::Lambda::EventSourceMapping") == {
        "NekoFunctionOnJobsQueue": {
            "BatchSize": 100,
            "EventSourceArn": QUEUE,
            "FunctionName": {"Ref": "NekoFunction"},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumBatchingWindowInSeconds": 5,
            "ScalingConfig": {"MaximumConcurrency": 4},
        }
    }
    assert statements(template) == [allow(*READ, on=QUEUE), allow("kms:Decrypt", on=KEY)]


def test_a_fifo_queue_with_a_key_has_a_fifo_dead_letter_queue() -> None:
    event = QueueEvent(path="/", fifo=True, kms_key=KEY, max_receives=2, visibility_timeout=900)
    template = translated(event)

    queues = of_type(template, "AWS::SQS::Queue")
    assert {name: untagged(queue) for name, queue in queues.items()} == {
        "NekoRootQueue": {
            "FifoQueue": True,
            "KmsMasterKeyId": KEY,
            "VisibilityTimeout": 900,
            "RedrivePolicy": {
                "deadLetterTargetArn": arn("NekoRootDeadLetterQueue"),
                "maxReceiveCount": 2,
            },
        },
        "NekoRootDeadLetterQueue": {
            "FifoQueue": True,
            "KmsMasterKeyId": KEY,
            "MessageRetentionPeriod": 1209600,
        },
    }


@pytest.mark.parametrize(
    ("timeout", "window", "visibility"), [(29, 0, 174), (1, 300, 306), (900, 300, 5700)]
)
def test_messages_in_work_stay_hidden_as_aws_advises(
    timeout: int, window: int, visibility: int
) -> None:
    event = QueueEvent(path="/jobs", batch_window=window)
    template = translated(event, timeout=timeout, api="url")

    queue = of_type(template, "AWS::SQS::Queue")["NekoJobsQueue"]
    assert queue["VisibilityTimeout"] == visibility


def test_queues_of_several_paths_are_told_apart_by_a_variable() -> None:
    events = (
        QueueEvent(path="/1"),
        QueueEvent(path="/2", queue=QUEUE),
        TopicEvent(path="/3"),
        QueueEvent(path="/4"),
    )
    settings = {"s": EnvSource("SET")}
    plan = plan_of(*events, declared=[make_setting("s")], settings=settings)
    template = translate(render_template([plan]))

    function = of_type(template, "AWS::Lambda::Function")["NekoFunction"]
    assert function["Environment"]["Variables"] == {
        "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/start_fast",
        "SET": {"Ref": "Set"},
        "PACKAGER_EVENTS": {"Fn::Sub": "${Neko1Queue.Arn} ${Neko3Topic} ${Neko4Queue.Arn}"},
    }
    literals: dict[str, Any] = {}
    exec(render_bundle_literals(plan), literals)
    assert literals["EVENTS"] == (
        ("sqs", "/1", None),
        ("sqs", "/2", QUEUE),
        ("sns", "/3", None),
        ("sqs", "/4", None),
    )


# SNS, EventBridge, schedules


FAILED = arn("NekoFailedEventsQueue")
DELIVERY = {
    "DeadLetterConfig": {"Arn": FAILED},
    "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
}


def may_send(service: str, *sources: Any) -> dict[str, Any]:
    return {
        **allow("sqs:SendMessage", on=FAILED),
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": list(sources)}},
    }


def permissions(template: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Who may invoke the function, besides its API."""
    found = of_type(template, "AWS::Lambda::Permission").values()
    assert all(each["FunctionName"] == {"Ref": "NekoFunction"} for each in found)
    return [
        (each["Principal"], each["SourceArn"])
        for each in found
        if each["Principal"] != "apigateway.amazonaws.com"
    ]


@pytest.mark.parametrize("topic", [None, TOPIC])
def test_a_topic(topic: str | None) -> None:
    template = translated(TopicEvent(path="/alerts", topic=topic))

    source: Any = topic or {"Ref": "NekoAlertsTopic"}
    assert list(of_type(template, "AWS::SNS::Topic")) == ([] if topic else ["NekoAlertsTopic"])
    assert of_type(template, "AWS::SNS::Subscription") == {
        "NekoFunctionOnAlertsTopic": {
            "Endpoint": arn("NekoFunction"),
            "Protocol": "lambda",
            "TopicArn": source,
            "RedrivePolicy": {"deadLetterTargetArn": FAILED},
        }
    }
    assert permissions(template) == [("sns.amazonaws.com", source)]
    (policy,) = of_type(template, "AWS::SQS::QueuePolicy").values()
    assert policy["Queues"] == [{"Ref": "NekoFailedEventsQueue"}]
    assert policy["PolicyDocument"]["Statement"] == [may_send("sns", source)]


def test_a_rule_of_a_bus() -> None:
    template = translated(PatternEvent(path="/orders", pattern={"source": ["shop"]}, bus="orders"))

    (rule,) = of_type(template, "AWS::Events::Rule").values()
    (target,) = rule.pop("Targets")
    assert rule == {"EventBusName": "orders", "EventPattern": {"source": ["shop"]}}
    identifier = target.pop("Id")
    assert isinstance(identifier, str)
    assert target == {"Arn": arn("NekoFunction"), **DELIVERY}
    source = arn("NekoFunctionOnOrdersRule")
    assert permissions(template) == [("events.amazonaws.com", source)]
    (policy,) = of_type(template, "AWS::SQS::QueuePolicy").values()
    assert policy["PolicyDocument"]["Statement"] == [may_send("events", source)]


def test_rules_of_several_paths_say_where_to() -> None:
    events = [PatternEvent(path=path, pattern={"source": ["a"]}) for path in ('/"x"', "/é", "/é")]
    template = translated(*events)

    rules = of_type(template, "AWS::Events::Rule")
    assert {
        name: rule["Targets"][0]["InputTransformer"]["InputTemplate"]
        for name, rule in rules.items()
    } == {
        "NekoFunctionOnXRule": '{"path": "/\\"x\\"", "event": <aws.events.event.json>}',
        "NekoFunctionOnRootRule": '{"path": "/é", "event": <aws.events.event.json>}',
        "NekoFunctionOnRoot2Rule": '{"path": "/é", "event": <aws.events.event.json>}',
    }


def test_a_schedule() -> None:
    event = ScheduleEvent(
        path="/${night}",
        expression="cron(0 3 * * ? *)",
        timezone="Europe/Berlin",
        input={"kind": "${AWS::Region} <b>", "n": [1]},
        retries=0,
        max_age=60,
    )
    template = translated(event)

    (schedule,) = of_type(template, "AWS::Scheduler::Schedule").values()
    written = schedule["Target"].pop("Input")["Fn::Sub"]
    assert schedule == {
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": arn("NekoFunction"),
            "RoleArn": arn("NekoScheduleRole"),
            "DeadLetterConfig": {"Arn": FAILED},
            "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0},
        },
    }
    # As CloudFormation substitutes, and then Scheduler.
    sent = re.sub(r"\$\{AWS::(\w+)\}", r"\1", written).replace("${!", "${")
    assert json.loads(sent) == {
        "path": "/${night}",
        "event": {
            "version": "0",
            "id": "<aws.scheduler.execution-id>",
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": "AccountId",
            "time": "<aws.scheduler.scheduled-time>",
            "region": "Region",
            "resources": ["<aws.scheduler.schedule-arn>"],
            "detail": {"kind": "${AWS::Region} <b>", "n": [1]},
        },
    }
    role = of_type(template, "AWS::IAM::Role")["NekoScheduleRole"]
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        }
    ]
    assert statements(template, "NekoScheduleRole") == [
        allow("lambda:InvokeFunction", on=arn("NekoFunction")),
        allow("sqs:SendMessage", on=FAILED),
    ]
    assert permissions(template) == []
    assert of_type(template, "AWS::SQS::QueuePolicy") == {}


ASYNCHRONOUS = [
    TopicEvent(path="/x"),
    PatternEvent(path="/x", pattern={"source": ["a"]}),
    ScheduleEvent(path="/x", expression="rate(1 hour)"),
]


@pytest.mark.parametrize("event", ASYNCHRONOUS)
def test_what_the_function_fails_at_is_kept(event: EventMapping) -> None:
    template = translated(event)

    assert of_type(template, "AWS::Lambda::EventInvokeConfig") == {
        "NekoFunctionEventInvokeConfig": {
            "DestinationConfig": {"OnFailure": {"Destination": FAILED}},
            "FunctionName": {"Ref": "NekoFunction"},
            "Qualifier": "$LATEST",
        }
    }
    assert statements(template) == [allow("sqs:SendMessage", on=FAILED)]
    queue = of_type(template, "AWS::SQS::Queue")["NekoFailedEventsQueue"]
    assert untagged(queue) == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 1209600}
    assert template["Outputs"]["NekoFailedEventsQueueUrl"]["Value"] == {
        "Ref": "NekoFailedEventsQueue"
    }


OWN = "arn:aws:sqs:eu-west-1:123456789012:failed"


@pytest.mark.parametrize(
    "properties",
    [
        {"DeadLetterQueue": {"Type": "SQS", "TargetArn": OWN}},
        {
            "EventInvokeConfig": {
                "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": OWN}}
            }
        },
    ],
)
def test_a_place_of_the_users_for_failures_goes_before_ours(properties: dict[str, Any]) -> None:
    template = translated(TopicEvent(path="/x"), template=properties)

    assert statements(template) == [allow("sqs:SendMessage", on=OWN)]
    assert FAILED not in [
        config["DestinationConfig"]["OnFailure"]["Destination"]
        for config in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    ]


def test_other_wishes_for_failures_are_merged() -> None:
    wishes = {"EventInvokeConfig": {"MaximumRetryAttempts": 0}}
    template = translated(TopicEvent(path="/x"), template=wishes)

    (config,) = of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    assert config["MaximumRetryAttempts"] == 0
    assert config["DestinationConfig"] == {"OnFailure": {"Destination": FAILED}}


def test_an_alias_is_what_events_come_to() -> None:
    properties = {
        "AutoPublishAlias": "live",
        "RolePath": "/edge/",
        "PermissionsBoundary": "arn:aws:iam::123456789012:policy/edge",
    }
    template = translated(*EVERY, template=properties)

    alias = {"Ref": "NekoFunctionAliaslive"}
    targets = [
        *(
            each["FunctionName"]
            for each in of_type(template, "AWS::Lambda::EventSourceMapping").values()
        ),
        *(each["Endpoint"] for each in of_type(template, "AWS::SNS::Subscription").values()),
        *(each["Targets"][0]["Arn"] for each in of_type(template, "AWS::Events::Rule").values()),
        *(each["Target"]["Arn"] for each in of_type(template, "AWS::Scheduler::Schedule").values()),
        statements(template, "NekoScheduleRole")[0]["Resource"],
    ]
    assert targets == [alias] * (len(EVERY) + 1)
    roles = of_type(template, "AWS::IAM::Role")
    assert roles["NekoScheduleRole"]["Path"] == roles["NekoRole"]["Path"] == "/edge/"
    assert (
        roles["NekoScheduleRole"]["PermissionsBoundary"]
        == roles["NekoRole"]["PermissionsBoundary"]
        == properties["PermissionsBoundary"]
    )


# names


def test_names_never_meet() -> None:
    queues = ("/a", "/a/", "/A", "/a2", "/a/dead/letter", "/failed/events")
    events: list[EventMapping] = [
        *(QueueEvent(path=path) for path in queues),
        *(TopicEvent(path=path) for path in ("/a", "/é")),
        ScheduleEvent(path="/" + "x" * 300, expression="rate(1 hour)"),
    ]
    assert event_names(plan_of(*events)) == (
        *("AQueue", "A2Queue", "A3Queue", "A22Queue", "ADeadLetter2Queue", "FailedEvents2Queue"),
        *("ATopic", "RootTopic", "X" + "x" * 99 + "Schedule"),
    )


def test_a_parameter_makes_way_for_a_queue() -> None:
    names = parameter_names(
        [
            plan_of(
                QueueEvent(path="/jobs"),
                declared=[make_setting("q")],
                settings={"q": EnvSource("NEKO_JOBS_QUEUE")},
            )
        ]
    )
    assert names == {"NEKO_JOBS_QUEUE": "NekoJobsQueue2"}


# what AWS would refuse


def faults_of(*plans: FunctionPlan) -> list[Diagnostic]:
    diagnostics = Diagnostics()
    check_template(plans, diagnostics)
    return diagnostics.all


def placed(**values: Any) -> QueueEvent:
    places = {"": Place("p.toml", 1, 1), **dict.fromkeys(values, PLACE)}
    return QueueEvent(path="/jobs", places=places, **values)


def test_every_kind_at_once_is_fine() -> None:
    assert faults_of(plan_of(*EVERY)) == []


def test_a_message_visible_again_before_the_function_is_done() -> None:
    assert faults_of(plan_of(placed(visibility_timeout=28))) == [
        Diagnostic(
            "conflicting-keys",
            "Lambda refuses a queue whose messages are visible again after 28 s, before the "
            "function's timeout, 29 s",
            PLACE,
            "events.visibility_timeout",
            "leave it out, which is 174 s",
        )
    ]


def test_a_visibility_below_the_advice_is_a_warning() -> None:
    assert faults_of(plan_of(placed(visibility_timeout=29))) == [
        Diagnostic(
            "short-visibility",
            "AWS advises at least 174 s, six times the function's timeout and the batch window, "
            "not 29",
            PLACE,
            "events.visibility_timeout",
            None,
            "warning",
        )
    ]
    assert faults_of(plan_of(placed(visibility_timeout=174))) == []


def test_more_at_a_time_than_the_function_has() -> None:
    plan = plan_of(placed(max_concurrency=6), template={"ReservedConcurrentExecutions": 5})
    assert faults_of(plan) == [
        Diagnostic(
            "conflicting-keys",
            "more than the 5 invocations that ReservedConcurrentExecutions leaves the function",
            PLACE,
            "events.max_concurrency",
        )
    ]


def test_the_variable_is_ours() -> None:
    plan = plan_of(
        QueueEvent(path="/1"),
        QueueEvent(path="/2"),
        declared=[make_setting("s")],
        settings={"s": EnvSource("PACKAGER_EVENTS")},
        template={"Environment": {"Variables": {"PACKAGER_EVENTS": "x"}}},
    )
    message = "the variable PACKAGER_EVENTS says which queues and topics are the events'"
    assert [diagnostic.key for diagnostic in faults_of(plan) if diagnostic.message == message] == [
        "settings.s",
        "template.Environment.Variables.PACKAGER_EVENTS",
    ]


def test_two_functions_whose_queues_would_be_one() -> None:
    first = plan_of(QueueEvent(path="/jobs/x", places={"": PLACE}))
    second = plan_of(QueueEvent(path="/x"), name="neko_jobs")

    message = "the functions NekoFunction and NekoJobsFunction would both have a resource "
    hint = "change the path of an event, or the name of a group's file"
    assert [(diagnostic.message, diagnostic.hint) for diagnostic in faults_of(first, second)] == [
        (f"{message}{name}", hint) for name in ("NekoJobsXDeadLetterQueue", "NekoJobsXQueue")
    ]


def test_events_count_as_resources() -> None:
    count = len(translated(*EVERY)["Resources"])
    plans = [plan_of(*EVERY, name=f"p{number}") for number in range(500 // count + 1)]

    assert [diagnostic.message for diagnostic in faults_of(*plans)] == [
        f"the template would have {count * len(plans)} resources; a stack has at most 500"
    ]


# through AWS's own tools


def documented(folder: Path) -> list[str]:
    """The template of each block of configuration that the page on events shows."""
    text = (DOCS / "events.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    paths = ("POST /jobs", "POST /alerts", "POST /orders", "POST /refunds", "POST /nightly")
    templates = []
    for block in blocks:
        plan = make_plan(*paths)
        (folder / "pyproject.toml").write_text(block, encoding="utf-8")
        diagnostics = Diagnostics()
        options = read_configuration(PluginFolder(folder, "neko"), [plan.group], diagnostics)
        plan = replace(plan, options=options["neko"])
        check_template([plan], diagnostics)
        assert diagnostics.all == []
        assert plan.options.events
        templates.append(render_template([plan]))
    assert templates
    return templates


def test_the_linter_has_nothing_to_say(template_tool: TemplateTool, tmp_path: Path) -> None:
    plans = [
        plan_of(*EVERY, name=f"p{number}", api=api, template=properties)
        for number, (api, properties) in enumerate(
            [("http", {}), ("rest", {}), ("url", {}), ("http", {"AutoPublishAlias": "live"})]
        )
    ]
    for number, text in enumerate([render_template(plans), *documented(tmp_path)]):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    files = sorted(map(str, tmp_path.glob("*.yaml")))

    result = template_tool("cfn-lint", "-r", "eu-west-1", "-t", *files, cwd=tmp_path)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.filterwarnings("ignore:Tried to parse AWS..")
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_cloudformation_creates_what_moto_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    events = (
        QueueEvent(path="/jobs"),
        TopicEvent(path="/alerts"),
        PatternEvent(path="/orders", pattern={"source": ["shop"]}),
        ScheduleEvent(path="/nightly", expression="rate(1 day)"),
    )
    template = translated(*events)
    del template["Outputs"]
    # What moto has no CloudFormation for, as it has none for subscriptions and schedules.
    for kind in ("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"):
        for name in of_type(template, kind):
            del template["Resources"][name]
    for name, permission in of_type(template, "AWS::Lambda::Permission").items():
        if permission["Principal"] == "apigateway.amazonaws.com":
            del template["Resources"][name]
    with mock_aws():
        session = boto3.Session(region_name="eu-west-1")
        session.client("s3").create_bucket(
            Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        session.client("s3").put_object(Bucket="bucket", Key="key", Body=b"zip")
        cloudformation = session.client("cloudformation")
        for stack in ("one", "two"):  # two stacks of one template don't collide
            cloudformation.create_stack(
                StackName=stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
            )
        statuses = [each["StackStatus"] for each in cloudformation.describe_stacks()["Stacks"]]
        sqs = session.client("sqs")
        urls = sqs.list_queues()["QueueUrls"]
        attributes = [
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            for url in urls
        ]
        mappings = session.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        topics = session.client("sns").list_topics()["Topics"]
        events_client = session.client("events")
        rules = events_client.list_rules()["Rules"]
        targets = [
            target
            for rule in rules
            for target in events_client.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        ]

    assert statuses == ["CREATE_COMPLETE"] * 2
    redriven = {
        each["QueueArn"]: json.loads(each["RedrivePolicy"])["deadLetterTargetArn"]
        for each in attributes
        if "RedrivePolicy" in each
    }
    assert {each["EventSourceArn"] for each in mappings} == set(redriven)
    assert len(redriven) == len(set(redriven.values())) == 2
    assert len(urls) == 6
    assert (len(topics), len(rules)) == (2, 2)
    assert {each["DeadLetterConfig"]["Arn"] for each in targets} <= {
        each["QueueArn"] for each in attributes
    }


def test_filters_and_pollers_of_a_queue() -> None:
    pattern = {"body": {"kind": ["order"]}}
    event = QueueEvent(path="/jobs", filters=(pattern,), pollers=(2, 20))
    mapping = translated(event)["Resources"]["NekoFunctionOnJobsQueue"]["Properties"]
    assert [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]] == [
        pattern
    ]
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": 2, "MaximumPollers": 20}


def test_whatever_nothing_else_maps_makes_no_source() -> None:
    found = translated(AnyEvent(path="/any", reply="value"))["Resources"]
    added = found.keys() - translated()["Resources"].keys()
    assert {each for each in added if "Version" not in each and "Deployment" not in each} == {
        "NekoFailedEventsQueue",
        "NekoFunctionEventInvokeConfig",
    }
