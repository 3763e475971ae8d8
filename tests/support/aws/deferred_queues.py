"""Queues, a table and a bucket on moto as the template makes them, and what Lambda does of a queue.

`poll` receives a batch, has a worker take it and deletes what it does not name as failed, as an
event source mapping with ReportBatchItemFailures does ("Using Lambda with Amazon SQS").
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from packager.contract import (
    CLAIMS_VARIABLE,
    DEAD_QUEUE_VARIABLE,
    ORDERED_DEAD_QUEUE_VARIABLE,
    ORDERED_QUEUE_VARIABLE,
    PARKED_VARIABLE,
    QUEUE_VARIABLE,
)
from tests.support.aws.moto_server import REGION, MotoServer

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Context:
    """What a worker is given besides its event."""

    aws_request_id = "8b2f0c3e-0000-4000-8000-000000000000"

    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@dataclass(frozen=True)
class Queues:
    """What deferred requests go through; `urls` by the variable that names each queue."""

    moto: MotoServer
    urls: Mapping[str, str]
    table: str
    bucket: str

    @property
    def front(self) -> dict[str, str]:
        """The variables of a function that defers."""
        names = (QUEUE_VARIABLE, ORDERED_QUEUE_VARIABLE)
        return {name: self.urls[name] for name in names} | {PARKED_VARIABLE: self.bucket}

    @property
    def worker(self) -> dict[str, str]:
        """The variables of its worker."""
        return {**self.urls, PARKED_VARIABLE: self.bucket, CLAIMS_VARIABLE: self.table}

    def receive(self, *, ordered: bool = False, most: int = 1) -> dict[str, Any] | None:
        """Return an event of what is visible, as Lambda makes it; None for nothing."""
        variable = ORDERED_QUEUE_VARIABLE if ordered else QUEUE_VARIABLE
        url = self.urls[variable]
        found = self.moto.boto("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=most, AttributeNames=["All"]
        )
        arn = f"arn:aws:sqs:{REGION}:123456789012:{url.rpartition('/')[2]}"
        records = [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": REGION,
            }
            for each in found.get("Messages", [])
        ]
        return {"Records": records} if records else None

    def delete(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Delete the messages of `event` that `answer` does not name."""
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for record in event["Records"]:
            if record["messageId"] not in failed:
                ordered = record["eventSourceARN"].endswith(".fifo")
                url = self.urls[ORDERED_QUEUE_VARIABLE if ordered else QUEUE_VARIABLE]
                handle = record["receiptHandle"]
                self.moto.boto("sqs").delete_message(QueueUrl=url, ReceiptHandle=handle)

    def poll(
        self, worker: Handler, *, ordered: bool = False, most: int = 1, seconds: float = 60
    ) -> dict[str, Any] | None:
        """Have a worker take what is visible; return its answer, None for nothing."""
        event = self.receive(ordered=ordered, most=most)
        if event is None:
            return None
        answer = worker(event, Context(seconds))
        self.delete(event, answer)
        return answer

    def count(self, variable: str = QUEUE_VARIABLE) -> tuple[int, int]:
        """Return how many messages of a queue are visible, and how many are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.moto.boto("sqs").get_queue_attributes(
            QueueUrl=self.urls[variable], AttributeNames=names
        )["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def dead(self, *, ordered: bool = False) -> list[dict[str, Any]]:
        """Return the dead letters: the body of each as JSON, and its attributes' values."""
        variable = ORDERED_DEAD_QUEUE_VARIABLE if ordered else DEAD_QUEUE_VARIABLE
        found = self.moto.boto("sqs").receive_message(
            QueueUrl=self.urls[variable],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            VisibilityTimeout=0,
        )
        return [
            json.loads(each["Body"])
            | {
                name: value["StringValue"]
                for name, value in each.get("MessageAttributes", {}).items()
            }
            for each in found.get("Messages", [])
        ]


def make_queues(moto: MotoServer, *, tries: int = 3, visibility: int = 30) -> Queues:
    """Make them, with names of their own."""
    own = uuid.uuid4().hex[:8]
    urls: dict[str, str] = {}
    sqs = moto.boto("sqs")
    for queue, dead, suffix in (
        (QUEUE_VARIABLE, DEAD_QUEUE_VARIABLE, ""),
        (ORDERED_QUEUE_VARIABLE, ORDERED_DEAD_QUEUE_VARIABLE, ".fifo"),
    ):
        fifo = {"FifoQueue": "true"} if suffix else {}
        name = f"{own}-dead{suffix}"
        urls[dead] = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:123456789012:{name}"
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": tries})
        attributes = {**fifo, "RedrivePolicy": redrive, "VisibilityTimeout": str(visibility)}
        made = sqs.create_queue(QueueName=f"{own}{suffix}", Attributes=attributes)
        urls[queue] = made["QueueUrl"]
    moto.boto("dynamodb").create_table(
        TableName=own,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    moto.boto("s3").create_bucket(
        Bucket=own, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return Queues(moto, urls, own, own)
