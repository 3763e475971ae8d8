"""Reads, retries and deletes the messages of a stack's dead-letter queues, with boto3.

Amazon SQS has no way to look at a message but to receive it: what is received here is hidden from
others meanwhile, and is visible again once it has been looked at. Receiving costs a dead letter
nothing, as nothing comes after its queue.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from packager.contract import MESSAGE_FORMAT
from packager.dataclass import dataclass
from packager.errors import UsageError
from packager.settings.aws import Aws, error_code, explained

_DEAD, _FAILED = "DeadLetterQueue", "FailedEventsQueue"
_DEFERRED = ("DeferredDeadLetterQueue", "OrderedDeadLetterQueue")
_HIDDEN = 120  # seconds that a letter is hidden while it is looked at
_BATCH = 10  # messages that a call takes
_WAIT = 1  # seconds: then all of its servers are asked ("Short and long polling")


@dataclass(frozen=True, slots=True)
class DeadQueue:
    """A dead-letter queue by its logical id. `source` is the URL of the queue that its letters
    were in, `bucket` the name of the one that requests are parked in; None where there is none."""

    name: str
    url: str
    source: str | None
    bucket: str | None

    @property
    def ordered(self) -> bool:
        """Whether it is a FIFO queue."""
        return self.url.endswith(".fifo")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter. `sent` is when it came to the queue that it is in."""

    queue: DeadQueue
    id: str
    handle: str
    body: str
    sent: datetime
    reason: str
    tries: int | None
    group: str | None

    @property
    def deferred(self) -> dict[str, Any] | None:
        """The message of a deferred route; None for any other."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return None
        known = isinstance(document, dict) and document.get("packager") == MESSAGE_FORMAT
        return document if known else None

    @property
    def route(self) -> str:
        """The deferred route that it is of; "" where it is none."""
        return str((self.deferred or {}).get("route", ""))

    @property
    def parked(self) -> str | None:
        """The key of what is parked of it."""
        parked = (self.deferred or {}).get("parked")
        return parked if isinstance(parked, str) else None


def dead_queues(stack: str, aws: Aws) -> tuple[DeadQueue, ...]:
    """Return the dead-letter queues of a stack. Raises `UsageError` where there is no stack."""
    found: dict[str, tuple[str, str]] = {}
    with explained(f"the stack {stack} can't be read"):
        try:
            pages = aws.client("cloudformation").get_paginator("list_stack_resources")
            for page in pages.paginate(StackName=stack):
                for each in page["StackResourceSummaries"]:
                    if each.get("PhysicalResourceId"):
                        kind, name = each["ResourceType"], each["LogicalResourceId"]
                        found[name] = kind, each["PhysicalResourceId"]
        except Exception as error:
            if error_code(error) != "ValidationError":
                raise
            raise UsageError(
                f"there is no stack {stack} in {aws.region}",
                hint="is it in another region or account? --region, --profile",
            ) from None
    queues = {name: url for name, (kind, url) in found.items() if kind == "AWS::SQS::Queue"}
    return tuple(
        DeadQueue(
            name, url, queues.get(_source_of(name)), found.get(_bucket_of(name), ("", None))[1]
        )
        for name, url in sorted(queues.items())
        if name.endswith((_DEAD, _FAILED))
    )


def _source_of(name: str) -> str:
    return name.removesuffix(_DEAD) + "Queue" if name.endswith(_DEAD) else ""


def _bucket_of(name: str) -> str:
    kind = next((each for each in _DEFERRED if name.endswith(each)), None)
    return f"{name.removesuffix(kind)}DeferredBucket" if kind else ""


@contextmanager
def letters_of(queues: Iterable[DeadQueue], aws: Aws) -> Iterator[list[Letter]]:
    """Yield all letters that can be received, oldest first; they are visible again afterwards.

    Of a FIFO queue's group these are the first ones: what follows is seen once they are gone.
    """
    letters: list[Letter] = []
    try:
        for queue in queues:
            with explained(f"{queue.name} can't be read"):
                letters += _received(queue, aws)
        yield sorted(letters, key=lambda each: (each.sent, each.id))
    finally:
        for letter in letters:
            _show_again(letter, aws)


def _received(queue: DeadQueue, aws: Aws) -> Iterator[Letter]:
    seen: set[str] = set()
    while True:
        answer = aws.client("sqs").receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_HIDDEN,
            WaitTimeSeconds=_WAIT,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        fresh = [each for each in answer.get("Messages", ()) if each["MessageId"] not in seen]
        if not fresh:
            return
        for each in fresh:
            seen.add(each["MessageId"])
            yield _letter(queue, each)


def _letter(queue: DeadQueue, message: dict[str, Any]) -> Letter:
    said = {
        name: value.get("StringValue", "")
        for name, value in message.get("MessageAttributes", {}).items()
    }
    own = message.get("Attributes", {})
    sent = datetime.fromtimestamp(int(own.get("SentTimestamp", 0)) / 1000, UTC)
    tries = said.get("Tries", "")
    return Letter(
        queue,
        message["MessageId"],
        message["ReceiptHandle"],
        message["Body"],
        sent,
        said.get("Reason") or said.get("ErrorMessage") or "tried too often",
        int(tries) if tries.isdecimal() else None,
        own.get("MessageGroupId"),
    )


def _show_again(letter: Letter, aws: Aws) -> None:
    try:
        aws.client("sqs").change_message_visibility(
            QueueUrl=letter.queue.url, ReceiptHandle=letter.handle, VisibilityTimeout=0
        )
    except Exception as error:  # it is deleted, or visible again by itself
        if error_code(error) is None:
            raise


def retry(letters: Sequence[Letter], aws: Aws) -> None:
    """Send letters to the queues that they were in, oldest first. Raises `UsageError` for those
    that were in none, before any is sent."""
    lost = [each for each in letters if each.queue.source is None]
    if lost:
        raise UsageError(
            f"{lost[0].queue.name} has events that came from no queue, so they can't be retried",
            hint="`packager deadletters show` writes one; send it to the function by hand",
        )
    for letter in letters:
        group: dict[str, str] = {}
        if letter.queue.ordered:
            # As a new message: the queue would take it for the one that it had.
            group = {
                "MessageGroupId": letter.group or letter.id,
                "MessageDeduplicationId": uuid.uuid4().hex,
            }
        with explained(f"{letter.id} can't be retried"):
            sqs = aws.client("sqs")
            sqs.send_message(QueueUrl=letter.queue.source, MessageBody=letter.body, **group)
            sqs.delete_message(QueueUrl=letter.queue.url, ReceiptHandle=letter.handle)


def purge(letters: Iterable[Letter], aws: Aws) -> None:
    """Delete letters, and what is parked of them."""
    for letter in letters:
        with explained(f"{letter.id} can't be deleted"):
            aws.client("sqs").delete_message(QueueUrl=letter.queue.url, ReceiptHandle=letter.handle)
            if letter.parked and letter.queue.bucket:
                aws.client("s3").delete_object(Bucket=letter.queue.bucket, Key=letter.parked)


def content(letter: Letter, aws: Aws) -> Any:
    """Return what a letter holds: the event of a deferred request, else JSON or text."""
    message = letter.deferred
    if message is None:
        try:
            return json.loads(letter.body)
        except ValueError:
            return letter.body
    if letter.parked and letter.queue.bucket:
        with explained("what is parked of it can't be read"):
            found = aws.client("s3").get_object(Bucket=letter.queue.bucket, Key=letter.parked)
            return message | {"event": json.loads(found["Body"].read())}
    return message
