"""Deferred routes on moto's queues: acknowledged, worked off, tried again, given up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.deferred import messages
from endpoint_runtime.deferred.attach import attach
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from packager.bundle.deferred_literal import deferred_literal
from packager.contract import DEAD_QUEUE_VARIABLE, ORDERED_QUEUE_VARIABLE, QUEUE_VARIABLE
from packager.model.deferred import DeferredRoute, InlineRule, RequestValue, WorkerOptions
from packager.model.options import Options
from tests.support.applications import MakeApplication
from tests.support.aws.deferred_queues import Context, Queues, make_queues
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import Bundle, endpoint, http_2

# Answers as the body says, and notes what it sees.
HOOK = endpoint("""
import seen
document = r.get_json()
seen.all.append((r.method, r.path, document, r.environ.get("lambda.deferred"), settings))
if document.get("do") == "raise":
    raise RuntimeError("no")
return Response("worked", status=document.get("status", 200))
""")
CHECKS = """
from werkzeug import Response
def signed(request, settings):
    request.get_data()
    return request.headers.get("X-Signature") == settings["secret"]
def only_request(request):
    return Response("go away", status=401)
def odd(*arguments):
    return "yes"
"""
FILES = {"hook.py": HOOK, "checks.py": CHECKS, "seen.py": "all = []\n"}
ROUTES = [("/hook", "POST", "hook.py"), ("/hook", "GET", "hook.py"), ("/hook", "PUT", "hook.py")]


@pytest.fixture
def queues(moto_here: MotoServer) -> Queues:
    return make_queues(moto_here)


class Stack:
    """A function with deferred routes and its worker, over one plugin."""

    def __init__(self, queues: Queues, make: Callable[..., Application], **options: Any) -> None:
        self.queues = queues
        self._make = make
        self._options = options

    def _application(self, **route: Any) -> tuple[Application, dict[str, Any]]:
        options = Options(
            deferred=(DeferredRoute(path="/hook", **route),),
            worker=WorkerOptions(**{"tries": 3, "first_wait": 0, **self._options}),
        )
        literal = deferred_literal(options)
        assert literal is not None
        settings = {
            "SETTINGS": ({"name": "secret", "type": "text-input", "required": True},),
            "SOURCES": {"secret": ("literal", "s3")},
        }
        application = self._make(FILES, ROUTES=ROUTES, DEFERRED=literal, **settings)
        return application, literal


@pytest.fixture
def stack(
    queues: Queues, make_application: MakeApplication, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[Any, Any]]]:
    """`stack(route keys, worker={...})`: what sends an event to the function, and the worker."""

    def make(worker: dict[str, Any] | None = None, most: int | None = None, **route: Any) -> Any:
        builder = Stack(queues, make_application, **(worker or {}))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in queues.front.items():
                patch.setenv(name, value)
            front, literal = builder._application(**route)
            if most is not None:
                literal["most"] = most
            attach(front, literal)
        for name, value in queues.worker.items():
            monkeypatch.setenv(name, value)
        back, literal = builder._application(**route)
        attach(back, literal)

        def send(document: Any = None, method: str = "POST", **headers: str) -> dict[str, Any]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            named["content-type"] = "application/json"
            body = json.dumps({} if document is None else document)
            event = http_2(method=method, path="/hook", headers=named, body=body)
            return answer_event(front, event, Context())

        def work(event: Any, context: Any) -> dict[str, Any]:
            return answer_event(back, event, context)

        return send, work

    yield make


Make = Callable[..., tuple[Any, Any]]


def seen() -> list[Any]:
    import seen as module  # type: ignore[import-not-found]

    found: list[Any] = module.all
    return found


def test_a_request_is_acknowledged_and_worked_off(queues: Queues, stack: Make) -> None:
    send, work = stack(status=202, body="later", content_type="text/plain")
    reply = send({"a": "é"})
    assert (reply["statusCode"], reply["body"]) == (202, "later")
    assert queues.count() == (1, 0)
    assert queues.poll(work) == {"batchItemFailures": []}
    [(method, path, document, deferred, settings)] = seen()
    assert (method, path, document, settings) == ("POST", "/hook", {"a": "é"}, {"secret": "s3"})
    assert deferred.keys() == {"received", "tries", "message_id"}
    assert deferred["tries"] == 1
    assert queues.count() == (0, 0)


def test_what_asks_for_an_answer_gets_it(queues: Queues, stack: Make) -> None:
    rules = (
        InlineRule(value=RequestValue(pointer="/type"), equals=("url_verification",)),
        InlineRule(method="PUT"),
        InlineRule(value=RequestValue(header="X-Event"), equals=("ping", "pong")),
        InlineRule(value=RequestValue(pointer="/list/1/a~1b")),
    )
    send, _ = stack(inline_when=rules, body="later", verify="checks:only_request")
    assert send({}, method="GET")["body"] == "worked"
    assert send({"type": "url_verification"})["body"] == "worked"
    assert send({}, method="PUT")["body"] == "worked"
    assert send({}, x_event="pong")["body"] == "worked"
    assert send({"list": [0, {"a/b": None}]})["body"] == "worked"
    for document, headers in (
        ({"type": "event"}, {}),
        ({"list": [{"a/b": 1}]}, {}),
        ({}, {"x_event": "push"}),
        ([], {}),
    ):
        assert send(document, **headers)["statusCode"] == 401
    assert queues.count() == (0, 0)


def test_a_request_is_verified_before_it_is_acknowledged(queues: Queues, stack: Make) -> None:
    send, _ = stack(verify="checks:signed")
    assert send({"a": 1}, x_signature="forged")["statusCode"] == 403
    assert queues.count() == (0, 0)
    assert send({"a": 1}, x_signature="s3")["statusCode"] == 200
    assert queues.count() == (1, 0)


def test_what_is_neither_true_nor_false_is_refused(
    queues: Queues, stack: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    send, _ = stack(verify="checks:odd")
    assert send()["statusCode"] == 403
    assert "checks:odd returned str, expected True, False or a Response" in capsys.readouterr().err


def test_nothing_is_acknowledged_that_is_not_in_the_queue(queues: Queues, stack: Make) -> None:
    send, _ = stack()
    queues.moto.boto("sqs").delete_queue(QueueUrl=queues.urls[QUEUE_VARIABLE])
    reply = send()
    assert (reply["statusCode"], reply["headers"]["Retry-After"]) == (503, "1")


def test_failures_come_again_and_end_as_dead_letters(queues: Queues, stack: Make) -> None:
    send, work = stack()
    send({"do": "raise"})
    for _ in range(2):
        answer = queues.poll(work)
        assert answer is not None
        assert len(answer["batchItemFailures"]) == 1
        assert queues.dead() == []
    assert queues.poll(work) == {"batchItemFailures": []}
    [letter] = queues.dead()
    assert letter["Reason"] == "answered 500, and was tried 3 times"
    assert (letter["Tries"], letter["route"]) == ("3", "/hook")
    assert [each[3]["tries"] for each in seen()] == [1, 2, 3]
    assert queues.count() == (0, 0)


def test_waits_grow_with_each_try(queues: Queues, stack: Make) -> None:
    send, work = stack({"first_wait": 30, "longest_wait": 45, "tries": 9})
    send({"status": 503})
    event = queues.receive()
    assert event is not None
    asked: list[int] = []
    call = messages.call
    with pytest.MonkeyPatch.context() as patch:

        def watched(service: str, operation: str, payload: dict[str, Any], end: Any) -> Any:
            asked.append(payload["VisibilityTimeout"])
            return call(service, operation, payload, end)

        patch.setattr("endpoint_runtime.deferred.worker.call", watched)
        for tries in ("1", "2", "3"):
            event["Records"][0]["attributes"]["ApproximateReceiveCount"] = tries
            work(event, Context())
    assert asked == [30, 45, 45]
    assert queues.count() == (0, 1)


def test_a_request_that_is_refused_is_a_dead_letter_at_once(queues: Queues, stack: Make) -> None:
    send, work = stack()
    send({"status": 404})
    assert queues.poll(work) == {"batchItemFailures": []}
    assert [each["Reason"] for each in queues.dead()] == ["answered 404"]
    assert len(seen()) == 1


def test_only_what_failed_of_a_batch_comes_again(queues: Queues, stack: Make) -> None:
    send, work = stack()
    for number, status in enumerate((200, 503, 404, 200)):
        send({"n": number, "status": status})
    answer = queues.poll(work, most=10)
    assert answer is not None
    assert len(answer["batchItemFailures"]) == 1
    assert len(queues.dead()) == 1
    assert sorted(each[2]["n"] for each in seen()) == [0, 1, 2, 3]
    queues.poll(work, most=10)
    assert seen()[-1][2]["n"] == 1


def test_without_time_the_rest_comes_again_untried(queues: Queues, stack: Make) -> None:
    send, work = stack()
    for number in range(3):
        send({"n": number})
    answer = queues.poll(work, most=10, seconds=0.5)
    assert answer is not None
    assert (len(answer["batchItemFailures"]), len(seen())) == (2, 1)
    assert queues.count() == (2, 0)


def test_a_delivery_that_is_done_is_not_started_again(queues: Queues, stack: Make) -> None:
    send, work = stack(dedupe=RequestValue(header="X-Delivery"))
    for delivery in ("1", "1", "2", "1"):
        send({"n": delivery}, x_delivery=delivery)
    send({"n": "none"})
    while queues.poll(work):
        pass
    assert sorted(each[2]["n"] for each in seen()) == ["1", "2", "none"]


def test_a_delivery_in_work_is_waited_for(queues: Queues, stack: Make) -> None:
    send, work = stack(dedupe=RequestValue(pointer="/id"))
    send({"id": 7})
    event = queues.receive()
    assert event is not None
    key = json.loads(event["Records"][0]["body"])["key"]
    table = queues.moto.boto("dynamodb")

    def claim(until: int) -> None:
        item = {"id": {"S": key}, "s": {"S": "c"}, "o": {"S": "other"}}
        item |= {"u": {"N": str(until)}, "x": {"N": "9999999999"}}
        table.put_item(TableName=queues.table, Item=item)

    claim(9999999999)
    assert len(work(event, Context())["batchItemFailures"]) == 1
    assert (seen(), queues.count()) == ([], (0, 1))
    claim(1)  # whoever had it was killed, and its lease is over
    assert work(event, Context()) == {"batchItemFailures": []}
    assert len(seen()) == 1
    item = table.get_item(TableName=queues.table, Key={"id": {"S": key}})["Item"]
    assert (item["s"], item.keys()) == ({"S": "d"}, {"id", "s", "x"})


def test_a_delivery_that_failed_is_free_again(queues: Queues, stack: Make) -> None:
    send, work = stack(dedupe=RequestValue(pointer="/id"))
    send({"id": 7, "status": 500})
    queues.poll(work)
    assert queues.moto.boto("dynamodb").scan(TableName=queues.table)["Count"] == 0
    queues.poll(work)
    assert len(seen()) == 2


def test_one_key_is_worked_off_in_order_and_holds_up_no_other(queues: Queues, stack: Make) -> None:
    send, work = stack(order_by=RequestValue(pointer="/chat"))
    for number, (chat, status) in enumerate((("a", 500), ("a", 200), ("b", 200), ("b", 200))):
        send({"chat": chat, "n": number, "status": status})
    assert queues.count(ORDERED_QUEUE_VARIABLE) == (4, 0)
    while queues.poll(work, ordered=True):
        pass
    order = [each[2]["n"] for each in seen()]
    assert [each for each in order if each < 2] == [0, 0, 0, 1]
    assert [each for each in order if each >= 2] == [2, 3]
    assert [each["Reason"] for each in queues.dead(ordered=True)] == [
        "answered 500, and was tried 3 times"
    ]


def test_what_no_message_holds_is_parked_and_removed(queues: Queues, stack: Make) -> None:
    send, work = stack(most=1000)
    send({"large": "x" * 2000})
    objects = queues.moto.boto("s3")
    assert objects.list_objects_v2(Bucket=queues.bucket)["KeyCount"] == 1
    event = queues.receive()
    assert event is not None
    assert len(event["Records"][0]["body"]) < 300
    assert work(event, Context()) == {"batchItemFailures": []}
    assert seen()[0][2] == {"large": "x" * 2000}
    assert objects.list_objects_v2(Bucket=queues.bucket)["KeyCount"] == 0
    assert queues.count() == (0, 0)  # deleted before what was parked of it


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("hello", "not a message of a deferred route"),
        ("[]", "not a message of a deferred route"),
        ('{"packager": 1}', "a message of a deferred route that lacks something"),
        (
            '{"packager": 1, "route": "/hook", "received": 1}',
            "a message of a deferred route without its event",
        ),
        (
            '{"packager": 1, "route": "/hook", "received": 1, "event": {"Records": []}}',
            "it holds no HTTP request",
        ),
        (
            '{"packager": 1, "route": "/hook", "received": 1, "parked": "deferred/gone"}',
            "what was parked of it is gone",
        ),
    ],
)
def test_what_is_no_deferred_request_is_a_dead_letter(
    queues: Queues, stack: Make, body: str, reason: str
) -> None:
    _, work = stack()
    sqs = queues.moto.boto("sqs")
    sqs.send_message(QueueUrl=queues.urls[QUEUE_VARIABLE], MessageBody=body)
    assert queues.poll(work) == {"batchItemFailures": []}
    found = sqs.receive_message(
        QueueUrl=queues.urls[DEAD_QUEUE_VARIABLE], MessageAttributeNames=["All"]
    )["Messages"]
    assert [each["MessageAttributes"]["Reason"]["StringValue"] for each in found] == [reason]


def test_a_worker_takes_nothing_else(stack: Make) -> None:
    _, work = stack()
    with pytest.raises(NotAnHttpEvent, match="a worker takes messages of its queues"):
        work({"source": "aws.events", "detail-type": "Scheduled Event"}, Context())


def test_without_a_queue_an_endpoint_answers_itself(
    make_application: MakeApplication, capsys: pytest.CaptureFixture[str]
) -> None:
    literal = deferred_literal(Options(deferred=(DeferredRoute(path="/hook"),)))
    application = make_application(FILES, ROUTES=ROUTES, DEFERRED=literal)
    assert literal is not None
    attach(application, literal)
    reply = answer_event(application, http_2(method="POST", path="/hook", body="{}"), None)
    assert (reply["statusCode"], reply["body"]) == (415, reply["body"])
    assert "no queue is named, so /hook is answered without one" in capsys.readouterr().err


def test_acknowledging_loads_nothing_heavy(queues: Queues, bundle: Callable[..., Bundle]) -> None:
    files = {"hook.py": endpoint("return Response()")}
    literal = deferred_literal(Options(deferred=(DeferredRoute(path="/hook"),)))
    event = http_2(method="POST", path="/hook", body="{}")
    code = f"""
import sys
from endpoint_runtime.lambda_handler import handler
assert handler({event!r}, None)["statusCode"] == 200
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
    made = bundle(files, ROUTES=(("/hook", "POST", "hook.py"),), DEFERRED=literal)
    done = made.run(code, **queues.moto.environment, **queues.front)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    # (werkzeug without the import diet loads some more by itself)
    heavy = {"boto3", "botocore", "asyncio", "concurrent", "urllib3", "requests"}
    assert loaded & heavy == set()
    assert queues.count() == (1, 0)


def test_a_function_that_defers_nothing_imports_none_of_it(bundle: Callable[..., Bundle]) -> None:
    code = """
import sys
from endpoint_runtime.lambda_handler import handler
print(*[name for name in sys.modules if "deferred" in name or "aws" in name])
"""
    assert bundle().run(code).stdout.strip() == ""
