"""Storage in a DynamoDB table: one item for each key, and more for what is larger than an item.

Items, by their hash key `id` (attributes have short names, since these count as data):

- `v<key>`: the key's value. `d` holds it, or `r` says which generation of chunks does; `s` is its
  size in bytes, as text. `o` are generations it has replaced whose chunks are still to be deleted.
- `c<generation>.<number>`: a chunk, in `d`. Until its generation is complete it has a time `x`,
  when DynamoDB's TTL deletes it: what a writer that was cut off has left goes away by itself.
- `t`: how much is stored, where there is a limit: see `quota`.

A large value is written under a new generation, whose chunks then lose their `x`; one write of the
key's item makes it the value, and remembers the generation before, whose chunks are deleted then.
Readers meet the old value or the new one, and one whose chunks vanish reads the item again.
"""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from time import sleep, time

from endpoint_runtime.aws import AwsError, client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.application import Backends
    from endpoint_runtime.storage.quota import Quota

VARIABLE = "PACKAGER_STORAGE_TABLE"  # set by the template
# "Constraints in Amazon DynamoDB": names and values of an item, in bytes of UTF-8.
MAX_ITEM = 409_600
CHUNK = 400_000  # bytes; the rest of an item is for its other attributes
_ORPHAN = 24 * 3600  # s after which chunks that are not complete are deleted
_TRIES = 100  # readings of an item whose chunks vanish: each means that another write has succeeded

_RESERVE = 2000  # bytes of an item for the generations that it names besides its value
# Reasons of a cancelled transaction that pass ("TransactWriteItems", API reference).
_PASSING = frozenset(("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"))
_CONFLICT_DELAY = 0.05  # s, at most, after the first conflict
CANCELLED = "ConditionalCheckFailed"  # a reason of a cancelled transaction
_CONDITION_FAILED = "ConditionalCheckFailedException"


