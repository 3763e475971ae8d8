"""`packager deadletters`: letters of a stack in moto, listed, shown, sent again, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Run
from tests.support.aws.moto_server import REGION, MotoServer

DEAD, ORDERED_DEAD = "NekoDeferredDeadLetterQueue", "NekoOrderedDeadLetterQueue"
NAMES = (DEAD, "NekoDeferredQueue", ORDERED_DEAD, "NekoOrderedQueue", "NekoFailedEventsQueue")
LETTER = {"packager": 1, "route": "/hook", "received": 1.5, "event": {"body": "é"}}


class Stack:
    def __init__(self, moto: MotoServer) -> None:
        self.moto = moto
        self.urls: dict[str, str] = {}
        resources: dict[str, object] = {
            name: {
                "Type": "AWS::SQS::Queue",
                "Properties": (
                    {"FifoQueue": True, "QueueName": f"{name}.fifo"} if "Ordered" in name else {}
                ),
            }
            for name in NAMES
        }
        resources["NekoDeferredBucket"] = {"Type": "AWS::S3::Bucket"}
        stacks = moto.boto("cloudformation")
        stacks.create_stack(StackName="bots", TemplateBody=json.dumps({"Resources": resources}))
        for each in stacks.list_stack_resources(StackName="bots")["StackResourceSummaries"]:
            self.urls[each["LogicalResourceId"]] = each["PhysicalResourceId"]

    def send(self, name: str, body: object, **more: object) -> str:
        sent = self.moto.boto("sqs").send_message(
            QueueUrl=self.urls[name], MessageBody=json.dumps(body), **more
        )
        return str(sent["MessageId"])

    def received(self, name: str) -> list[str]:
        found = self.moto.boto("sqs").receive_message(
            QueueUrl=self.urls[name], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [each["Body"] for each in found.get("Messages", ())]


@pytest.fixture
def stack(moto_plain: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name, value in moto_plain.environment.items():
        monkeypatch.setenv(name, value)
    # Asking all servers takes a second for each queue; moto has one.
    monkeypatch.setattr("packager.deadletters.letters._WAIT", 0)
    yield Stack(moto_plain)
    moto_plain.boto("cloudformation").delete_stack(StackName="bots")


REASON = {"Reason": {"DataType": "String", "StringValue": "answered 404"}}
TRIES = {"Tries": {"DataType": "Number", "StringValue": "3"}}


def test_letters_are_listed_and_stay(stack: Stack, run: Run) -> None:
    mine = stack.send(DEAD, LETTER, MessageAttributes=REASON | TRIES)
    failed = stack.send("NekoFailedEventsQueue", {"a": 1})
    for _ in range(2):
        done = run("deadletters", "list", "--stack", "bots", "--format", "json")
        found = {each["id"]: each for each in json.loads(done.stdout)["letters"]}
        assert found.keys() == {mine, failed}
        assert found[mine]["route"] == "/hook"
        assert (found[mine]["reason"], found[mine]["tries"]) == ("answered 404", 3)
        assert (found[failed]["queue"], found[failed]["tries"]) == ("NekoFailedEventsQueue", None)
    assert "/hook" in run("deadletters", "list", "--stack", "bots").stdout


def test_a_letter_is_shown_with_what_is_parked(stack: Stack, run: Run) -> None:
    objects = stack.moto.boto("s3")
    bucket = stack.urls["NekoDeferredBucket"]
    objects.put_object(Bucket=bucket, Key="deferred/a", Body=b'{"body": "large"}')
    parked = {name: value for name, value in LETTER.items() if name != "event"}
    mine = stack.send(DEAD, parked | {"parked": "deferred/a"})
    shown = run("deadletters", "show", mine, "--stack", "bots")
    assert json.loads(shown.stdout)["event"] == {"body": "large"}
    assert run("deadletters", "purge", mine, "--stack", "bots", "--yes").code == 0
    assert objects.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert stack.received(DEAD) == []


def test_letters_are_sent_to_where_they_were(stack: Stack, run: Run) -> None:
    plain = stack.send(DEAD, LETTER)
    for number in range(2):
        stack.send(
            ORDERED_DEAD,
            LETTER | {"n": number},
            MessageGroupId="g",
            MessageDeduplicationId=str(number),
        )
    done = run("deadletters", "retry", plain, "--stack", "bots")
    assert (done.code, "1 letter sent again" in done.stderr + done.stdout) == (0, True)
    assert [json.loads(each) for each in stack.received("NekoDeferredQueue")] == [LETTER]
    assert run("deadletters", "retry", "--all", "--stack", "bots").code == 0
    assert [json.loads(each)["n"] for each in stack.received("NekoOrderedQueue")] == [0, 1]
    assert stack.received(ORDERED_DEAD) == []


def test_what_came_from_no_queue_is_not_sent(stack: Stack, run: Run) -> None:
    stack.send("NekoFailedEventsQueue", {"a": 1})
    stack.send(DEAD, LETTER)
    done = run("deadletters", "retry", "--all", "--stack", "bots")
    assert (done.code, "came from no queue" in done.stderr) == (2, True)
    assert stack.received("NekoDeferredQueue") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("retry", "--stack", "bots"), "say which: IDs, or --all"),
        (("show", "x", "--stack", "bots"), "bots has no dead letter x"),
        (("list", "--stack", "nothing"), f"there is no stack nothing in {REGION}"),
    ],
)
def test_what_is_not_there(
    stack: Stack, run: Run, arguments: tuple[str, ...], message: str
) -> None:
    done = run("deadletters", *arguments)
    assert (done.code, message in done.stderr) == (2, True), done.stderr
