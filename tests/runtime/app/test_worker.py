"""Events that are not HTTP requests: where they go, what an endpoint sees, how failures end."""

from __future__ import annotations

import copy
import json
import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.app.mapped_events import ARNS_VARIABLE, EventFailed
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from packager.contract import HANDLERS
from tests.support.applications import MakeApplication
from tests.support.builders import Bundle, endpoint, http_2
from tests.support.hostile_api import RuntimeServer
from tests.support.hostile_api import event as loop_event
from tests.support.loop_process import environment, fast_command, start, stock_command

EVENTS = Path(__file__).parents[2] / "events"
QUEUE = "arn:aws:sqs:us-east-2:123456789012:my-queue"
TOPIC = "arn:aws:sns:us-east-1:123456789012:sns-lambda"
# Notes each request in `seen` and answers as the message says.
WORKER = endpoint("""
import json
document = r.get_json()
seen = r.environ["lambda.event"].setdefault("seen", [])
seen.append((r.path, json.dumps(document.get("body", document.get("id")))))
word = document.get("body", "")
if word == "raise":
    raise ValueError("no")
if word == "exit":
    raise SystemExit
if word == "generator":
    def parts():
        yield b"a"
        raise ValueError("midway")
    return Response(parts())
if word == "sleep":
    import time
    time.sleep(0.05)
return Response(status=int(word) if word.isdigit() else 200)
""")


def event_file(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def sqs(*bodies: str, arn: str = QUEUE, groups: str = "") -> dict[str, Any]:
    """A batch of messages 0, 1, 2...; `groups` has a letter for each message's group."""
    (record,) = event_file("sqs")["Records"]
    records = []
    for number, body in enumerate(bodies):
        each = {**copy.deepcopy(record), "messageId": str(number), "body": body}
        each["eventSourceARN"] = arn
        if groups:
            each["attributes"]["MessageGroupId"] = groups[number]
        records.append(each)
    return {"Records": records}


def failures(*numbers: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in numbers]}


@pytest.fixture
def work(make_application: MakeApplication) -> Callable[..., Any]:
    """`work(event, *mappings)`: the reply of a group whose every POST is taken by WORKER."""

    def run(event: object, *mappings: tuple[str, str, str | None], context: Any = None) -> Any:
        routes = [("/<path:p>", "POST", "w.py"), ("/", "POST", "w.py")]
        application = make_application({"w.py": WORKER}, ROUTES=routes, EVENTS=mappings)
        return answer_event(application, event, context)

    return run


Work = Callable[..., Any]


# What the endpoint sees


