"""Events that are not HTTP requests are refused by name, and none of their values is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from endpoint_runtime.gateway.unknown_events import source_of
from tests.support.applications import MakeApplication
from tests.support.builders import ECHO, http_1, http_2, rest

ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/request"
SECRET = "s3cr3t of a client"
# What each service sends, as its pages print it, cut to what tells it from others.
EVENTS: dict[str, tuple[object, str]] = {
    "authorizer by token": (
        {"type": "TOKEN", "authorizationToken": SECRET, "methodArn": ARN},
        "the question of a Lambda authorizer (TOKEN)",
    ),
    "authorizer of a REST API": (
        rest() | {"type": "REQUEST", "methodArn": ARN},
        "the question of a Lambda authorizer (REQUEST)",
    ),
    "authorizer of an HTTP API, 1.0": (
        http_1() | {"type": "REQUEST", "methodArn": ARN, "identitySource": SECRET},
        "the question of a Lambda authorizer (REQUEST)",
    ),
    "authorizer of an HTTP API, 2.0": (
        http_2() | {"type": "REQUEST", "routeArn": ARN, "identitySource": [SECRET]},
        "the question of a Lambda authorizer (REQUEST)",
    ),
    "authorizer of a WebSocket API": (
        {
            "type": "REQUEST",
            "methodArn": ARN,
            "headers": {},
            "requestContext": {"connectionId": "a=", "eventType": "CONNECT"},
        },
        "the question of a Lambda authorizer (REQUEST)",
    ),
    "authorizer of AppSync": (
        {
            "authorizationToken": SECRET,
            "requestContext": {"apiId": "a", "queryString": SECRET, "variables": {}},
            "requestHeaders": {},
        },
        "an AppSync authorizer's question",
    ),
    "authorizer of IoT Core": (
        {"token": SECRET, "signatureVerified": False, "protocols": [], "protocolData": {}},
        "the question of an IoT Core authorizer",
    ),
    "Transfer Family": (
        {
            "username": "a",
            "password": SECRET,
            "protocol": "SFTP",
            "serverId": "s-1",
            "sourceIp": "::1",
        },
        "the question of a Transfer Family server",
    ),
    "WebSocket API": (
        {"requestContext": {"connectionId": "a=", "routeKey": "$default"}, "body": SECRET},
        "an API Gateway WebSocket message",
    ),
    "CloudFront": (
        {"Records": [{"cf": {"config": {"eventType": "viewer-request"}, "request": {}}}]},
        "a request of CloudFront (Lambda@Edge, viewer-request)",
    ),
    "CloudFront, cut": ({"Records": [{"cf": {}}]}, "a request of CloudFront (Lambda@Edge)"),
    "Cognito": (
        {
            "version": "1",
            "triggerSource": "PreSignUp_SignUp",
            "userPoolId": "us-east-1_a",
            "request": {"userAttributes": {"email": SECRET}},
            "response": {},
        },
        "a trigger of a Cognito user pool (PreSignUp_SignUp)",
    ),
    "Cognito Sync": (
        {"version": 2, "eventType": "SyncTrigger", "identityPoolId": "a", "datasetName": "d"},
        "a Cognito Sync event",
    ),
    "Bedrock agent, API schema": (
        {
            "messageVersion": "1.0",
            "agent": {"name": "a", "id": "b"},
            "inputText": SECRET,
            "actionGroup": "g",
            "apiPath": "/a",
            "httpMethod": "GET",
        },
        "a call by a Bedrock agent",
    ),
    "Bedrock agent, function": (
        {"messageVersion": "1.0", "agent": {}, "actionGroup": "g", "function": "f"},
        "a call by a Bedrock agent",
    ),
    "Bedrock agent, prompt": (
        {"messageVersion": "1.0", "agent": {"name": "a"}, "invokeModelRawResponse": SECRET},
        "a call by a Bedrock agent",
    ),
    "Lex V2": (
        {
            "messageVersion": "1.0",
            "invocationSource": "FulfillmentCodeHook",
            "bot": {},
            "sessionState": {},
            "inputTranscript": SECRET,
        },
        "an event of a Lex bot (FulfillmentCodeHook)",
    ),
    "Lex V1": (
        {"messageVersion": "1.0", "bot": {}, "currentIntent": {}, "userId": SECRET},
        "an event of a Lex bot",
    ),
    "Connect": (
        {"Name": "ContactFlowEvent", "Details": {"ContactData": {}, "Parameters": {}}},
        "an event of Amazon Connect (ContactFlowEvent)",
    ),
    "Chime": (
        {"SchemaVersion": "1.0", "invocationEventType": "NEW_INBOUND_CALL", "CallDetails": {}},
        "an event of Chime's SIP media",
    ),
    "Alexa skill": (
        {"version": "1.0", "session": {}, "context": {}, "request": {"type": "LaunchRequest"}},
        "a request of an Alexa skill (LaunchRequest)",
    ),
    "Alexa, without a session": (
        {
            "version": "1.0",
            "context": {"System": {}},
            "request": {"type": "AudioPlayer.PlaybackStarted"},
        },
        "a request of an Alexa skill (AudioPlayer.PlaybackStarted)",
    ),
    "Alexa smart home": (
        {"directive": {"header": {"namespace": "Alexa.Discovery"}, "payload": {}}},
        "a directive of an Alexa smart home (Alexa.Discovery)",
    ),
    "AppSync resolver": (
        {
            "arguments": {"id": SECRET},
            "identity": None,
            "source": None,
            "request": {"headers": {}},
            "info": {"fieldName": "post", "parentTypeName": "Query", "variables": {}},
        },
        "a field that AppSync resolves",
    ),
    "AppSync channel": (
        {"info": {"channel": {"path": "/a"}, "operation": "PUBLISH"}, "events": [SECRET]},
        "an event of an AppSync channel (PUBLISH)",
    ),
    "CloudWatch Logs": ({"awslogs": {"data": SECRET}}, "log lines of CloudWatch Logs"),
    "CloudWatch alarm": (
        {"source": "aws.cloudwatch", "alarmArn": "a", "accountId": "1", "alarmData": {}},
        "the action of a CloudWatch alarm",
    ),
    "Config": (
        {"invokingEvent": SECRET, "ruleParameters": "{}", "configRuleName": "a"},
        "the question of an AWS Config rule",
    ),
    "CloudFormation": (
        {"RequestType": "Create", "ResponseURL": "https://a", "StackId": "a"},
        "a custom resource of CloudFormation (Create)",
    ),
    "CodePipeline": ({"CodePipeline.job": {"id": "a"}}, "a job of CodePipeline"),
    "CodeDeploy": (
        {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": SECRET},
        "a hook of CodeDeploy",
    ),
    "Secrets Manager": (
        {"Step": "createSecret", "SecretId": "a", "ClientRequestToken": SECRET},
        "the rotation of a secret (createSecret)",
    ),
    "S3 Object Lambda": (
        {"xAmzRequestId": "a", "getObjectContext": {"outputToken": SECRET}},
        "a request of S3 Object Lambda",
    ),
    "S3 Batch": (
        {"invocationSchemaVersion": "1.0", "invocationId": "a", "job": {}, "tasks": []},
        "a batch of S3 Batch Operations",
    ),
    "Firehose": (
        {"invocationId": "a", "deliveryStreamArn": "a", "records": [{"data": SECRET}]},
        "records of Data Firehose to transform",
    ),
    "Kinesis Analytics": (
        {"invocationId": "a", "applicationArn": "a", "records": []},
        "records of Kinesis Data Analytics",
    ),
    "Kafka": (
        {"eventSource": "aws:kafka", "records": {"topic-0": [{"value": SECRET}]}},
        "records of aws:kafka",
    ),
    "Kafka of one's own": (
        {"eventSource": "SelfManagedKafka", "records": {}},
        "records of SelfManagedKafka",
    ),
    "ActiveMQ": ({"eventSource": "aws:mq", "messages": []}, "records of aws:mq"),
    "RabbitMQ": ({"eventSource": "aws:rmq", "rmqMessagesByQueue": {}}, "records of aws:rmq"),
    "DocumentDB": ({"eventSource": "aws:docdb", "events": []}, "records of aws:docdb"),
    "IoT button": (
        {"serialNumber": "G030", "batteryVoltage": "1mV", "clickType": "SINGLE"},
        "the click of an IoT button",
    ),
    "IoT 1-Click": ({"deviceInfo": {}, "deviceEvent": {}}, "an IoT 1-Click event"),
    "IoT rule": ({"temperature": 21, "device": SECRET}, "its keys are device, temperature"),
    "Redshift": (
        {"external_function": "f", "num_records": 1, "arguments": [[SECRET]]},
        "a call by a Redshift function",
    ),
    "WorkMail": (
        {"messageId": "a", "flowDirection": "INBOUND", "envelope": {"mailFrom": SECRET}},
        "a message of WorkMail (INBOUND)",
    ),
    "destination": (
        {"requestContext": {"functionArn": "a", "condition": "Success"}, "requestPayload": {}},
        "the result of another invocation",
    ),
    "Step Functions": (
        {"input": SECRET, "taskToken": SECRET},
        "a task of Step Functions (with its token)",
    ),
    "EventBridge": (
        {"detail-type": SECRET, "source": SECRET, "detail": {}},
        "an EventBridge event",
    ),
    "EventBridge Pipes": ([{"eventSource": "aws:sqs", "body": SECRET}],
        "a list of Records of aws:sqs, as EventBridge Pipes send them",
    ),
    "hello-world": (
        {"key1": "value1", "key2": "value2", "key3": "value3"},
        "the console's test event hello-world",
    ),
    "no records": ({"Records": []}, "Records of nothing"),
    "records of no kind": ({"Records": [{"a": SECRET}]}, "Records of unknown"),
    "records that are none": ({"Records": [SECRET]}, "Records of unknown"),
    # What might be a value of a client's is not shown.
    "odd kinds": (
        {"triggerSource": SECRET, "userPoolId": "a"},
        "a trigger of a Cognito user pool",
    ),
    "an odd source": ({"eventSource": SECRET, "records": {}}, "its keys are eventSource, records"),
    "odd keys": (
        {"\x1b[2J": 1, "a" * 100: 1, "\ud800": 2},
        "its keys are \\ud800, \\x1b[2J, " + "a" * 64,
    ),
    "nothing": ({}, "its keys are none"),
    "a method without a path": ({"httpMethod": "GET"}, "its keys are httpMethod"),
    "a path without a method": ({"path": "/a", "headers": {}}, "its keys are headers, path"),
}  # fmt: skip
for _kind in ("s3", "dynamodb", "kinesis", "codecommit", "ses", "sqs"):
    EVENTS[_kind] = (
        {"Records": [{"eventSource": f"aws:{_kind}", "data": SECRET}]},
        f"Records of aws:{_kind}",
    )
EVENTS["sns"] = ({"Records": [{"EventSource": "aws:sns"}]}, "Records of aws:sns")


@pytest.mark.parametrize("name", EVENTS)
def test_they_are_named(name: str) -> None:
    event, kind = EVENTS[name]

    with pytest.raises(NotAnHttpEvent) as caught:
        source_of(event)

    assert str(caught.value) == (
        "this function serves HTTP requests from API Gateway (REST and HTTP APIs), function URLs, "
        f"Application Load Balancers and VPC Lattice; this event is none: {kind}"
    )
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("event", "kind"),
    [(None, "NoneType"), ([], "list"), ("text", "str"), (5, "int"), (True, "bool")],
)
def test_what_is_no_object(event: object, kind: str) -> None:
    with pytest.raises(NotAnHttpEvent) as caught:
        source_of(event)

    assert str(caught.value) == f"an event is a JSON object, this one is a {kind}"


@pytest.mark.parametrize("name", EVENTS)
def test_no_endpoint_sees_them(make_application: MakeApplication, name: str) -> None:
    """They are an error for who invoked the function: API Gateway lets nobody in, say."""
    event: Any = json.loads(json.dumps(EVENTS[name][0]))
    called = ECHO.replace("return Response", "raise SystemExit; return Response")
    application = make_application(
        {"e.py": called}, ROUTES=[(rule, "GET", "e.py") for rule in ("/", "/<path:p>")]
    )

    with pytest.raises(NotAnHttpEvent):
        answer_event(application, event, None)
