"""Keeps endpoints in a function's DynamoDB table: an item each, one for its name, one for the root.

What a change writes is one transaction, under conditions: a name is free, a version is what was
read. endpoint_runtime/managed/dynamodb.py reads the items.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from packager.contract import NAME_ITEM, ROOT_ITEM
from packager.dataclass import dataclass
from packager.endpoints.documents import (
    compact_json,
    reference_lists,
    references_of,
    unreadable,
)
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.store import Change, NameTaken, RootTaken, WrittenInPart, changed
from packager.errors import PackagerError
from packager.settings.aws import Aws, error_code, explained

# "TransactWriteItems": actions, and bytes of all items, of which there are 4 MB.
_MOST_ACTIONS = 100
_MOST_BYTES = 3_900_000
_TRIES = 6  # where another transaction has an item at this moment
_PAUSE = 0.1  # seconds, twice as long after each

Subject = Literal["endpoint", "name", "root"]
Item = dict[str, Any]
_FREE = "attribute_not_exists(id)"
_OURS = "attribute_not_exists(id) OR hook_id = :ours"


@dataclass(frozen=True, slots=True)
class _Action:
    """One action of a transaction, and what it is about."""

    subject: Subject
    change: Change
    request: Mapping[str, Any]

    @property
    def refusal(self) -> PackagerError:
        """Why it was refused, where its condition did not hold."""
        if self.subject == "name":
            return NameTaken(self.change.name)
        return RootTaken() if self.subject == "root" else changed(self.change.name)


class TableStore:
    """The endpoints in the table `table`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._aws = aws
        self._table = table

    @property
    def label(self) -> str:
        """The table."""
        return f"table {self._table}"

    def all(self) -> list[Endpoint]:
        """Return every endpoint."""
        with explained(f"{self.label} can't be read"):
            pages = self._aws.client("dynamodb").get_paginator("scan")
            items = [
                item
                for page in pages.paginate(TableName=self._table, ConsistentRead=True)
                for item in page["Items"]
            ]
        root = next((_text(item, "hook_id") for item in items if _id(item) == ROOT_ITEM), None)
        return [
            _endpoint(item, root)
            for item in items
            if _id(item) != ROOT_ITEM and not _id(item).startswith(NAME_ITEM)
        ]

    def get(self, hook_id: str) -> Endpoint | None:
        """Return the endpoint of a hook id; None where there is none."""
        item = self._item(hook_id)
        return None if item is None or "name" not in item else _endpoint(item, self.root())

    def named(self, name: str) -> Endpoint | None:
        """Return the endpoint of a name; None where there is none."""
        lock = self._item(NAME_ITEM + name)
        return None if lock is None else self.get(_text(lock, "hook_id") or "")

    def root(self) -> str | None:
        """Return the hook id of the endpoint that also answers at the root; None for none."""
        item = self._item(ROOT_ITEM)
        return None if item is None else _text(item, "hook_id")

    def size(self, endpoint: Endpoint) -> int:
        """Return the bytes of an endpoint's item, as DynamoDB counts them."""
        return sum(len(name) + _size(value) for name, value in _item_of(endpoint).items())

    def write(self, changes: Sequence[Change]) -> None:
        """Write `changes`, as many in one transaction as it takes: some 30 new endpoints."""
        done: list[str] = []
        for together in self._transactions(changes):
            try:
                self._transact([action for change in together for action in self._actions(change)])
            except PackagerError as error:
                if done:
                    raise WrittenInPart(done, error) from error
                raise
            done += [each.name for each in together]

    def _transactions(self, changes: Sequence[Change]) -> Iterator[list[Change]]:
        """Yield what is written together; no transaction has an item, the root's, twice."""
        together: list[Change] = []
        actions = size = 0
        root = False
        for change in changes:
            more = len(list(self._actions(change)))
            bytes_ = self.size(change.after) if change.after else 0
            full = actions + more > _MOST_ACTIONS or size + bytes_ > _MOST_BYTES
            if together and (full or (root and _moves_root(change))):
                yield together
                together, actions, size, root = [], 0, 0, False
            together.append(change)
            actions, size, root = actions + more, size + bytes_, root or _moves_root(change)
        if together:
            yield together

    def _actions(self, change: Change) -> Iterator[_Action]:
        before, after = change.before, change.after

        def action(subject: Subject, kind: str, **request: Any) -> _Action:
            return _Action(subject, change, {kind: {"TableName": self._table, **request}})

        def delete(subject: Subject, key: str, ours: str) -> _Action:
            values = {":ours": {"S": ours}}
            return action(
                subject,
                "Delete",
                Key={"id": {"S": key}},
                ConditionExpression=_OURS,
                ExpressionAttributeValues=values,
            )

        def point(subject: Subject, key: str, hook_id: str, ours: str | None) -> _Action:
            """Make the item `key` say `hook_id`, if it is free or says `ours`."""
            condition: dict[str, Any] = {"ConditionExpression": _FREE}
            if ours is not None:
                condition["ConditionExpression"] = _OURS
                condition["ExpressionAttributeValues"] = {":ours": {"S": ours}}
            item = {"id": {"S": key}, "hook_id": {"S": hook_id}}
            return action(subject, "Put", Item=item, **condition)

        if before is not None:
            unchanged = {
                "ConditionExpression": "#version = :version",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":version": {"N": str(before.revision)}},
            }
            if after is not None and after.hook_id == before.hook_id:
                yield action("endpoint", "Put", Item=_item_of(after), **unchanged)
            else:
                key = {"id": {"S": before.hook_id}}
                yield action("endpoint", "Delete", Key=key, **unchanged)
            if after is None or after.name != before.name:
                yield delete("endpoint", NAME_ITEM + before.name, before.hook_id)
            if before.root and (after is None or not after.root):
                yield delete("endpoint", ROOT_ITEM, before.hook_id)
        if after is None:
            return
        ours = None if before is None else before.hook_id
        if after.hook_id != ours:
            yield action("endpoint", "Put", Item=_item_of(after), ConditionExpression=_FREE)
        if before is None or after.name != before.name:
            yield point("name", NAME_ITEM + after.name, after.hook_id, None)
        elif after.hook_id != ours:
            yield point("name", NAME_ITEM + after.name, after.hook_id, ours)
        if after.root and not (before and before.root and after.hook_id == ours):
            yield point("root", ROOT_ITEM, after.hook_id, ours if before and before.root else None)

    def _transact(self, actions: Sequence[_Action]) -> None:
        from botocore.exceptions import ClientError

        requests = [action.request for action in actions]
        for attempt in range(_TRIES):
            with explained(f"{self.label} can't be written to"):
                try:
                    self._aws.client("dynamodb").transact_write_items(TransactItems=requests)
                    return
                except ClientError as error:
                    if error_code(error) != "TransactionCanceledException":
                        raise
                    reasons = [each.get("Code") for each in _reasons(error)]
                    for action, reason in zip(actions, reasons, strict=False):
                        if reason == "ConditionalCheckFailed":
                            raise action.refusal from None
                    if "TransactionConflict" not in reasons or attempt == _TRIES - 1:
                        raise
            time.sleep(_PAUSE * 2**attempt)

    def _item(self, key: str) -> Item | None:
        with explained(f"{self.label} can't be read"):
            answer = self._aws.client("dynamodb").get_item(
                TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True
            )
        item: Item | None = answer.get("Item")
        return item


