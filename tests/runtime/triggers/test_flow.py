"""Webhooks of a trigger provider on moto's queues: dispatched, told, tried again, given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.aws import AwsError
from endpoint_runtime.deferred import messages
from endpoint_runtime.deferred.attach import attach
from packager.bundle.deferred_literal import deferred_literal
from packager.contract import QUEUE_VARIABLE
from packager.model.deferred import RequestValue, TriggerOptions, WorkerOptions
from packager.model.options import Options
from tests.support.applications import MakeApplication
from tests.support.aws.deferred_queues import Context, Queues, make_queues
from tests.support.aws.moto_server import MotoServer
from tests.support.failing_dify import FailingDify, InjectedFailure
from tests.support.managed_endpoints import FileEndpoints
from tests.support.trigger_runtime import (
    LITERALS,
    SECRET,
    SOURCES,
    SUBSCRIPTION,
    WORKFLOWS,
    ring,
    webhook,
)

DELIVERY = RequestValue(pointer="/id")


@pytest.fixture
def queues(moto_here: MotoServer) -> Queues:
    return make_queues(moto_here)


@pytest.fixture
def dify(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingDify]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "PACKAGER_DIFY"):
        monkeypatch.delenv(name, raising=False)
    with FailingDify() as fake:
        yield fake


class Bell:
    """A provider's function, its worker, and one subscription."""

    def __init__(self, subscriptions: FileEndpoints, hook_id: str, send: Any, work: Any) -> None:
        self.subscriptions, self.hook_id = subscriptions, hook_id
        self._send, self.work = send, work

    def send(self, document: Any, **more: Any) -> dict[str, Any]:
        """Send a webhook."""
        reply: dict[str, Any] = self._send(webhook(self.hook_id, document, **more))
        return reply

    def change(self, **values: Any) -> None:
        """Change the subscription."""
        self.subscriptions.put("cats", SUBSCRIPTION | values)


Make = Callable[..., Bell]


@pytest.fixture
def bell(
    make_application: MakeApplication,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    dify: FailingDify,
) -> Iterator[Make]:
    """`bell(queues or None, worker={...}, **trigger options)`."""
    monkeypatch.setattr(process, "secrets", {})
    subscriptions = FileEndpoints(tmp_path / "subscriptions.sqlite", "test/test")
    for name, value in subscriptions.environment.items():
        monkeypatch.setenv(name, value)

    applications: list[Any] = []

    def make(
        queues: Queues | None,
        worker: dict[str, Any] | None = None,
        literals: dict[str, Any] | None = None,
        **trigger: Any,
    ) -> Bell:
        options = Options(
            deferred=(TriggerOptions(**trigger).route,),
            worker=WorkerOptions(**{"tries": 3, "first_wait": 0, **(worker or {})}),
        )
        literal = deferred_literal(options)
        assert literal is not None
        given = LITERALS | {"DEFERRED": literal, "DIFY_BASE_URL": dify.url}
        given |= {"APPS": {each: ("literal", each) for each in ("workflow-1", "workflow-2")}}
        given |= {"SETTINGS_TTL": 0} | (literals or {})
        hook_id = subscriptions.put("cats", SUBSCRIPTION)

        def made(environment: dict[str, str]) -> Any:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                application = make_application(SOURCES, **given)
                attach(application, literal)
            return application

        front = made({} if queues is None else queues.front)
        back = front if queues is None else made(queues.worker)
        applications.extend((front, back))
        for name, value in (queues.worker if queues is not None else {}).items():
            monkeypatch.setenv(name, value)
        return Bell(
            subscriptions,
            hook_id,
            # Without a context none waits for threads, of which the stand-in's are some here.
            lambda event: answer_event(front, event, None),
            lambda event, context: answer_event(back, event, None),
        )

    yield make
    for each in applications:
        if "service_api" in each._backends.__dict__:
            each._backends.service_api.close()


def started(dify: FailingDify) -> list[tuple[str, Any]]:
    """The runs of workflows that Dify was asked for: the app, and its inputs."""
    return [
        (each.app_id, each.body["inputs"])
        for each in dify.seen
        if each.path.endswith("/workflows/run")
    ]


def work_off(bell: Bell, queues: Queues, **options: Any) -> list[Any]:
    """Have the worker take whatever is visible, and return its answers."""
    answers: list[Any] = []
    while (answer := queues.poll(bell.work, **options)) is not None:
        answers.append(answer)
    return answers


def test_each_app_of_each_event_is_started_once_the_response_is_back(
    bell: Make, queues: Queues, dify: FailingDify
) -> None:
    made = bell(queues)

    reply = made.send(ring(kind="rung opened", by="u1"), query="q=1")

    assert (reply["statusCode"], reply["body"]) == (202, "ding")
    assert reply["headers"]["X-Endpoint"].endswith(f".amazonaws.com/e/{made.hook_id}")
    assert dify.seen == []
    assert queues.count() == (2, 0)
    assert work_off(made, queues) == [{"batchItemFailures": []}] * 2
    assert sorted(started(dify)) == [
        ("workflow-1", {"which": "front", "n": 3}),
        (
            "workflow-2",
            {
                "payload": {"kinds": "rung opened", "token": "tok_0123456789"},
                "query": {"q": "1"},
            },
        ),
    ]
    assert {each.body["user"] for each in dify.seen} == {"u1"}
    assert {each.body["response_mode"] for each in dify.seen} == {"blocking"}


