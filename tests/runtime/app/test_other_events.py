"""VPC Lattice, pings, `fail_on`, and whatever else comes where `source = "any"` takes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from endpoint_runtime.app.any_event import AnyEventFailed
from endpoint_runtime.app.invocation import AnswerFailed, answer_event
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from tests.support.applications import MakeApplication
from tests.support.builders import endpoint, http_2

SHOWN = endpoint("""
import json
keys = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "HTTP_HOST", "HTTP_COOKIE",
        "HTTP_X_MANY", "CONTENT_LENGTH", "lambda.authorizer")
shown = {key: r.environ.get(key) for key in keys}
response = Response(json.dumps(shown | {"body": r.get_data(as_text=True), "url": r.url}),
                    content_type="application/json")
response.set_cookie("a", "1")
response.set_cookie("b", "2")
return response
""")
V1 = {
    "raw_path": "/a%2520b/c?x=1&x=2%20",
    "method": "POST",
    "headers": {"host": "svc.example", "x-forwarded-for": "1.2.3.4, 10.0.0.9", "cookie": "k=v"},
    "query_string_parameters": {"x": "2 "},
    "body": "aMOp",
    "is_base64_encoded": True,
}
V2 = {
    "version": "2.0",
    "path": "/a%2520b/c",
    "method": "POST",
    "headers": {
        "host": ["svc.example"],
        "x-forwarded-for": ["1.2.3.4", "10.0.0.9"],
        "cookie": ["k=v", "l=w"],
        "x-many": ["1", "2"],
    },
    "queryStringParameters": {"x": ["1", "2 "]},
    "body": "hé",
    "isBase64Encoded": False,
    "requestContext": {
        "serviceNetworkArn": "arn:network",
        "serviceArn": "arn:service",
        "targetGroupArn": "arn:group",
        "identity": {"sourceVpcArn": "arn:vpc", "type": "AWS_IAM"},
        "region": "eu-west-1",
        "timeEpoch": "1696331543569073",
    },
}


@pytest.mark.parametrize(
    ("event", "query", "cookie", "many", "identity"),
    [
        (V1, "x=1&x=2%20", "k=v", None, None),
        (V2, "x=1&x=2%20", "k=v; l=w", "1, 2", {"sourceVpcArn": "arn:vpc", "type": "AWS_IAM"}),
    ],
)
def test_vpc_lattice(
    make_application: MakeApplication,
    event: dict[str, Any],
    query: str,
    cookie: str,
    many: str | None,
    identity: Any,
) -> None:
    application = make_application({"e.py": SHOWN}, ROUTES=[("/<path:p>", "POST", "e.py")])
    reply = answer_event(application, event, None)
    assert json.loads(reply.pop("body")) == {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/a%20b/c",
        "QUERY_STRING": query,
        "REMOTE_ADDR": "10.0.0.9",
        "HTTP_HOST": "svc.example",
        "HTTP_COOKIE": cookie,
        "HTTP_X_MANY": many,
        "CONTENT_LENGTH": "3",
        "lambda.authorizer": identity,
        "body": "hé",
        "url": f"https://svc.example/a%20b/c?{query}",  # an IRI, as werkzeug has it,
    }
    cookies = {name: value for name, value in reply["headers"].items() if "cookie" in name.lower()}
    assert cookies == {"set-cookie": "a=1; Path=/", "Set-cookie": "b=2; Path=/"}
    assert (reply["statusCode"], reply["statusDescription"]) == (200, "200 OK")


@pytest.mark.parametrize(
    "event", [{"source": "serverless-plugin-warmup"}, {"warmer": True, "n": 1}]
)
def test_a_ping_is_answered_at_once(
    make_application: MakeApplication, event: dict[str, Any]
) -> None:
    application = make_application(WARMUP={"warmer": True})
    assert answer_event(application, event, None) == {}


def test_another_ping_is_none(make_application: MakeApplication) -> None:
    with pytest.raises(NotAnHttpEvent):
        answer_event(make_application(WARMUP={"warmer": True}), {"warmer": False}, None)


def test_an_answer_fails_the_invocation(make_application: MakeApplication) -> None:
    files = {"e.py": endpoint("return Response(status=int(r.path[1:]))")}
    routes = [("/<code>", "GET", "e.py")]
    application = make_application(files, ROUTES=routes, FAIL_ON=(500, 503))
    assert answer_event(application, http_2(path="/502"), None)["statusCode"] == 502
    with pytest.raises(AnswerFailed, match="/<code> answered 503"):
        answer_event(application, http_2(path="/503"), None)


TAKES = endpoint("""
import json
document = r.get_json()
seen = r.environ["lambda.event"]
log = seen.setdefault("log", []) if isinstance(seen, dict) else []
log.append(document)
kind = r.headers["Lambda-Event-Kind"]
if isinstance(document, dict) and "status" in json.dumps(document.get("Records", document)):
    return Response(status=500)