def _moves_root(change: Change) -> bool:
    return any(one is not None and one.root for one in (change.before, change.after))


def _reasons(error: Any) -> list[Mapping[str, Any]]:
    reasons: list[Mapping[str, Any]] = error.response.get("CancellationReasons") or []
    return reasons


def _item_of(endpoint: Endpoint) -> Item:
    item: Item = {
        "id": {"S": endpoint.hook_id},
        "name": {"S": endpoint.name},
        "enabled": {"BOOL": endpoint.enabled},
        "settings": {"S": compact_json(dict(endpoint.settings))},
        "version": {"N": str(endpoint.version)},
        "created": {"S": endpoint.created},
        "updated": {"S": endpoint.updated},
    }
    if endpoint.references:
        item["references"] = {"S": compact_json(reference_lists(endpoint.references))}
    if endpoint.sealed is not None:
        item["sealed"] = {"B": endpoint.sealed}
    if endpoint.space is not None:
        item["space"] = {"S": endpoint.space}
    return item


def _endpoint(item: Item, root: str | None) -> Endpoint:
    hook_id = _id(item)
    try:
        version = int(item["version"]["N"])
        return Endpoint(
            hook_id=hook_id,
            name=item["name"]["S"],
            settings=dict(json.loads(item["settings"]["S"])),
            references=references_of(json.loads(item.get("references", {"S": "{}"})["S"])),
            sealed=bytes(item["sealed"]["B"]) if "sealed" in item else None,
            enabled=item["enabled"]["BOOL"],
            root=hook_id == root,
            space=_text(item, "space"),
            version=version,
            created=_text(item, "created") or "",
            updated=_text(item, "updated") or "",
            revision=version,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise unreadable(hook_id) from None


def _id(item: Item) -> str:
    return str(item["id"]["S"])


def _text(item: Item, name: str) -> str | None:
    text: str | None = item.get(name, {}).get("S")
    return text


def _size(value: Mapping[str, Any]) -> int:
    """Return the bytes of an attribute's value ("DynamoDB item sizes and formats")."""
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "B":
            return len(held)
        case "N":
            return (len(held) + 1) // 2 + 1
        case _:
            return 1
