"""Reads all subscriptions of a store, and writes those that were renewed.

A write replaces what was read alone: who edited a subscription meanwhile is not overwritten. In
DynamoDB that is certain; Parameter Store has no such condition, so there its version is looked at
just before.
"""

from __future__ import annotations

import os
from binascii import b2a_base64
from time import gmtime, strftime

from endpoint_runtime.aws import AwsError, client
from endpoint_runtime.json_codec import decode_json, encode_json
from endpoint_runtime.managed.documents import from_json
from endpoint_runtime.managed.dynamodb import document_of
from endpoint_runtime.managed.sealed import NONCE, VERSION, crossed, tag_of
from endpoint_runtime.managed.ssm import ROOT
from endpoint_runtime.managed.subscriptions import SEALED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Protocol

    from endpoint_runtime.managed.documents import Document
    from endpoint_runtime.managed.sealed import DataKey

    class Kept(Protocol):
        """A store of subscriptions that can be written to."""

        def all(self, deadline: float | None) -> Iterator[tuple[str, Document, Any]]:
            """Yield hook ids and documents, and what `write` wants of each to know it by."""

        def write(
            self,
            hook_id: str,
            read: Any,
            values: dict[str, Any],
            references: dict[str, Any],
            key: DataKey,
        ) -> bool:
            """Keep these instead; return False where somebody else has written meanwhile."""


def open_kept(bundle: Any, place: str) -> Kept:
    """Return the store that a bundle's ENDPOINTS says, at the place that the environment says."""
    kind = bundle.ENDPOINTS["store"]
    if kind == "dynamodb":
        return Table(place)
    if kind == "ssm":
        return Parameters(place, bundle.ENDPOINTS["kms_key"])
    raise ValueError(f"the bundle's subscriptions are in {kind!r}, which nothing here can write to")


class Table:
    """A DynamoDB table, as `managed.dynamodb` reads it."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._client = client("dynamodb")

    def all(self, deadline: float | None) -> Iterator[tuple[str, Document, Any]]:
        """Yield all that are in the table when it is read."""
        start: Any = None
        while True:
            asked: dict[str, Any] = {"TableName": self._table, "ConsistentRead": True}
            if start:
                asked["ExclusiveStartKey"] = start
            answer = self._client.call("Scan", asked, deadline)
            for item in answer["Items"]:
                if "name" in item:
                    hook_id = item["id"]["S"]
                    yield hook_id, document_of(item, hook_id), item
            start = answer.get("LastEvaluatedKey")
            if not start:
                return

    def write(
        self,
        hook_id: str,
        read: Any,
        values: dict[str, Any],
        references: dict[str, Any],
        key: DataKey,
    ) -> bool:
        """Put the item in the place of the one that was read, secrets sealed."""
        version = read["version"]["N"]
        secret = {name: values[name] for name in SEALED if values.get(name)}
        plain = {name: value for name, value in values.items() if name not in SEALED}
        item = {
            **read,
            "settings": {"S": _text(plain)},
            "references": {"S": _text(references)},
            "version": {"N": str(int(version) + 1)},
            "updated": {"S": _now()},
        }
        if secret:
            item["sealed"] = {"B": b2a_base64(_sealed(secret, hook_id, key)).decode().strip()}
        try:
            self._client.call(
                "PutItem",
                {
                    "TableName": self._table,
                    "Item": item,
                    "ConditionExpression": "#version = :version",
                    "ExpressionAttributeNames": {"#version": "version"},
                    "ExpressionAttributeValues": {":version": {"N": version}},
                },
            )
        except AwsError as fault:
            if fault.code != "ConditionalCheckFailedException":
                raise
            return False
        return True


class Parameters:
    """Parameters below a prefix, as `managed.ssm` reads them."""

    def __init__(self, prefix: str, kms_key: str | None) -> None:
        self._prefix = prefix
        self._kms_key = kms_key
        self._client = client("ssm")

    def all(self, deadline: float | None) -> Iterator[tuple[str, Document, Any]]:
        """Yield all below the prefix: ten in a call, and names are a level below."""
        token: str | None = None
        while True:
            asked: dict[str, Any] = {"Path": self._prefix.rstrip("/"), "WithDecryption": True}
            if token:
                asked["NextToken"] = token
            answer = self._client.call("GetParametersByPath", asked, deadline)
            for each in answer.get("Parameters") or ():
                hook_id = each["Name"].removeprefix(self._prefix)
                if hook_id != ROOT and "/" not in hook_id:
                    value = decode_json(each["Value"].encode())
                    yield hook_id, from_json(value, hook_id), (value, each["Version"])
            token = answer.get("NextToken")
            if not token:
                return

    def write(
        self,
        hook_id: str,
        read: Any,
        values: dict[str, Any],
        references: dict[str, Any],
        key: DataKey,
    ) -> bool:
        """Overwrite the parameter, if it still has the version that was read."""
        value, version = read
        name = self._prefix + hook_id
        found = self._client.call("GetParameters", {"Names": [name]}).get("Parameters")
        if not found or found[0]["Version"] != version:
            return False
        document = {
            **value,
            "settings": values,
            "references": references,
            "version": int(value.get("version") or 1) + 1,
            "updated": _now(),
        }
        # Type and key stay as they are where neither is said; no {{ is in such text.
        text = _text(document).replace("{{", "{\\u007b")
        self._client.call("PutParameter", {"Name": name, "Value": text, "Overwrite": True})
        return True


def _sealed(values: dict[str, Any], hook_id: str, key: DataKey) -> bytes:
    data_key = key.read(None)
    head = bytes([VERSION]) + os.urandom(NONCE)
    text = crossed(_text(values).encode(), head[1:], data_key)
    return head + text + tag_of(head, text, hook_id, data_key)


def _text(value: Any) -> str:
    return encode_json(value).decode()


def _now() -> str:
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime())