class DynamoDBStorage:
    """One plugin's space: the table `table`. Reads are strongly consistent; threads share it.

    `limit` is the number of bytes that all values together may have, or None. `deadline`, where a
    call has one, is in seconds since the epoch. Calls raise AwsError for what DynamoDB refuses.
    """

    def __init__(self, table: str, limit: int | None = None) -> None:
        self.table = table
        self._client = client("dynamodb")
        self._quota: Quota | None = None
        if limit is not None:
            from endpoint_runtime.storage.quota import Quota

            self._quota = Quota(self, limit)

    def get(self, key: str, deadline: float | None = None) -> bytes | None:
        """Give a value, None for a key without."""
        seen = ""
        for _ in range(_TRIES):
            item = self.read(_id(key), deadline)
            if item is None or not _has_value(item):
                return None
            if "d" in item:
                return a2b_base64(item["d"]["B"])
            generation = item["r"]["L"][0]["S"]
            value = self._read_chunks(generation, deadline)
            if value is not None:
                return value
            if generation == seen:  # no write has come between
                break
            seen = generation
        raise AwsError("DamagedValue", "chunks of a value are missing")

    def exist(self, key: str, deadline: float | None = None) -> bool:
        """Tell whether a key has a value."""
        item = self.read(_id(key), deadline, only="s")
        return item is not None and "s" in item

    def set(self, key: str, value: bytes, deadline: float | None = None) -> None:
        """Keep a value."""
        name = _id(key)
        size = str(len(value))
        if fits(name, len(value) + (_RESERVE if self._quota else 0)):
            self._set_small(name, value, size, deadline)
            return
        self._set_large(name, value, size, deadline)

    def delete(self, key: str, deadline: float | None = None) -> None:
        """Forget a value."""
        name = _id(key)
        if self._quota:
            self._quota.write(name, None, 0, deadline)
            return
        condition = "attribute_not_exists(r) AND attribute_not_exists(o)"
        plain = {"Key": key_of(name), "ConditionExpression": condition}
        if not self.attempt("DeleteItem", plain, deadline):
            changed = self._update(name, {}, "UPDATED_NEW", deadline)
            self.clean(name, texts(changed, "o"), deadline)

    def _set_small(self, name: str, value: bytes, size: str, deadline: float | None) -> None:
        content = {"d": {"B": _base64(value)}, "s": {"S": size}}
        if self._quota:
            self._quota.write(name, content, len(value), deadline)
            return
        put = {
            "Item": {**key_of(name), **content},
            "ConditionExpression": "attribute_not_exists(r) AND attribute_not_exists(o)",
        }
        if self.attempt("PutItem", put, deadline):
            return  # nothing large was there before
        if not fits(name, len(value) + _RESERVE):
            self._set_large(name, value, size, deadline)
            return
        before = self._update(name, content, "ALL_OLD", deadline)
        replaced = [*texts(before, "o"), *texts(before, "r")]
        self.clean(name, replaced, deadline)

    def _set_large(self, name: str, value: bytes, size: str, deadline: float | None) -> None:
        generation = self._write_chunks(value, deadline)
        content = {"r": {"L": [{"S": generation}]}, "s": {"S": size}}
        try:
            if self._quota:
                self._quota.write(name, content, len(value), deadline)
                return
            # A transaction is done once, however often it is sent. A plain update that succeeded
            # unseen and is sent again would find its own generation, and take it for an old one.
            update = {"TableName": self.table, "Key": key_of(name), **replacing(content)}
            update["ConditionExpression"] = "attribute_not_exists(r) OR r <> :r"
            self.transact([{"Update": update}], deadline)
        except AwsError as error:
            if reasons(error) == {CANCELLED}:
                pass  # done already
            elif error.code == "StorageFull" or 400 <= error.status < 500:
                self._discard(generation, deadline)  # refused: nothing names them, nor will
                raise
            else:
                raise
        self.clean(name, texts(self.read(name, deadline, only="o"), "o"), deadline)

    def _write_chunks(self, value: bytes, deadline: float | None) -> str:
        """Write a value as chunks of a new generation, and give its name."""
        count = -(-len(value) // CHUNK)
        generation = f"{os.urandom(16).hex()}.{count}"
        expires = {"N": str(int(time()) + _ORPHAN)}
        for number in range(count):
            data = value[number * CHUNK : (number + 1) * CHUNK]
            chunk = {**_chunk(generation, number), "d": {"B": _base64(data)}, "x": expires}
            # Not again: a request that was late would give a finished chunk its time back.
            put = {"Item": chunk, "ConditionExpression": "attribute_not_exists(d)"}
            self.attempt("PutItem", put, deadline)
        for number in range(count):
            self.call(
                "UpdateItem",
                {
                    "Key": _chunk(generation, number),
                    "UpdateExpression": "REMOVE x",
                    # Not one that has expired meanwhile: that would make an empty one.
                    "ConditionExpression": "attribute_exists(d)",
                },
                deadline,
            )
        return generation

    def _read_chunks(self, generation: str, deadline: float | None) -> bytes | None:
        """Give the value of a generation; None if a chunk of it is gone."""
        parts = []
        for number in range(_count(generation)):
            item = self.read(_chunk(generation, number)["id"]["S"], deadline)
            if item is None:
                return None
            parts.append(a2b_base64(item["d"]["B"]))
        return b"".join(parts)

    def _delete_chunks(self, generation: str, deadline: float | None) -> None:
        for number in range(_count(generation)):
            self.call("DeleteItem", {"Key": _chunk(generation, number)}, deadline)

    def _discard(self, generation: str, deadline: float | None) -> None:
        try:
            self._delete_chunks(generation, deadline)
        except AwsError:
            pass  # why they are not wanted matters more

    def _update(
        self, name: str, content: dict[str, Any], returned: str, deadline: float | None
    ) -> dict[str, Any]:
        """Replace what a key's item holds, and give the attributes asked for."""
        update = {**replacing(content), "Key": key_of(name), "ReturnValues": returned}
        found: dict[str, Any] = self.call("UpdateItem", update, deadline).get("Attributes", {})
        return found

    def clean(self, name: str, replaced: list[str], deadline: float | None) -> None:
        """Delete the chunks of the generations that a key's item has replaced.

        `replaced` is what its `o` was; should another writer have added to it, that one deletes
        those, too.
        """
        for generation in replaced:
            self._delete_chunks(generation, deadline)
        same = {
            "Key": key_of(name),
            "ExpressionAttributeValues": {":o": {"L": [{"S": each} for each in replaced]}},
        }
        empty = "o = :o AND attribute_not_exists(s)"
        if not self.attempt("DeleteItem", {**same, "ConditionExpression": empty}, deadline):
            rest = {
                "UpdateExpression": "REMOVE o",
                "ConditionExpression": "o = :o AND attribute_exists(s)",
            }
            self.attempt("UpdateItem", {**same, **rest}, deadline)

    def read(self, name: str, deadline: float | None, only: str = "") -> dict[str, Any] | None:
        """Give the item `name`, as it is now, or the attribute `only` of it."""
        payload: dict[str, Any] = {"Key": key_of(name), "ConsistentRead": True}
        if only:
            payload["ProjectionExpression"] = only
        found: dict[str, Any] | None = self.call("GetItem", payload, deadline).get("Item")
        return found

    def call(
        self, operation: str, payload: dict[str, Any], deadline: float | None
    ) -> dict[str, Any]:
        """Call an operation on the table."""
        return self._client.call(operation, {"TableName": self.table, **payload}, deadline)

    def transact(self, writes: list[dict[str, Any]], deadline: float | None) -> None:
        """Do all of `writes` or none, once. Raises AwsError, once conflicts have not passed."""
        token = os.urandom(16).hex()
        payload = {"TransactItems": writes, "ClientRequestToken": token}
        for attempt in range(1, _TRIES + 1):
            try:
                self._client.call("TransactWriteItems", payload, deadline)
                return
            except AwsError as error:
                codes = reasons(error)
                if not codes & _PASSING or codes - _PASSING - {"None"} or attempt == _TRIES:
                    raise
            sleep(_CONFLICT_DELAY * min(attempt, 10) * os.urandom(1)[0] / 256)

    def attempt(self, operation: str, payload: dict[str, Any], deadline: float | None) -> bool:
        """Call an operation that has a condition; False where that does not hold."""
        try:
            self.call(operation, payload, deadline)
        except AwsError as error:
            if error.code == _CONDITION_FAILED:
                return False
            raise
        return True


def fits(name: str, size: int) -> bool:
    """Say whether an item `name` can hold a value of `size` bytes itself."""
    return 2 + len(name.encode()) + 1 + size + 1 + len(str(size)) <= MAX_ITEM


def replacing(content: dict[str, Any], *, plain: bool = False) -> dict[str, Any]:
    """Give the update that makes `content` (attributes by name) what a key's item holds.

    Its generation so far goes to those that it has replaced; if it is `plain`, it has none.
    """
    sets = [f"{name} = :{name}" for name in content]
    values = {f":{name}": value for name, value in content.items()}
    if not plain:
        sets.insert(0, "o = list_append(if_not_exists(o, :none), if_not_exists(r, :none))")
        values[":none"] = {"L": []}
    gone = ", ".join(name for name in ("d", "r", "s") if name not in content)
    return {
        "UpdateExpression": f"SET {', '.join(sets)} REMOVE {gone}",
        "ExpressionAttributeValues": values,
    }


def reasons(error: AwsError) -> set[str]:
    """Give the codes of a cancelled transaction's reasons; none for another error."""
    found = error.details.get("CancellationReasons")
    return {str(each.get("Code")) for each in found} if isinstance(found, list) else set()


def key_of(name: str) -> dict[str, Any]:
    """Give an item's key as DynamoDB has it."""
    return {"id": {"S": name}}


def _id(key: str) -> str:
    return f"v{key}"


def _chunk(generation: str, number: int) -> dict[str, Any]:
    return key_of(f"c{generation}.{number}")


def _count(generation: str) -> int:
    return int(generation.rpartition(".")[2])


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


def _has_value(item: dict[str, Any]) -> bool:
    return "d" in item or bool(texts(item, "r"))


def texts(item: dict[str, Any] | None, name: str) -> list[str]:
    """Give an attribute that is a list of texts; [] where it is missing."""
    return [each["S"] for each in item[name]["L"]] if item and name in item else []


def open_storage(options: dict[str, Any], backends: Backends) -> DynamoDBStorage:
    """Give the storage in the table that the environment names, as the template has it."""
    table = os.environ.get(VARIABLE)
    if not table:
        raise ValueError(f"the environment variable {VARIABLE} does not name a table")
    return DynamoDBStorage(table, options.get("limit"))
