"""Reads parameters and secrets through AWS's extension, where the function has it.

It answers HTTP on a port of the loopback interface to whoever has the function's session token, and
keeps what it read for a time of its own. Sources: "Using Parameter Store parameters in AWS Lambda
functions" and "Use AWS Secrets Manager secrets in AWS Lambda functions". It speaks of one value at
a time, and not before the first invocation.
"""

from __future__ import annotations

import os
from time import time
from urllib.parse import quote

from endpoint_runtime.aws import AwsError
from endpoint_runtime.aws.transport import fetch
from endpoint_runtime.json_codec import decode_json
from endpoint_runtime.settings.source_kinds import secret_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from endpoint_runtime.settings.source_kinds import Found, Place

_WAIT = 5.0  # s for one answer: the extension calls AWS for what it does not have


def read_by_extension(places: Sequence[Place], port: str, deadline: float | None) -> Found:
    """Return what the extension has of `places`.

    What it refuses, does not find or does not answer is absent: AWS itself is asked for it then,
    which says why. Once it does not answer, it is not asked again.
    """
    found: Found = {}
    headers = {"X-Aws-Parameters-Secrets-Token": os.environ.get("AWS_SESSION_TOKEN", "")}
    for place in places:
        limit = time() + _WAIT
        try:
            answer = fetch(
                f"http://127.0.0.1:{port}{_target(place)}",
                headers,
                limit if deadline is None else min(limit, deadline),
            )
        except AwsError:
            break
        if answer.status == 200:
            text = _text(place, answer.body)
            if text is not None:
                found[place] = text
    return found


def _target(place: Place) -> str:
    kind, name = place
    if kind == "secret":
        return f"/secretsmanager/get?secretId={quote(name, '')}"
    # A version or a label is a value of its own here.
    base, selector = name, ""
    if name.count(":") in (1, 6):  # an ARN has five colons
        base, _, selector = name.rpartition(":")
    which = ("version" if selector.isdecimal() else "label") if selector else ""
    return f"/systemsmanager/parameters/get?name={quote(base, '')}&withDecryption=true" + (
        f"&{which}={quote(selector, '')}" if which else ""
    )


def _text(place: Place, body: bytes) -> Any:
    """Return the text of an answer, an Unreadable, or None where it can't be understood."""
    try:
        answer: Any = decode_json(body)
        if place[0] == "secret":
            return secret_text(answer)
        value = answer["Parameter"]["Value"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return value if isinstance(value, str) else None
