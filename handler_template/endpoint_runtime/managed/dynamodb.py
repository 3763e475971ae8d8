"""Reads managed endpoints from a DynamoDB table: an item by hook id."""

from __future__ import annotations

from binascii import a2b_base64

from endpoint_runtime.aws import client
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.managed.documents import Document

ROOT = "root"  # the item of what answers at the root
NAME = "name:"  # before a name: the item that says which endpoint has it


class TableStore:
    """The table `table`; for any number of threads. Calls raise AwsError.

    Reads are strongly consistent, so that an endpoint works as soon as it is made.
    """

    def __init__(self, table: str) -> None:
        self._table = table
        self._client = client("dynamodb")

    def read(self, hook_id: str, deadline: float | None) -> Document | None:
        """Return what is kept of an endpoint; None where there is none of this id."""
        item = self._item(hook_id, deadline)
        if item is None or "name" not in item:
            return None
        document = document_of(item, hook_id)
        for name in ("settings", "references"):
            if not isinstance(document[name], dict):
                raise ValueError(f"{name} is not an object")
        return document

    def root(self, deadline: float | None) -> str | None:
        """Return the hook id of the endpoint that also answers at the root; None for none."""
        return self._pointer(ROOT, deadline)

    def named(self, name: str, deadline: float | None) -> str | None:
        """Return the hook id of the endpoint `name`; None for none."""
        return self._pointer(NAME + name, deadline)

    def _pointer(self, key: str, deadline: float | None) -> str | None:
        item = self._item(key, deadline)
        return None if item is None else item["hook_id"]["S"]

    def _item(self, key: str, deadline: float | None) -> dict[str, Any] | None:
        payload = {"TableName": self._table, "Key": {"id": {"S": key}}, "ConsistentRead": True}
        found: dict[str, Any] | None = self._client.call("GetItem", payload, deadline).get("Item")
        return found


def document_of(item: dict[str, Any], hook_id: str) -> Document:
    """Return what an item of the table keeps of an endpoint."""
    return {
        "name": item["name"]["S"],
        "enabled": item["enabled"]["BOOL"],
        "settings": _json(item, "settings"),
        "references": _json(item, "references"),
        "sealed": a2b_base64(item["sealed"]["B"]) if "sealed" in item else None,
        "space": item["space"]["S"] if "space" in item else hook_id,
    }


def _json(item: dict[str, Any], name: str) -> Any:
    return decode_json(item[name]["S"].encode()) if name in item else {}
