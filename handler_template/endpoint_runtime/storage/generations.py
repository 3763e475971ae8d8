"""Values of more than an item: their chunks, from the first one written to the last one deleted.

Nothing may be left for ever by a writer that is killed, after whichever request. A chunk has a time
`x`, when DynamoDB's TTL deletes it, until the one transaction that names its generation takes that
off. A transaction has room for few chunks (`TOGETHER`); a longer value's lose their times before,
and so its key's item notes the generation first, in `p`. Whoever meets such a note a day later
deletes what it is about, and whoever meets `o`, generations that were replaced, does so at once.
"""

from __future__ import annotations

import os
from binascii import a2b_base64
from time import time

from endpoint_runtime.aws import AwsError
from endpoint_runtime.storage.dynamodb_table import TOO_LATE, base64, key_of, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.storage.dynamodb_table import Table

CHUNK = 400_000  # bytes; the rest of an item is for its other attributes
# Chunks whose generation one transaction names: all its items may have 4 MB ("TransactWriteItems").
TOGETHER = 8
_ORPHAN = 24 * 3600  # s after which what no value is made of is deleted
_TOO_LATE = "writing the value took more than a day"
_SLACK = 3600  # s by which clocks may differ


class Generations:
    """The chunks in a table. A generation's name says when it was begun, and its chunks' number."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def write(self, value: bytes, deadline: float | None) -> str:
        """Write a value as chunks of a new generation, and return its name."""
        count = -(-len(value) // CHUNK)
        now = int(time())
        generation = f"{os.urandom(16).hex()}.{now}.{count}"
        marks = {"x": {"N": str(now + _ORPHAN)}, "w": {"BOOL": True}}
        for number in range(count):
            data = value[number * CHUNK : (number + 1) * CHUNK]
            chunk = {**_chunk(generation, number), "d": {"B": base64(data)}, **marks}
            # Not again: a request that was late would give a finished chunk its time back.
            put = {"Item": chunk, "ConditionExpression": "attribute_not_exists(d)"}
            self._table.attempt("PutItem", put, deadline)
        return generation

    def read(self, generation: str, deadline: float | None) -> bytes | None:
        """Return the value of a generation; None if a chunk of it is gone."""
        parts = []
        for number in range(_count(generation)):
            item = self._table.read(_chunk(generation, number)["id"]["S"], deadline)
            if item is None:
                return None
            parts.append(a2b_base64(item["d"]["B"]))
        return b"".join(parts)

    def keep(self, name: str, generation: str, deadline: float | None) -> list[dict[str, Any]]:
        """Return the writes that keep a generation's chunks, for the transaction that names it.

        A longer one's chunks are kept at once, and noted in the key's item `name` before.
        """
        if not is_long(generation):
            # `w` is there once: a transaction that is sent again can't keep what is replaced since.
            keeping = {
                "UpdateExpression": "REMOVE x, w",
                "ConditionExpression": "attribute_exists(w)",
            }
            return [
                {"Update": {"Key": _chunk(generation, number), **keeping}}
                for number in range(_count(generation))
            ]
        note = {"UpdateExpression": "ADD p :p", "ExpressionAttributeValues": noted(generation)}
        self._table.call("UpdateItem", {"Key": key_of(name), **note}, deadline)
        for number in range(_count(generation)):
            keeping = {
                "UpdateExpression": "REMOVE x, w",
                # Not one that has expired meanwhile: that would make an empty one.
                "ConditionExpression": "attribute_exists(d)",
            }
            payload = {"Key": _chunk(generation, number), **keeping}
            if not self._table.attempt("UpdateItem", payload, deadline):
                raise AwsError(TOO_LATE, _TOO_LATE)
        return []

    def take_note_back(self, update: dict[str, Any], content: dict[str, Any]) -> None:
        """Have the update that makes `content` a key's value end the note of its generation.

        It is done only while there is the note: whoever takes that back deletes the chunks.
        """
        generation = texts(content, "r")[0]
        if is_long(generation):
            update["UpdateExpression"] += " DELETE p :p"
            update["ConditionExpression"] += " AND contains(p, :g)"
            update["ExpressionAttributeValues"] |= {**noted(generation), ":g": {"S": generation}}

    def is_gone(self, item: dict[str, Any], content: dict[str, Any]) -> bool:
        """Whether a key's item has no note any more of the generation in `content`."""
        generation = texts(content, "r")[0]
        if not is_long(generation) or generation in pending(item):
            return False
        self.check_time(content)
        return True

    def check_time(self, content: dict[str, Any]) -> None:
        """Raise AwsError if a generation that its writer finds gone had no more time."""
        if is_over(texts(content, "r")[0]):
            raise AwsError(TOO_LATE, _TOO_LATE)

    def discard(self, name: str, generation: str, deadline: float | None) -> None:
        """Delete a generation that its writer could not name, unless it has done so unseen."""
        try:
            if is_long(generation):
                self._drop(name, generation, deadline)
            elif generation not in texts(self._table.read(name, deadline, only="r"), "r"):
                self._delete(generation, deadline)
        except AwsError:
            pass  # why it is not wanted matters more

    def clean(self, name: str, replaced: list[str], deadline: float | None) -> None:
        """Delete the chunks of the generations that a key's item has replaced.

        `replaced` is what its `o` was; should another writer have added to it, that one deletes
        those, too.
        """
        for generation in replaced:
            self._delete(generation, deadline)
        same = {
            "Key": key_of(name),
            "ExpressionAttributeValues": {":o": {"L": [{"S": each} for each in replaced]}},
        }
        empty = "o = :o AND attribute_not_exists(s) AND attribute_not_exists(p)"
        if not self._table.attempt("DeleteItem", {**same, "ConditionExpression": empty}, deadline):
            rest = {"UpdateExpression": "REMOVE o", "ConditionExpression": "o = :o"}
            self._table.attempt("UpdateItem", {**same, **rest}, deadline)

    def tidy(self, name: str, item: dict[str, Any] | None, deadline: float | None) -> None:
        """Delete what a key's item, or its `o` and `p`, says that is of no use any more."""
        if item and "o" in item:
            self.clean(name, texts(item, "o"), deadline)
        for generation in pending(item):
            if is_over(generation, _SLACK):
                self._drop(name, generation, deadline)

    def _drop(self, name: str, generation: str, deadline: float | None) -> None:
        """Take back a note. From then on its writer can't name the generation, which is deleted."""
        same = {"Key": key_of(name)}
        known = {**noted(generation), ":g": {"S": generation}}
        added = {":none": {"L": []}, ":o": {"L": [{"S": generation}]}}
        move = {
            "UpdateExpression": "SET o = list_append(if_not_exists(o, :none), :o) DELETE p :p",
            "ConditionExpression": "contains(p, :g) AND NOT contains(r, :g)",
            "ExpressionAttributeValues": known | added,
        }
        if self._table.attempt("UpdateItem", {**same, **move}, deadline):
            self.clean(name, texts(self._table.read(name, deadline, only="o"), "o"), deadline)
        else:  # the note was late, and made after the value
            forget = {
                "UpdateExpression": "DELETE p :p",
                "ConditionExpression": "contains(r, :g)",
                "ExpressionAttributeValues": known,
            }
            self._table.attempt("UpdateItem", {**same, **forget}, deadline)

    def _delete(self, generation: str, deadline: float | None) -> None:
        for number in range(_count(generation)):
            self._table.call("DeleteItem", {"Key": _chunk(generation, number)}, deadline)


def is_long(generation: str) -> bool:
    """Whether a generation has more chunks than one transaction takes."""
    return _count(generation) > TOGETHER


def is_over(generation: str, slack: float = 0.0) -> bool:
    """Whether a generation that is not named by now may be deleted."""
    return time() > int(generation.split(".")[1]) + _ORPHAN + slack


def pending(item: dict[str, Any] | None) -> list[str]:
    """Return the generations that a key's item has notes of."""
    return item["p"]["SS"] if item and "p" in item else []


def noted(generation: str) -> dict[str, Any]:
    """Return the value `:p` of an expression that adds a note, or takes it away."""
    return {":p": {"SS": [generation]}}


def _chunk(generation: str, number: int) -> dict[str, Any]:
    return key_of(f"c{generation}.{number}")


def _count(generation: str) -> int:
    return int(generation.rpartition(".")[2])