if isinstance(document, dict) and "text" in document:
    return Response("not JSON")
return Response(json.dumps({"kind": kind, "source": r.environ["lambda.source"]}))
""")


def taken(make: MakeApplication, event: Any, reply: str | None = "value") -> Any:
    routes = [("/any", "POST", "e.py")]
    application = make({"e.py": TAKES}, ROUTES=routes, EVENTS=[("any", "/any", reply)])
    return answer_event(application, event, None)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"Records": [{"eventSource": "aws:s3", "s3": {}}]}, "Records of aws:s3"),
        (
            {"triggerSource": "PreSignUp_SignUp", "request": {}},
            "a trigger of a Cognito user pool (PreSignUp_SignUp)",
        ),
        ([{"eventSource": "aws:kinesis"}], "a list of Records of aws:kinesis"),
        ({"agent": {}, "actionGroup": "a"}, "a call by a Bedrock agent"),
        (
            {"info": {"fieldName": "a", "parentTypeName": "Query"}},
            "a field that AppSync resolves",
        ),
        ({"whatever": 1}, "its keys are whatever"),
    ],
)
def test_any_event_is_answered_with_a_value(
    make_application: MakeApplication, event: Any, kind: str
) -> None:
    assert taken(make_application, event) == {"kind": kind, "source": "any"}


def test_without_reply_there_is_none(make_application: MakeApplication) -> None:
    assert taken(make_application, {"whatever": 1}, None) == {}


@pytest.mark.parametrize(
    ("event", "message"),
    [({"status": 1}, "the endpoint answered 500"), ({"text": 1}, "the value, is not JSON")],
)
def test_what_is_not_taken_fails(
    make_application: MakeApplication, event: dict[str, Any], message: str
) -> None:
    with pytest.raises(AnyEventFailed, match=message):
        taken(make_application, event)


def record(source: str, number: int, data: str = "") -> dict[str, Any]:
    if source == "aws:sqs":
        return {"eventSource": source, "messageId": str(number), "body": data}
    key = source.removeprefix("aws:")
    name = {"kinesis": "sequenceNumber", "dynamodb": "SequenceNumber"}[key]
    return {"eventSource": source, key: {name: str(number), "data": data}}


@pytest.mark.parametrize(
    ("source", "tried", "failed"),
    [("aws:kinesis", 2, ["1"]), ("aws:dynamodb", 2, ["1"]), ("aws:sqs", 4, ["1", "3"])],
)
def test_what_failed_of_a_batch_is_reported(
    make_application: MakeApplication, source: str, tried: int, failed: list[str]
) -> None:
    texts = ("ok", "status", "ok", "status")
    event = {"Records": [record(source, number, text) for number, text in enumerate(texts)]}
    assert taken(make_application, event) == {
        "batchItemFailures": [{"itemIdentifier": each} for each in failed]
    }
    assert [len(each["Records"]) for each in event["log"]] == [1] * tried


def test_of_a_fifo_queue_the_rest_comes_again(make_application: MakeApplication) -> None:
    records = [record("aws:sqs", number, text) for number, text in enumerate(("status", "ok"))]
    for each in records:
        each["eventSourceARN"] = "arn:aws:sqs:eu-west-1:123456789012:a.fifo"
    assert taken(make_application, {"Records": records}) == {
        "batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "1"}]
    }