@pytest.mark.parametrize(
    ("errors", "status", "body"),
    [("opaque", 403, None), ("dify", 500, '"message":"The signature is wrong."')],
)
def test_a_wrong_signature_starts_nothing(
    bell: Make,
    queues: Queues,
    capsys: pytest.CaptureFixture[str],
    errors: str,
    status: int,
    body: str | None,
) -> None:
    made = bell(queues, literals={"ERRORS": errors})

    reply = made.send(ring(), secret="forged")

    assert reply["statusCode"] == status
    assert body is None or body in reply["body"].replace(": ", ":")
    assert queues.count() == (0, 0)
    assert "The signature is wrong." in capsys.readouterr().err


def test_what_can_not_be_dispatched_is_refused(bell: Make, queues: Queues) -> None:
    made = bell(queues)
    assert made.send({"by": "nobody"})["statusCode"] == 400
    assert made.send(ring(kind="melted"))["statusCode"] == 500  # is not declared
    assert made.send(ring(kind="rung melted"))["statusCode"] == 500
    assert queues.count() == (0, 0)


def test_an_event_that_starts_no_app_is_acknowledged(bell: Make, queues: Queues) -> None:
    made = bell(queues)
    made.change(workflows=WORKFLOWS[1:])
    assert made.send(ring())["statusCode"] == 202
    assert made.send(ring(kind=""))["statusCode"] == 202
    assert queues.count() == (0, 0)


def test_what_is_not_for_a_workflow_is_dropped(
    bell: Make, queues: Queues, dify: FailingDify
) -> None:
    made = bell(queues)
    made.send(ring(times=1))
    assert work_off(made, queues) == [{"batchItemFailures": []}]
    assert (started(dify), queues.dead()) == ([], [])


def test_nothing_is_acknowledged_that_is_not_in_the_queue(bell: Make, queues: Queues) -> None:
    made = bell(queues)
    queues.moto.boto("sqs").delete_queue(QueueUrl=queues.urls[QUEUE_VARIABLE])
    reply = made.send(ring())
    assert (reply["statusCode"], reply["headers"]["Retry-After"]) == (503, "1")


