"""Storage in a DynamoDB table: one item for each key, and more for what is larger than an item.

Items, by their hash key `id` (attributes have short names, since these count as data):

- `v<key>`: the key's value. `d` holds it, or `r` says which generation of chunks does; `s` is its
  size in bytes, as text. `o` are generations it has replaced whose chunks are still to be deleted,
  `p` such as are being written: see `generations`.
- `c<generation>.<number>`: a chunk, in `d`. Until its generation is named it has a time `x`, when
  DynamoDB's TTL deletes it, and the mark `w`.
- `t`: how much is stored, where there is a limit: see `quota`.

A large value is written under a new generation. One write of the key's item makes that the value,
and remembers the generation before, whose chunks are deleted then. Readers meet the old value or
the new one, and one whose chunks vanish reads the item again.
"""

from __future__ import annotations

import os
from binascii import a2b_base64
from time import time

from endpoint_runtime.aws import AwsError
from endpoint_runtime.storage.dynamodb_table import (
    CANCELLED,
    NOTHING_LARGE,
    TOO_LATE,
    Table,
    base64,
    fits,
    key_of,
    reasons,
    replacing,
    texts,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.storage.generations import Generations
    from endpoint_runtime.storage.quota import Quota

VARIABLE = "PACKAGER_STORAGE_TABLE"  # set by the template
_TRIES = 100  # readings of an item whose chunks vanish: each means that another write has succeeded
_TIDY = 3.0  # s that a reader spends on what a writer has left
_RESERVE = 2000  # bytes of an item for the generations that it names besides its value
# Ends of a write after which nothing can name its generation.
_NEVER = ("StorageFull", "StorageBusy", TOO_LATE)


class DynamoDBStorage(Table):
    """One plugin's space: the table `table`. Reads are strongly consistent; threads share it.

    `limit` is the number of bytes that all values together may have, or None. `deadline`, where a
    call has one, is in seconds since the epoch. Calls raise AwsError for what DynamoDB refuses.
    """

    def __init__(self, table: str, limit: int | None = None) -> None:
        super().__init__(table)
        self._large: Generations | None = None
        self._quota: Quota | None = None
        if limit is not None:
            from endpoint_runtime.storage.quota import Quota

            self._quota = Quota(self, limit)

    @property
    def generations(self) -> Generations:
        """What is larger than an item; functions without pay nothing for it."""
        if self._large is None:
            from endpoint_runtime.storage.generations import Generations

            self._large = Generations(self)
        return self._large

    def get(self, key: str, deadline: float | None = None) -> bytes | None:
        """Return a value, None for a key without."""
        name, seen = _id(key), ""
        for _ in range(_TRIES):
            item = self.read(name, deadline)
            if item is None:
                return None
            if "d" in item:
                value = a2b_base64(item["d"]["B"])
            elif generations := texts(item, "r"):
                found = self.generations.read(generations[0], deadline)
                if found is None:
                    if generations[0] == seen:  # no write has come between
                        break
                    seen = generations[0]
                    continue
                value = found
            else:
                value = None
            if "o" in item or "p" in item:
                limit = time() + _TIDY
                self.tidy(name, limit if deadline is None else min(limit, deadline))
            return value
        raise AwsError("DamagedValue", "chunks of a value are missing")

    def exist(self, key: str, deadline: float | None = None) -> bool:
        """Return whether a key has a value."""
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
        plain = {"Key": key_of(name), "ConditionExpression": NOTHING_LARGE}
        if not self.attempt("DeleteItem", plain, deadline):
            self._replace(name, {}, deadline)

    def _set_small(self, name: str, value: bytes, size: str, deadline: float | None) -> None:
        content = {"d": {"B": base64(value)}, "s": {"S": size}}
        if self._quota:
            self._quota.write(name, content, len(value), deadline)
            return
        put = {"Item": {**key_of(name), **content}, "ConditionExpression": NOTHING_LARGE}
        if self.attempt("PutItem", put, deadline):
            return  # nothing large was there before
        if not fits(name, len(value) + _RESERVE):
            self._set_large(name, value, size, deadline)
            return
        self._replace(name, content, deadline)

    def _replace(self, name: str, content: dict[str, Any], deadline: float | None) -> None:
        """Make `content` what the item of a key with something large holds."""
        self.call("UpdateItem", {**replacing(content), "Key": key_of(name)}, deadline)
        self.tidy(name, deadline)

    def tidy(self, name: str, deadline: float | None) -> None:
        """Delete what a key's value was made of before; what fails is left to its next call."""
        try:
            item = self.read(name, deadline, only="o, p")
            self.generations.tidy(name, item, deadline)
        except AwsError:
            pass

    def _set_large(self, name: str, value: bytes, size: str, deadline: float | None) -> None:
        generation = self.generations.write(value, deadline)
        content = {"r": {"L": [{"S": generation}]}, "s": {"S": size}}
        try:
            try:
                kept = self.generations.keep(name, generation, deadline)
            except AwsError as error:
                if error.code != "ValidationException":
                    raise
                self._make_room(name, deadline)
                kept = self.generations.keep(name, generation, deadline)
            if self._quota:
                self._quota.write(name, content, len(value), deadline, kept)
                return
            self._name(name, content, kept, deadline)
        except AwsError as error:
            if error.code in _NEVER or 400 <= error.status < 500:
                self.generations.discard(name, generation, deadline)
            raise
        self.tidy(name, deadline)

    def _name(
        self,
        name: str,
        content: dict[str, Any],
        kept: list[dict[str, Any]],
        deadline: float | None,
        before: dict[str, Any] | None = None,
    ) -> None:
        """Make a generation the value of a key, unless that is done already.

        With `before` only where the key's item holds that as its value.
        A transaction is done once, however often it is sent. A plain update that succeeded unseen
        and is sent again would find its own generation, and take it for an old one.
        """
        update = {"Key": key_of(name), **replacing(content)}
        update["ConditionExpression"] = "(attribute_not_exists(r) OR r <> :r)"
        if before is not None:
            update["ConditionExpression"] += " AND d = :before"
            update["ExpressionAttributeValues"][":before"] = before
        self.generations.take_note_back(update, content)
        try:
            self.transact([{"Update": update}, *kept], deadline)
        except AwsError as error:
            if CANCELLED not in reasons(error) or before is not None:
                raise
            self.generations.check_time(content)

    def _make_room(self, name: str, deadline: float | None) -> None:
        """Take the value out of a key's item, which is so large that no note goes beside it."""
        item = self.read(name, deadline) or {}
        if "d" not in item:
            return
        generation = self.generations.write(a2b_base64(item["d"]["B"]), deadline)
        content = {"r": {"L": [{"S": generation}]}, "s": item["s"]}
        kept = self.generations.keep(name, generation, deadline)
        try:
            self._name(name, content, kept, deadline, before=item["d"])
        except AwsError as error:
            self.generations.discard(name, generation, deadline)
            if CANCELLED not in reasons(error):  # if so, another write has come between
                raise


def _id(key: str) -> str:
    return f"v{key}"


def open_storage(options: dict[str, Any]) -> DynamoDBStorage:
    """Return the storage in the table that the environment names, as the template has it."""
    table = os.environ.get(VARIABLE)
    if not table:
        raise ValueError(f"the environment variable {VARIABLE} does not name a table")
    return DynamoDBStorage(table, options.get("limit"))
