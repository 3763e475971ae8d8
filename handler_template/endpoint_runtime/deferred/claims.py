"""Who works on a delivery: claimed with a lease, then done, and forgotten in the end.

One item of a table for each delivery, by its key `id`. `s` is its state: `c` while somebody works
on it, who is `o`, until `u` (seconds since the epoch); `d` once it is done. `x` is when it is
forgotten, which DynamoDB's TTL looks at. Times are numbers.
"""

from __future__ import annotations

import os

from endpoint_runtime.aws import AwsError
from endpoint_runtime.deferred import variables
from endpoint_runtime.deferred.messages import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Nobody has it; who has had it is late; it may be forgotten; it is ours, and the answer was lost.
_FREE = "attribute_not_exists(id) OR (s = :c AND u < :now) OR x < :now OR o = :owner"
_FAILED = "ConditionalCheckFailedException"
DONE = 0.0  # what `claim` returns for a delivery that is done


class Claims:
    """The claims of one worker's process."""

    def __init__(self) -> None:
        self._table = os.environ.get(variables.TABLE, "")

    def claim(
        self, key: str, owner: str, now: float, until: float, deadline: float | None
    ) -> float | None:
        """Claim a delivery until a time; return None if that is done.

        Else `DONE`, or when the lease of whoever works on it ends. Raises AwsError.
        """
        item = {"id": {"S": key}, "s": {"S": "c"}, "o": {"S": owner}}
        # Longer than any message is kept, so that no claim is forgotten while it counts.
        item |= {"u": _number(until), "x": _number(until + 14 * 86400)}
        values = {":c": {"S": "c"}, ":now": _number(now), ":owner": {"S": owner}}
        try:
            self._call(
                "PutItem",
                {
                    "Item": item,
                    "ConditionExpression": _FREE,
                    "ExpressionAttributeValues": values,
                },
                deadline,
            )
        except AwsError as fault:
            if fault.code != _FAILED:
                raise
        else:
            return None
        found = self._call("GetItem", {"Key": {"id": {"S": key}}, "ConsistentRead": True}, deadline)
        item = found.get("Item") or {}
        if item.get("s") == {"S": "d"}:
            return DONE
        # One that is gone by now was given up: it can be had at once.
        return max(float(item["u"]["N"]), now) if "u" in item else now

    def finish(self, key: str, known_for: int, now: float, deadline: float | None) -> None:
        """Note that a delivery is done, for `known_for` seconds. Raises AwsError."""
        item = {"id": {"S": key}, "s": {"S": "d"}, "x": _number(now + known_for)}
        self._call("PutItem", {"Item": item}, deadline)

    def release(self, key: str, owner: str, deadline: float | None) -> None:
        """Give up a delivery that is not done, for the next try. Raises AwsError."""
        try:
            self._call(
                "DeleteItem",
                {
                    "Key": {"id": {"S": key}},
                    "ConditionExpression": "o = :owner",
                    "ExpressionAttributeValues": {":owner": {"S": owner}},
                },
                deadline,
            )
        except AwsError as fault:
            if fault.code != _FAILED:  # somebody else has it by now
                raise

    def _call(
        self, operation: str, payload: dict[str, Any], deadline: float | None
    ) -> dict[str, Any]:
        return call("dynamodb", operation, {"TableName": self._table, **payload}, deadline)


def _number(seconds: float) -> dict[str, str]:
    return {"N": str(int(seconds))}