@pytest.mark.parametrize(
    ("name", "source", "document"),
    [
        ("sqs", "sqs", lambda event: event["Records"][0]),
        ("sns", "sns", lambda event: event["Records"][0]),
        ("eventbridge", "eventbridge", lambda event: event),
    ],
)
def test_an_endpoint_sees_a_post_of_the_event(
    make_application: MakeApplication,
    name: str,
    source: str,
    document: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    event = event_file(name)
    invoke = """
import json
seen = r.environ["lambda.event"].setdefault("seen", {})
seen["request"] = [r.method, r.path, r.url, r.mimetype, dict(values), settings]
seen["headers"] = dict(r.headers)
seen["body"] = r.get_json()
seen["length"] = len(r.get_data())
keys = [key for key in r.environ if key.startswith("lambda.")]
seen["keys"] = {key: r.environ[key] for key in keys if key != "lambda.event"}
return Response()
"""
    application = make_application(
        {"w.py": endpoint(invoke)},
        ROUTES=[("/jobs/<kind>", "POST", "w.py")],
        EVENTS=((source, "/jobs/größe", None),),
        HOOK_ID="hook",
    )
    context = object()
    sent = copy.deepcopy(event)

    answer_event(application, event, context)

    length = len(json.dumps(document(sent), ensure_ascii=False).encode())
    assert event.pop("seen") == {
        "request": [
            *("POST", "/jobs/größe", "http://localhost/jobs/größe"),
            *("application/json", {"kind": "größe"}, {}),
        ],
        "headers": {
            "Host": "localhost",
            "Content-Type": "application/json",
            "Content-Length": str(length),
            "Dify-Hook-Id": "hook",
            "Dify-Hook-Url": "http://localhost" + "/jobs/größe".encode().decode("latin-1"),
        },
        "body": document(sent),
        "length": length,
        "keys": {
            "lambda.source": source,
            "lambda.context": context,
            "lambda.identity": None,
            "lambda.authorizer": None,
        },
    }
    assert event == sent


def test_a_client_cannot_claim_to_be_a_source(make_application: MakeApplication) -> None:
    application = make_application(
        {"w.py": endpoint('return Response(str("lambda.source" in r.environ))')},
        ROUTES=[("/jobs", "POST", "w.py")],
        EVENTS=(("sqs", "/jobs", None),),
    )
    claims = {"lambda.source": "sqs", "lambda-source": "sqs", "Lambda.Source": "sqs"}
    body = json.dumps(event_file("sqs"))

    reply = answer_event(
        application, http_2(method="POST", path="/jobs", headers=claims, body=body), None
    )

    assert reply["body"] == "False"


def test_each_request_leaves_its_line_in_the_log(
    work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    work(sqs("secret", "404"), ("sqs", "/jobs", None))

    lines = [
        line.split("\t")[3].rpartition(" 200")[0] or line.split("\t")[3]
        for line in capsys.readouterr().err.splitlines()
    ]
    assert [line.split(" ")[:2] for line in lines] == [["POST", "/<path:p>"]] * 2


def test_an_exception_is_logged_as_for_a_request(
    work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    work(sqs("raise"), ("sqs", "/jobs", None))

    log = capsys.readouterr().err
    assert "w.py failed\nTraceback" in log
    assert "NotAnHttpEvent" not in log  # which is how it was told from a request


# SQS


@pytest.mark.parametrize(
    ("bodies", "failed"),
    [
        (["a"], []),
        (["a", "204", "201"], []),
        (["a", "raise", "b"], [1]),
        (["exit", "a", "generator", "500"], [0, 2, 3]),
        (["404", "302", "199", "300"], [0, 1, 2, 3]),
    ],
)
def test_failed_messages_are_named_and_no_other(
    work: Work, bodies: list[str], failed: list[int]
) -> None:
    event = sqs(*bodies)

    reply = work(event, ("sqs", "/jobs", QUEUE))

    assert reply == failures(*failed)
    assert event["seen"] == [("/jobs", json.dumps(body)) for body in bodies]


def test_a_fifo_group_stops_at_its_first_failure(work: Work) -> None:
    event = sqs("a", "raise", "b", "c", "d", "500", arn=QUEUE + ".fifo", groups="112211")

    reply = work(event, ("sqs", "/jobs", None))

    assert reply == failures(1, 4, 5)
    assert [body for _, body in event["seen"]] == ['"a"', '"raise"', '"b"', '"c"']


def test_groups_of_a_standard_queue_keep_no_order(work: Work) -> None:
    event = sqs("raise", "a", "b", groups="111")

    assert work(event, ("sqs", "/jobs", None)) == failures(0)
    assert len(event["seen"]) == 3


class Context:
    """Lambda's context with the seconds left before each request of an event, the last for good."""

    aws_request_id = "id"

    def __init__(self, event: Mapping[str, Any], *left: float) -> None:
        self.event, self.left = event, left

    def get_remaining_time_in_millis(self) -> int:
        done = len(self.event.get("seen", ()))
        return int(self.left[min(done, len(self.left) - 1)] * 1000)


def test_what_there_is_no_time_for_comes_again(
    work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    event = sqs("sleep", "raise", "a", "b", "c")

    reply = work(event, ("sqs", "/jobs", None), context=Context(event, 9, 9, 9, 0.54))

    assert reply == failures(1, 3, 4)
    assert [body for _, body in event["seen"]] == ['"sleep"', '"raise"', '"a"']
    assert "no time for 2 of 5 messages, which come again" in capsys.readouterr().err


def test_the_first_message_is_always_tried(work: Work) -> None:
    event = sqs("a")
    assert work(event, ("sqs", "/jobs", None), context=Context(event, 0)) == failures()


# What is not SQS


@pytest.mark.parametrize("name", ["sns", "eventbridge"])
@pytest.mark.parametrize("status", [404, 500, 301])
def test_a_failure_fails_the_invocation(
    make_application: MakeApplication, name: str, status: int
) -> None:
    application = make_application(
        {"w.py": endpoint(f"return Response(status={status})")},
        ROUTES=[("/jobs", "POST", "w.py")],
        EVENTS=((name, "/jobs", None),),
    )
    with pytest.raises(EventFailed) as raised:
        answer_event(application, event_file(name), None)

    assert str(raised.value) == f"POST /jobs answered {status}"
    assert raised.value.__context__ is None


@pytest.mark.parametrize("name", ["sns", "eventbridge"])
def test_success_has_nothing_to_say(work: Work, name: str) -> None:
    assert work(event_file(name), (name, "/jobs", None)) == {}


# Which path


def bridge(source: str = "shop", kind: str = "Order", **more: Any) -> dict[str, Any]:
    return {"version": "0", "id": "1", "detail-type": kind, "source": source, "detail": {}, **more}


def envelope(path: str, event: dict[str, Any]) -> dict[str, Any]:
    return {"path": path, "event": event}


SCHEDULED = bridge("aws.scheduler", "Scheduled Event")
BOTH = (("eventbridge", "/e", None), ("schedule", "/s", None))
TWO = (("eventbridge", "/1", None), ("eventbridge", "/2", None), *BOTH)


@pytest.mark.parametrize(
    ("event", "mappings", "path"),
    [
        (bridge(), BOTH, "/e"),
        (SCHEDULED, BOTH, "/s"),
        (bridge("aws.events", "Scheduled Event"), BOTH, "/s"),
        (bridge("aws.events", "Scheduled Event"), BOTH[:1], "/e"),
        (bridge("aws.events", "Other"), BOTH, "/e"),
        (envelope("/2", bridge()), TWO, "/2"),
        (envelope("/s", SCHEDULED), TWO, "/s"),
        (bridge(), (*BOTH, BOTH[0]), "/e"),
    ],
)
def test_where_an_event_of_eventbridge_goes(
    work: Work, event: dict[str, Any], mappings: Any, path: str
) -> None:
    inner = event.get("event", event)

    assert work(event, *mappings) == {}

    assert event.pop("seen", None) == [(path, '"1"')]
    assert "seen" not in inner


SQS_TWO = (("sqs", "/1", QUEUE), ("sqs", "/2", None), ("sns", "/3", None), ("sqs", "/4", None))


@pytest.mark.parametrize(
    ("arn", "mappings", "known", "path"),
    [
        (QUEUE, SQS_TWO, "", "/1"),
        (QUEUE + "2", SQS_TWO[:3], "", "/2"),
        (QUEUE + "4", SQS_TWO, f"{QUEUE}2 {TOPIC} {QUEUE}4", "/4"),
        (QUEUE + "2", SQS_TWO, f"{QUEUE}2 {TOPIC} {QUEUE}4", "/2"),
        (QUEUE + "9", (SQS_TWO[1], SQS_TWO[1]), "", "/2"),
    ],
)
def test_where_a_message_goes(
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
    arn: str,
    mappings: Any,
    known: str,
    path: str,
) -> None:
    monkeypatch.setenv(ARNS_VARIABLE, known)
    event = sqs("a", arn=arn)

    work(event, *mappings)

    assert event["seen"] == [(path, '"a"')]


TOLD = (
    "this function serves HTTP requests from API Gateway (REST and HTTP APIs), function URLs, "
    "Application Load Balancers and VPC Lattice; this event is none: "
)
MAPPED = "; nor one that is mapped: "


@pytest.mark.parametrize(
    ("event", "mappings", "message"),
    [
        (sqs("a"), [], TOLD + "Records of aws:sqs"),
        (
            sqs("a"),
            [("sqs", "/1", QUEUE + "1"), ("sns", "/2", None)],
            TOLD + f"Records of aws:sqs{MAPPED}sqs {QUEUE}1 to /1, sns to /2",
        ),
        (
            sqs("a", arn=QUEUE + "9"),
            SQS_TWO,
            TOLD + f"Records of aws:sqs{MAPPED}sqs {QUEUE} to /1, sqs to /2, sns to /3, sqs to /4",
        ),
        (
            {"Records": [{"eventSource": "aws:s3"}]},
            BOTH[:1],
            TOLD + f"Records of aws:s3{MAPPED}eventbridge to /e",
        ),
        (
            {"Records": [*sqs("a")["Records"], {"eventSource": "aws:s3"}]},
            [("sqs", "/1", None)],
            TOLD + f"Records of aws:sqs{MAPPED}sqs to /1",
        ),
        (
            {"Records": [{"eventSource": "aws:sqs", "eventSourceARN": QUEUE}]},
            [("sqs", "/1", None)],
            TOLD + f"Records of aws:sqs{MAPPED}sqs to /1",
        ),
        (
            bridge(),
            TWO[:2],
            TOLD + f"an EventBridge event{MAPPED}eventbridge to /1, eventbridge to /2",
        ),
        (
            envelope("/9", bridge()),
            TWO[:2],
            TOLD + f"its keys are event, path{MAPPED}eventbridge to /1, eventbridge to /2",
        ),
        ([], BOTH[:1], "an event is a JSON object, this one is a list"),
    ],
)
def test_what_nothing_maps_is_refused(work: Work, event: Any, mappings: Any, message: str) -> None:
    with pytest.raises(NotAnHttpEvent) as raised:
        work(event, *mappings)

    assert str(raised.value) == message


KEYS = st.sampled_from(
    ["Records", "detail-type", "source", "detail", "path", "event", "eventSource", "EventSource"]
)
VALUES = st.recursive(
    st.none() | st.sampled_from(["aws:sqs", "aws:sns", "/jobs", "aws.scheduler", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(event=VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_event_is_answered_or_refused(work: Work, event: Any) -> None:
    try:
        reply = work(event, *((s, "/jobs", None) for s in ("sqs", "sns", "eventbridge")))
    except (NotAnHttpEvent, EventFailed):
        return
    assert reply in ({}, {"batchItemFailures": []})


# Through both entries


def test_a_start_imports_nothing_for_them(bundle: Callable[..., Bundle]) -> None:
    made = bundle({"w.py": endpoint("return Response(status=400)")}, **MAPPED_BUNDLE)

    done = made.run(
        "import sys\n"
        "from endpoint_runtime.lambda_handler import handler\n"
        "assert 'endpoint_runtime.app.mapped_events' not in sys.modules\n"
        f"print(handler({sqs('a')!r}, None))"
    )

    assert done.stdout == f"{failures(0)}\n", done.stderr


MAPPED_BUNDLE: dict[str, Any] = {
    "ROUTES": (("/jobs", "POST", "w.py"),),
    "EVENTS": (("sqs", "/jobs", None), ("sns", "/jobs", None)),
}


@pytest.mark.parametrize("handler", [None, *HANDLERS.values()])
def test_replies_and_failures_reach_lambda(
    bundle: Callable[..., Bundle], handler: str | None
) -> None:
    """Through the fast entry (None), and the stock client with each adapter's handler."""
    made = bundle({"w.py": WORKER}, **MAPPED_BUNDLE)
    if handler is None:
        command = fast_command(made.folder, Path(sys.executable))
    else:
        command = stock_command(Path(sys.executable), handler)
    sns = event_file("sns")
    unmapped = event_file("eventbridge")
    sns["Records"][0]["body"] = "500"
    events = [sqs("a", "raise"), event_file("sns"), sns, unmapped]
    steps = [loop_event(json.dumps(each).encode(), str(n)) for n, each in enumerate(events)]
    packages = sysconfig.get_path("purelib")

    with RuntimeServer(steps) as server:
        paths = os.pathsep.join([str(made.folder), packages])
        env = environment(server.address, PYTHONPATH=paths)
        process = start(command, made.folder, env)
        try:
            _, log = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()

    posts = [each for each in server.requests if each.call.startswith("POST")]
    said = [(each.call.rpartition("invocation/")[2], json.loads(each.body)) for each in posts]
    refused = f"{TOLD}an EventBridge event{MAPPED}sqs to /jobs, sns to /jobs"
    assert [
        (call, said.get("errorType", said), said.get("errorMessage")) for call, said in said
    ] == [
        ("0/response", failures(1), None),
        ("1/response", {}, None),
        ("2/error", "EventFailed", "POST /jobs answered 500"),
        ("3/error", "NotAnHttpEvent", refused),
    ], log.decode()
