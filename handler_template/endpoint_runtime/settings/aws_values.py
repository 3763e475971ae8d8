"""Reads parameters and secrets from AWS, all that are asked for in as few calls as possible.

Sources: GetParameters of the SSM API; GetSecretValue and BatchGetSecretValue of the Secrets Manager
API. Without a version or a label, SSM gives the latest, Secrets Manager the one staged AWSCURRENT.
"""

from __future__ import annotations

import os

from endpoint_runtime.aws import AwsError, client
from endpoint_runtime.json_codec import decode_json
from endpoint_runtime.settings.source_kinds import SourceError, Unreadable, label, secret_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from endpoint_runtime.settings.source_kinds import Found, Place

_PER_CALL = {"ssm": 10, "secret": 20}  # names that one call takes
_MISSING = ("ResourceNotFoundException", "ParameterNotFound")
_EXTENSION_PORT = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"


def read_remote(
    sources: Mapping[str, tuple[Any, ...]], deadline: float | None = None
) -> dict[str, Any]:
    """Return the values of SSM's and Secrets Manager's sources by name; missing ones are absent.

    Raises `SourceError`, which names everything that can't be read.
    """
    found = _read_places(list(dict.fromkeys((s[0], s[1]) for s in sources.values())), deadline)
    values: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}  # what is wrong -> what it is wrong with
    documents: dict[Place, Any] = {}
    for name, source in sources.items():
        place = (source[0], source[1])
        value: Any = found[place]
        if isinstance(value, str) and len(source) > 2 and source[2] is not None:
            if place not in documents:
                documents[place] = _document(value)
            value = documents[place]
            if isinstance(value, dict):
                value = value.get(source[2])
        if isinstance(value, Unreadable):
            faults.setdefault(value.words, []).append(f"{name} ({label(source)})")
        elif value is not None:
            values[name] = value
    if faults:
        raise SourceError("; ".join(f"{', '.join(of)} {words}" for words, of in faults.items()))
    return values


def _document(text: str) -> Any:
    """Return the object that a secret's text is, or an Unreadable."""
    try:
        document = decode_json(text.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return Unreadable("can't be read: the secret's text is not valid JSON")
    if not isinstance(document, dict):
        return Unreadable("can't be read: the secret's JSON is not an object")
    return document


def _read_places(places: Sequence[Place], deadline: float | None) -> Found:
    found: Found = {}
    if os.environ.get(_EXTENSION_PORT):
        from endpoint_runtime.settings.aws_extension import read_by_extension

        found = read_by_extension(places, os.environ[_EXTENSION_PORT], deadline)
    for kind, read in (("ssm", _parameters), ("secret", _secrets)):
        names = [place[1] for place in places if place[0] == kind and place not in found]
        for batch in _batches(names, _PER_CALL[kind]):
            try:
                values = read(batch, deadline)
            except AwsError as error:
                values = dict.fromkeys(batch, Unreadable(f"can't be read: {error}"))
            found |= {(kind, name): values.get(name) for name in batch}
    return found


def _batches(names: Sequence[str], size: int) -> list[list[str]]:
    """Divide names among calls; versions of one parameter go apart, as an answer may name them
    alike."""
    batches: list[list[str]] = []
    for name in names:
        for batch in batches:
            if len(batch) < size and all(_base(name) != _base(other) for other in batch):
                batch.append(name)
                break
        else:
            batches.append([name])
    return batches


def _base(name: str) -> str:
    """Return a parameter's name or ARN without the version or label that may follow."""
    return ":".join(name.split(":")[:6]) if name.startswith("arn:") else name.partition(":")[0]


def _parameters(names: Sequence[str], deadline: float | None) -> dict[str, str | Unreadable | None]:
    answer = client("ssm").call(
        "GetParameters", {"Names": list(names), "WithDecryption": True}, deadline
    )
    found = {
        named: parameter.get("Value")
        for parameter in answer.get("Parameters") or ()
        for named in (parameter.get("Name"), parameter.get("ARN"))
    }
    return {name: found.get(_base(name)) for name in names}


def _secrets(names: Sequence[str], deadline: float | None) -> dict[str, str | Unreadable | None]:
    if len(names) == 1:
        try:
            secret = client("secretsmanager").call(
                "GetSecretValue", {"SecretId": names[0]}, deadline
            )
        except AwsError as error:
            if _is_gone(error.code, error.message):
                return {}
            raise
        return {names[0]: secret_text(secret)}
    values: dict[str, str | Unreadable | None] = {}
    refused: list[str] = []
    for answer in _pages({"SecretIdList": list(names)}, deadline):
        for secret in answer.get("SecretValues") or ():
            for name in names:
                if _is_named(name, secret):
                    values[name] = secret_text(secret)
        for fault in answer.get("Errors") or ():
            code = fault.get("ErrorCode") or ""
            message = fault.get("Message") or ""
            if not _is_gone(code, message):
                words = f"can't be read: BatchGetSecretValue: {code}: {message}"
                values[fault.get("SecretId") or ""] = Unreadable(words)
                refused.append(fault.get("SecretId") or "")
    # Those of another account, which ARNs name, are read one by one alone: cross-account
    # permission does not hold for the batch ("Access AWS Secrets Manager secrets from a different
    # account").
    for name in names:
        if name.startswith("arn:") and (name in refused or name not in values):
            try:
                values |= _secrets([name], deadline)
            except AwsError as error:
                values[name] = Unreadable(f"can't be read: {error}")
    return values


def _is_gone(code: str, message: str) -> bool:
    """Whether there is no such secret, or one that is deleted but might be restored."""
    # "... because it was marked for deletion", in AWS's words of the day.
    return code in _MISSING or (code == "InvalidRequestException" and "delet" in message)


def _pages(payload: dict[str, Any], deadline: float | None) -> Iterator[dict[str, Any]]:
    while True:
        answer = client("secretsmanager").call("BatchGetSecretValue", payload, deadline)
        yield answer
        if not answer.get("NextToken"):
            return
        payload = {**payload, "NextToken": answer["NextToken"]}


def _is_named(name: str, secret: Mapping[str, Any]) -> bool:
    """Whether `name` means this secret: its name, its ARN, or that without the random end."""
    arn = secret.get("ARN") or ""
    return name in (secret.get("Name"), arn, arn[:-7])
