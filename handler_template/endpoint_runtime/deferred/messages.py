"""A deferred request as a message: the whole event and what is known of it, or where it is parked.

Source: Amazon SQS API reference, "SendMessage": a message has at most 1 MiB, of characters that
XML 1.0 takes. What is larger is an object in S3, and the message says which.
"""

from __future__ import annotations

import os

from endpoint_runtime.aws import client
from endpoint_runtime.deferred import variables
from endpoint_runtime.json_codec import decode_json, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
_PREFIX = "deferred/"


class NotDeferred(ValueError):
    """A message is not one of a deferred route."""


class Message:
    """A deferred request of the declared path `route`, received in seconds since the epoch.

    `key` is what its delivery is known by; `event` is None while a parked one is not fetched.
    """

    __slots__ = ("event", "key", "parked", "received", "route")

    def __init__(self, route: str, received: float, event: dict[str, Any] | None) -> None:
        self.route = route
        self.received = received
        self.event = event
        self.key: str | None = None
        self.parked: str | None = None  # the key of an object in S3

    def encoded(self) -> str:
        """Return the text of the message."""
        document: dict[str, Any] = {
            "packager": FORMAT,
            "route": self.route,
            "received": self.received,
        }
        if self.key is not None:
            document["key"] = self.key
        if self.parked is not None:
            document["parked"] = self.parked
        else:
            document["event"] = self.event
        return encode_json(document, ascii_only=True).decode("ascii")


def read_message(text: object) -> Message:
    """Return the message that a text is; raise `NotDeferred` for any other."""
    try:
        document: Any = decode_json(str(text).encode())
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("packager") != FORMAT:
        raise NotDeferred("not a message of a deferred route")
    event, parked = document.get("event"), document.get("parked")
    route, received, key = document.get("route"), document.get("received"), document.get("key")
    if not (isinstance(route, str) and isinstance(received, int | float)):
        raise NotDeferred("a message of a deferred route that lacks something")
    if not isinstance(key, str | None) or not (isinstance(event, dict) or isinstance(parked, str)):
        raise NotDeferred("a message of a deferred route without its event")
    message = Message(route, received, event)
    message.key, message.parked = key, parked
    return message


def park(message: Message, deadline: float | None) -> None:
    """Move the event of a message that is too large into S3. Raises AwsError."""
    from endpoint_runtime.aws.s3 import Bucket

    body = encode_json(message.event)
    name = f"{_PREFIX}{os.urandom(16).hex()}"
    bucket = Bucket(os.environ[variables.BUCKET])
    bucket.put(name, body, deadline, content_type="application/json")
    message.parked = name


def fetch(message: Message, deadline: float | None) -> bool:
    """Read the event of a parked message; return whether it is there. Raises AwsError."""
    from endpoint_runtime.aws.s3 import Bucket

    body = Bucket(os.environ[variables.BUCKET]).get(message.parked or "", deadline)
    if body is None:
        return False
    event: Any = decode_json(body)
    message.event = event
    return True


def remove(message: Message, deadline: float | None) -> None:
    """Delete what is parked of a message. Raises AwsError."""
    from endpoint_runtime.aws.s3 import Bucket

    Bucket(os.environ[variables.BUCKET]).delete(message.parked or "", deadline)


def call(
    service: str, operation: str, payload: dict[str, Any], deadline: float | None
) -> dict[str, Any]:
    """Call an operation of SQS or DynamoDB, or of what stands in for both here. Raises AwsError."""
    local = os.environ.get(variables.LOCAL)
    if local is None:
        return client(service).call(operation, payload, deadline)
    from endpoint_runtime.deferred.local import call_local

    return call_local(local, operation, payload, deadline)
