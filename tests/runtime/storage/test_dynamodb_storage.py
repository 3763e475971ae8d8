"""Storage in a DynamoDB table, against moto's, by what its items are."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from endpoint_runtime.aws import AwsError
from endpoint_runtime.storage import dynamodb
from endpoint_runtime.storage.dynamodb import DynamoDBStorage
from endpoint_runtime.storage.dynamodb_table import MAX_ITEM, fits
from endpoint_runtime.storage.generations import CHUNK
from tests.support.aws.moto_server import MotoServer
from tests.support.aws.storage_table import make_table

LARGE = os.urandom(CHUNK * 2 + 5)
OTHER = os.urandom(MAX_ITEM)


@pytest.fixture
def storage(moto_here: MotoServer) -> DynamoDBStorage:
    return DynamoDBStorage(make_table(moto_here))


@pytest.fixture
def limited(moto_here: MotoServer) -> DynamoDBStorage:
    return DynamoDBStorage(make_table(moto_here), limit=1_000_000)


def items(moto: MotoServer, table: str) -> dict[str, dict[str, Any]]:
    pages = moto.boto("dynamodb").get_paginator("scan").paginate(TableName=table)
    return {item["id"]["S"]: item for page in pages for item in page["Items"]}


VALUES = {
    "empty": b"",
    "one": b"\0",
    "some": bytes(range(256)),
    "a chunk": os.urandom(CHUNK),
    "too large for an item": OTHER,
    "two chunks": os.urandom(CHUNK * 2),
    "three chunks": LARGE,
}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("kept", ["storage", "limited"])
def test_round_trip(kind: str, kept: str, moto_here: MotoServer) -> None:
    limit = None if kept == "storage" else 2_000_000
    storage = DynamoDBStorage(make_table(moto_here), limit)
    value = VALUES[kind]
    assert (storage.get("k"), storage.exist("k")) == (None, False)

    storage.set("k", value)
    assert (storage.get("k"), storage.exist("k")) == (value, True)
    storage.set("k", value + b"x")
    assert storage.get("k") == value + b"x"

    storage.delete("k")
    storage.delete("k")  # nothing there: no error
    assert (storage.get("k"), storage.exist("k")) == (None, False)
    left = items(moto_here, storage.table)
    assert left == ({} if limit is None else {"t": {"id": {"S": "t"}, "t": {"N": "0"}}})


@pytest.mark.parametrize("first", ["empty", "some", "a chunk", "too large for an item"])
@pytest.mark.parametrize("second", ["empty", "some", "a chunk", "three chunks"])
def test_any_value_replaces_any(
    first: str, second: str, storage: DynamoDBStorage, moto_here: MotoServer
) -> None:
    storage.set("k", VALUES[first])
    storage.set("k", VALUES[second])

    assert storage.get("k") == VALUES[second]
    found = items(moto_here, storage.table)
    chunks = 0 if "d" in found["vk"] else -(-len(VALUES[second]) // CHUNK)
    assert len(found) == 1 + chunks  # nothing of the first is left
    assert not any("x" in item for item in found.values())  # and nothing will expire
    assert "o" not in found["vk"]


@pytest.mark.parametrize(
    "key", ["", "t", "v", "c", " ", "é/ü", "\0\n", "#" * 256, "\U0001f40d" * 256]
)
def test_any_key(key: str, storage: DynamoDBStorage) -> None:
    storage.set(key, b"1")
    storage.set(key + "x", LARGE)

    assert (storage.get(key), storage.get(key + "x")) == (b"1", LARGE)


def test_the_largest_item(storage: DynamoDBStorage, moto_here: MotoServer) -> None:
    # id + "vké" + d + value + s + "409xxx" are names and values of the item, in bytes.
    most = MAX_ITEM - 2 - 4 - 1 - 1 - 6

    storage.set("ké", bytes(most))
    storage.set("kè", bytes(most + 1))

    found = items(moto_here, storage.table)
    assert "d" in found["vké"]
    assert "r" in found["vkè"]
    assert (storage.get("ké"), storage.get("kè")) == (bytes(most), bytes(most + 1))


@pytest.mark.parametrize("name", ["vk", "vé", "v" + "\U0001f40d" * 256])
@pytest.mark.parametrize("digits", [1, 2, 6])
def test_fits_is_exact(name: str, digits: int) -> None:
    def size_of(size: int) -> int:
        parts = ("id", name, "d", "s", str(size))
        return size + sum(len(part.encode()) for part in parts)

    for size in (10 ** (digits - 1), 10**digits - 1, *range(408_000, MAX_ITEM + 2)):
        assert fits(name, size) == (size_of(size) <= MAX_ITEM)


def test_orphans_expire(
    storage: DynamoDBStorage, moto_here: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.set("k", b"before")
    call = storage._client.call
    calls = []

    def cut_off(operation: str, payload: Any, deadline: float | None = None) -> Any:
        calls.append(operation)
        if operation == "TransactWriteItems":
            raise AwsError("ConnectionFailed", "the writer is gone", retryable=True)
        return call(operation, payload, deadline)

    with monkeypatch.context() as patch:
        patch.setattr(storage._client, "call", cut_off)
        with pytest.raises(AwsError, match="the writer is gone"):
            storage.set("k", LARGE)

    assert calls == ["PutItem", "PutItem", "PutItem", "TransactWriteItems"]
    chunks = [item for name, item in items(moto_here, storage.table).items() if name != "vk"]
    assert len(chunks) == 3
    for chunk in chunks:
        assert 23 * 3600 < int(chunk["x"]["N"]) - time.time() <= 24 * 3600
    assert storage.get("k") == b"before"


def test_a_commit_that_is_refused_leaves_nothing(
    storage: DynamoDBStorage, moto_here: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = storage._client.call

    def refuse(operation: str, payload: Any, deadline: float | None = None) -> Any:
        if operation == "TransactWriteItems":
            raise AwsError("AccessDeniedException", "no", 400)
        return call(operation, payload, deadline)

    monkeypatch.setattr(storage._client, "call", refuse)
    with pytest.raises(AwsError, match="AccessDenied"):
        storage.set("k", LARGE)

    assert items(moto_here, storage.table) == {}


@pytest.mark.parametrize("later", ["small", "large", "delete", "read"])
def test_what_a_writer_could_not_delete_the_next_call_does(
    later: str, storage: DynamoDBStorage, moto_here: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.set("k", LARGE)

    def cut_off(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(storage.generations, "_delete", cut_off)
        with pytest.raises(OSError):
            storage.set("k", OTHER)
    assert len(items(moto_here, storage.table)) == 1 + 3 + 2

    if later == "delete":
        storage.delete("k")
    elif later == "read":
        assert storage.get("k") == OTHER
    else:
        storage.set("k", b"1" if later == "small" else LARGE)

    expected = {"small": 1, "large": 4, "delete": 0, "read": 1 + 2}[later]
    assert len(items(moto_here, storage.table)) == expected


def test_a_reader_whose_generation_goes_reads_again(
    storage: DynamoDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.set("k", LARGE)
    read = storage.generations.read
    seen = []

    def overtaken(generation: str, deadline: float | None) -> bytes | None:
        seen.append(generation)
        if len(seen) == 1:
            storage.set("k", OTHER)
        return read(generation, deadline)

    monkeypatch.setattr(storage.generations, "read", overtaken)
    assert storage.get("k") == OTHER
    assert len(set(seen)) == 2


def test_chunks_that_are_gone_are_an_error(storage: DynamoDBStorage, moto_here: MotoServer) -> None:
    storage.set("k", LARGE)
    chunk = next(name for name in items(moto_here, storage.table) if name != "vk")
    moto_here.boto("dynamodb").delete_item(TableName=storage.table, Key={"id": {"S": chunk}})

    with pytest.raises(AwsError, match=r"^DamagedValue: chunks of a value are missing$"):
        storage.get("k")


def test_the_limit(limited: DynamoDBStorage, moto_here: MotoServer) -> None:
    limited.set("a", bytes(600_000))
    limited.set("b", bytes(400_000))
    before = items(moto_here, limited.table)

    for value in (b"1", bytes(500_000)):
        with pytest.raises(AwsError) as caught:
            limited.set("c", value)
        assert str(caught.value) == (
            f"StorageFull: {len(value)} more bytes would exceed the storage_limit of 1000000"
        )
    assert items(moto_here, limited.table) == before  # chunks, too

    limited.set("c", b"")
    limited.set("a", bytes(599_999))
    limited.set("c", b"1")
    limited.delete("b")
    limited.set("d", bytes(400_000))
    assert items(moto_here, limited.table)["t"]["t"] == {"N": "1000000"}


def test_a_limit_for_what_is_stored_already(
    storage: DynamoDBStorage, moto_here: MotoServer
) -> None:
    storage.set("a", bytes(600_000))
    storage.set("b", bytes(300_000))

    limited = DynamoDBStorage(storage.table, limit=1_000_000)

    with pytest.raises(AwsError, match="StorageFull"):
        limited.set("c", bytes(100_001))
    limited.set("c", bytes(100_000))
    assert items(moto_here, storage.table)["t"]["t"] == {"N": "1000000"}


def test_two_writers_make_the_count(
    limited: DynamoDBStorage, moto_here: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one has made it when this one looks why it could not be changed."""
    read = limited.read
    other = DynamoDBStorage(limited.table, limit=1_000_000)

    def overtaken(name: str, deadline: float | None, only: str = "") -> Any:
        if name == "t":
            other.set("other", b"123")
        return read(name, deadline, only)

    monkeypatch.setattr(limited, "read", overtaken)
    limited.set("k", b"1")

    assert limited.get("k") == b"1"
    assert items(moto_here, limited.table)["t"]["t"] == {"N": "4"}


def test_a_retried_commit_keeps_its_chunks(
    storage: DynamoDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that succeeded, whose answer is lost, is sent again."""
    storage.set("k", OTHER)
    call = storage._client.call

    def twice(operation: str, payload: Any, deadline: float | None = None) -> Any:
        first = call(operation, payload, deadline)
        try:
            return call(operation, payload, deadline)
        except AwsError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return first  # the condition is about what the first has done

    with monkeypatch.context() as patch:
        patch.setattr(storage._client, "call", twice)
        storage.set("k", LARGE)

    assert storage.get("k") == LARGE


def test_no_table_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PACKAGER_STORAGE_TABLE", raising=False)
    with pytest.raises(ValueError, match="PACKAGER_STORAGE_TABLE does not name a table"):
        dynamodb.open_storage({})
