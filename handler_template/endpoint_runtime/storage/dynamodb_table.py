"""The calls on one DynamoDB table that a storage is made of, and how its items are named."""

from __future__ import annotations

import os
from binascii import b2a_base64
from time import sleep

from endpoint_runtime.aws import AwsError, client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRIES = 100  # of a transaction that meets others
# Reasons of a cancelled transaction that pass ("TransactWriteItems", API reference).
_PASSING = frozenset(("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"))
_CONFLICT_DELAY = 0.05  # s, at most, after the first conflict
CANCELLED = "ConditionalCheckFailed"  # a reason of a cancelled transaction
TOO_LATE = "TooLate"  # the code of a write that took a day
_CONDITION_FAILED = "ConditionalCheckFailedException"
# "Constraints in Amazon DynamoDB": names and values of an item, in bytes of UTF-8.
MAX_ITEM = 409_600
# What the item of a key without anything large has not.
NOTHING_LARGE = "attribute_not_exists(r) AND attribute_not_exists(o) AND attribute_not_exists(p)"


class Table:
    """The table `table`; threads share it. Reads are strongly consistent.

    `deadline`, where a call has one, is in seconds since the epoch. Calls raise AwsError for what
    DynamoDB refuses.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self._client = client("dynamodb")

    def read(self, name: str, deadline: float | None, only: str = "") -> dict[str, Any] | None:
        """Return the item `name`, as it is now, or the attributes `only` of it."""
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

    def attempt(self, operation: str, payload: dict[str, Any], deadline: float | None) -> bool:
        """Call an operation that has a condition; False where that does not hold."""
        try:
            self.call(operation, payload, deadline)
        except AwsError as error:
            if error.code == _CONDITION_FAILED:
                return False
            raise
        return True

    def transact(self, writes: list[dict[str, Any]], deadline: float | None) -> None:
        """Do all of `writes` or none, once. Raises AwsError, once conflicts have not passed."""
        for write in writes:
            for each in write.values():
                each["TableName"] = self.table
        token = os.urandom(16).hex()
        payload = {"TransactItems": writes, "ClientRequestToken": token}
        for attempt in range(1, _TRIES + 1):
            try:
                self._client.call("TransactWriteItems", payload, deadline)
                return
            except AwsError as error:
                codes = {*reasons(error)} - {"None", CANCELLED}
                if not codes or codes - _PASSING or attempt == _TRIES:
                    raise
            sleep(_CONFLICT_DELAY * min(attempt, 10) * os.urandom(1)[0] / 256)


def reasons(error: AwsError) -> list[str]:
    """Return the code of each write's part in a cancelled transaction; none for another error."""
    found = error.details.get("CancellationReasons")
    return [str(each.get("Code")) for each in found] if isinstance(found, list) else []


def key_of(name: str) -> dict[str, Any]:
    """Return an item's key as DynamoDB has it."""
    return {"id": {"S": name}}


def base64(data: bytes) -> str:
    """Return bytes as DynamoDB's JSON has them."""
    return b2a_base64(data, newline=False).decode("ascii")


def texts(item: dict[str, Any] | None, name: str) -> list[str]:
    """Return an attribute that is a list of texts; [] where it is missing."""
    return [each["S"] for each in item[name]["L"]] if item and name in item else []


def fits(name: str, size: int) -> bool:
    """Return whether an item `name` can hold a value of `size` bytes itself."""
    return 2 + len(name.encode()) + 1 + size + 1 + len(str(size)) <= MAX_ITEM


def replacing(content: dict[str, Any], *, plain: bool = False) -> dict[str, Any]:
    """Return the update that makes `content` (attributes by name) what a key's item holds.

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
