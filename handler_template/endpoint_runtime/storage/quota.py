"""Keeps the values of a DynamoDB storage within a limit: every write is a transaction that counts.

The item `t` has the bytes of all values together in `t`. A write changes it by what the write adds
or takes, if that keeps it within the limit, and only if the key's value still has the size that
was reckoned with. The item is made, by adding up, when it is missing: delete it to have that done.
"""

from __future__ import annotations

from endpoint_runtime.aws import AwsError
from endpoint_runtime.storage.dynamodb_table import (
    CANCELLED,
    NOTHING_LARGE,
    key_of,
    reasons,
    replacing,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from endpoint_runtime.storage.generations import Generations

    Item = dict[str, Any]

    class _Storage(Protocol):
        """What a limit is kept of: a table, and what is larger than its items (`dynamodb`)."""

        @property
        def generations(self) -> Generations: ...
        def read(self, name: str, deadline: float | None, only: str = "") -> Item | None: ...
        def call(self, operation: str, payload: Item, deadline: float | None) -> Item: ...
        def attempt(self, operation: str, payload: Item, deadline: float | None) -> bool: ...
        def transact(self, writes: list[Item], deadline: float | None) -> None: ...
        def tidy(self, name: str, deadline: float | None) -> None: ...


_TRIES = 100  # each means that another write of the key has succeeded
_NAME = "t"


class Quota:
    """The limit (bytes) of a storage."""

    def __init__(self, storage: _Storage, limit: int) -> None:
        self._storage = storage
        self._limit = limit

    def write(
        self,
        name: str,
        content: dict[str, Any] | None,
        size: int,
        deadline: float | None,
        kept: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Make `content` what the item `name` holds; None deletes the value.

        `kept` are the writes that keep the chunks of its generation. Raises AwsError with the code
        `StorageFull` where that would exceed the limit.
        """
        storage = self._storage
        large = content is not None and "r" in content
        for _ in range(_TRIES):
            item = storage.read(name, deadline, only="s, r, o, p") or {}
            if content is None and not item:
                return
            plain = not item.keys() & {"r", "o", "p"}  # nothing large is there
            if content is not None and large:
                if content["r"] == item.get("r"):
                    break  # done already, by a request whose answer was lost
                if storage.generations.is_gone(item, content):
                    break  # and replaced since
            before = item.get("s", {}).get("S")
            added = size - int(before or 0)
            count = self._count(added)
            try:
                write = self._write(name, content, before, plain)
                storage.transact([write, *count, *kept], deadline)
            except AwsError as error:
                codes = reasons(error)
                if codes[:1] == [CANCELLED]:
                    continue  # another write came first
                if content is not None and CANCELLED in codes[1 + len(count) :]:
                    storage.generations.check_time(content)
                    break  # done already, and replaced since
                if not count or codes[1:2] != [CANCELLED]:
                    raise
                self._look_at_count(added, deadline)
                continue
            break
        else:
            raise AwsError("StorageBusy", "other writes of the key keep coming first")
        if not plain:
            storage.tidy(name, deadline)

    def _write(
        self, name: str, content: dict[str, Any] | None, before: str | None, plain: bool
    ) -> dict[str, Any]:
        """Return the write that makes `content` what an item holds whose value has that size."""
        write: dict[str, Any] = {"Key": key_of(name)}
        values: dict[str, Any] = {}
        condition = "attribute_not_exists(s)"
        if before is not None:
            condition = "s = :before"
            values[":before"] = {"S": before}
        if plain:
            condition += f" AND {NOTHING_LARGE}"
        kind = "Delete" if plain and content is None else "Update"
        if kind == "Update":
            update = replacing(content or {}, plain=plain)
            values |= update.pop("ExpressionAttributeValues")
            write |= update
        write["ConditionExpression"] = condition
        if values:
            write["ExpressionAttributeValues"] = values
        if content is not None and "r" in content:
            self._storage.generations.take_note_back(write, content)
        return {kind: write}

    def _count(self, added: int) -> list[dict[str, Any]]:
        """Return the change of the count; none where it stays as it is."""
        if added == 0:
            return []
        update: dict[str, Any] = {
            "Key": key_of(_NAME),
            "UpdateExpression": "SET t = t + :added",
            "ConditionExpression": "attribute_exists(t)",
            "ExpressionAttributeValues": {":added": {"N": str(added)}},
        }
        if added > 0:
            update["ConditionExpression"] = "t <= :room"
            update["ExpressionAttributeValues"][":room"] = {"N": str(self._limit - added)}
        return [{"Update": update}]

    def _look_at_count(self, added: int, deadline: float | None) -> None:
        """Find why the count could not change: raise `StorageFull`, or make it if it is missing.

        Where it is neither, another writer has just made it, or made room.
        """
        item = self._storage.read(_NAME, deadline)
        if item is None:
            self._make_count(deadline)
        elif int(item["t"]["N"]) + added > self._limit:
            raise AwsError(
                "StorageFull",
                f"{added} more bytes would exceed the storage_limit of {self._limit}",
            )

    def _make_count(self, deadline: float | None) -> None:
        """Add up what is stored. Nothing is written meanwhile: every write needs the count."""
        total = 0
        page: dict[str, Any] = {}
        while True:
            payload = {"ConsistentRead": True, "ProjectionExpression": "s", **page}
            answer = self._storage.call("Scan", payload, deadline)
            total += sum(int(each["s"]["S"]) for each in answer["Items"] if "s" in each)
            if not answer.get("LastEvaluatedKey"):
                break
            page = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        item = {**key_of(_NAME), "t": {"N": str(total)}}
        put = {"Item": item, "ConditionExpression": "attribute_not_exists(t)"}
        self._storage.attempt("PutItem", put, deadline)