def test_what_was_taken_before_the_queue_failed_runs_again_when_it_is_sent_again(
    bell: Make, queues: Queues, dify: FailingDify, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, unknown = bell(queues, dedupe=DELIVERY), bell(queues)
    call = messages.call
    failing = [False, True, False, False]

    def failing_once(*arguments: Any) -> Any:
        if failing.pop(0):
            raise AwsError("ConnectionFailed", "the queue is gone")
        return call(*arguments)

    monkeypatch.setattr(messages, "call", failing_once)
    for made, times in ((known, 1), (unknown, 2)):
        dify.seen.clear()
        failing[:] = [False, True, False, False]
        assert made.send(ring(kind="rung opened"))["statusCode"] == 503
        assert made.send(ring(kind="rung opened"))["statusCode"] == 202
        with monkeypatch.context() as patch:
            patch.setattr(messages, "call", call)
            work_off(made, queues)
        apps = sorted(app for app, _ in started(dify))
        assert apps == ["workflow-1"] * times + ["workflow-2"]


def test_a_replayed_delivery_that_is_done_starts_nothing_again(
    bell: Make, queues: Queues, dify: FailingDify
) -> None:
    made = bell(queues, dedupe=DELIVERY)
    for _ in range(2):
        assert made.send(ring(kind="rung opened"))["statusCode"] == 202
        work_off(made, queues)
    assert sorted(app for app, _ in started(dify)) == ["workflow-1", "workflow-2"]
    made.send(ring(id="d2"))
    work_off(made, queues)
    assert len(started(dify)) == 3
    assert queues.dead() == []


def test_an_app_that_fails_is_tried_again_and_holds_up_no_other(
    bell: Make, queues: Queues, dify: FailingDify
) -> None:
    made = bell(queues, dedupe=DELIVERY)
    dify.failures = [InjectedFailure(status=500, path="/workflows/run") for _ in range(3)]
    made.send(ring())
    for _ in range(2):
        answer = queues.poll(made.work)
        assert answer is not None
        assert len(answer["batchItemFailures"]) == 1
    made.send(ring(kind="opened", id="d2"))
    waiting = queues.receive(most=10)
    assert waiting is not None
    assert len(waiting["Records"]) == 2
    failed = made.work({"Records": waiting["Records"][:1]}, Context())
    other = made.work({"Records": waiting["Records"][1:]}, Context())
    queues.delete(waiting, {"batchItemFailures": failed["batchItemFailures"]})
    assert other == {"batchItemFailures": []}
    assert started(dify)[-1][0] == "workflow-2"
    [letter] = queues.dead()
    assert letter["Reason"] == "answered 502, and was tried 3 times"
    assert letter["event"]["packager.trigger"]["app"] == "workflow-1"


def test_a_run_that_fails_is_tried_again(
    bell: Make, queues: Queues, dify: FailingDify, capsys: pytest.CaptureFixture[str]
) -> None:
    made = bell(queues)
    body = b'{"workflow_run_id": "r1", "data": {"status": "failed", "error": "no model"}}'
    dify.failures = [InjectedFailure(garbage=body, path="/workflows/run")]
    made.send(ring())
    answer = queues.poll(made.work)
    assert answer is not None
    assert len(answer["batchItemFailures"]) == 1
    assert ", whose run r1 failed: no model" in capsys.readouterr().err
    assert work_off(made, queues) == [{"batchItemFailures": []}]


def test_what_dify_will_never_take_is_a_dead_letter_at_once(
    bell: Make, queues: Queues, dify: FailingDify
) -> None:
    made = bell(queues)
    refusal = InjectedFailure(status=400, code="invalid_param", path="/workflows/run")
    dify.failures = [refusal]
    made.send(ring())
    assert work_off(made, queues) == [{"batchItemFailures": []}]
    assert [each["Reason"] for each in queues.dead()] == ["answered 422"]


@pytest.mark.parametrize("errors", ["opaque", "dify"])
def test_an_event_that_fails_is_tried_again(
    bell: Make, queues: Queues, capsys: pytest.CaptureFixture[str], errors: str
) -> None:
    made = bell(queues, worker={"tries": 2}, literals={"ERRORS": errors})
    made.send(ring(kind="opened"), query="fail=1")
    work_off(made, queues)
    assert [each["Reason"] for each in queues.dead()] == ["answered 500, and was tried 2 times"]
    logged = capsys.readouterr().err
    assert "ValueError: This can't be told." in logged
    assert SECRET not in logged
    assert "tok_0123456789" not in logged


def test_a_workflow_that_was_taken_out_is_started_no_more(
    bell: Make, queues: Queues, dify: FailingDify
) -> None:
    made = bell(queues)
    made.send(ring())
    made.change(workflows=[])
    work_off(made, queues)
    assert started(dify) == []
    assert [each["Reason"] for each in queues.dead()] == ["answered 410"]


def test_what_is_in_order_is_so_for_each_app(bell: Make, queues: Queues, dify: FailingDify) -> None:
    made = bell(queues, order_by=RequestValue(pointer="/door"))
    for times in (2, 3):
        made.send(ring(kind="rung opened", times=times))
    dify.failures = [InjectedFailure(status=500, path="/workflows/run")]
    work_off(made, queues, ordered=True)
    work_off(made, queues, ordered=True)
    of_rung = [inputs["n"] for app, inputs in started(dify) if app == "workflow-1"]
    assert of_rung[-2:] == [2, 3]
    assert sum(app == "workflow-2" for app, _ in started(dify)) >= 2


def test_a_large_webhook_is_parked(bell: Make, queues: Queues, dify: FailingDify) -> None:
    made = bell(queues, order_by=None)
    made.send(ring(padding="x" * 1_100_000))
    work_off(made, queues)
    assert started(dify) == [("workflow-1", {"which": "front", "n": 3})]


def test_without_a_queue_events_are_told_at_once(bell: Make, dify: FailingDify) -> None:
    made = bell(None)
    dify.failures = [InjectedFailure(status=500, path="/workflows/run")]

    assert made.send(ring(kind="rung opened"))["statusCode"] == 202

    assert [app for app, _ in started(dify)] == ["workflow-1", "workflow-2"]


def test_events_have_the_plugin_s_storage_and_the_subscription_s_credentials(
    bell: Make, queues: Queues, dify: FailingDify
) -> None:
    made = bell(queues)
    made.change(credential_type="oauth2")
    for _ in range(2):
        made.send(ring(kind="opened"), query="count=1")
        work_off(made, queues)
    assert [inputs for _, inputs in started(dify)] == [
        {"seen": 1, "by": "oauth2"},
        {"seen": 2, "by": "oauth2"},
    ]


def test_only_a_subscription_s_own_address_is_answered(
    bell: Make, queues: Queues, capsys: pytest.CaptureFixture[str]
) -> None:
    made = bell(queues)
    assert made.send(ring(), below="/")["statusCode"] == 202
    assert made.send(ring(), below="/more")["statusCode"] == 404
    assert made._send(webhook("a" * 24, ring()))["statusCode"] == 404
    made.subscriptions.put("cats", SUBSCRIPTION, enabled=False)
    assert made.send(ring())["statusCode"] == 404
    made.change()
    assert made.send(ring())["statusCode"] == 202
    made.subscriptions.delete("cats")
    assert made.send(ring())["statusCode"] == 404
    logged = "".join(capsys.readouterr())
    assert "POST - 404" in logged
    secret = (made.hook_id, SECRET, "tok_0123456789")
    assert [each for each in secret if each in logged] == []
