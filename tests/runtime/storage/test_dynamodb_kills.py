"""Writers of a DynamoDB storage that are killed, overtaken or repeated at each request."""

from __future__ import annotations

import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoint_runtime.aws import AwsError
from endpoint_runtime.storage import dynamodb_table, generations
from endpoint_runtime.storage.dynamodb import DynamoDBStorage
from tests.support.aws.local_dynamodb import LocalDynamoDB, local_dynamodb

# In a table whose items have at most 5,000 bytes, of which moto is quick to read many.
CHUNK, MAX_ITEM = 4000, 5000
VALUES = {"nothing": None, "small": b"s" * 100, "large": b"l" * 9_500, "other": b"o" * 8_100}
LIMITS = [None, 1_000_000]
# Chunks that one transaction takes: all of these values', and fewer.
TOGETHER = [8, 1]
EACH = 0


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalDynamoDB]:
    with local_dynamodb(monkeypatch) as account:
        yield account


@pytest.fixture(autouse=True)
def small_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations, "CHUNK", CHUNK)
    monkeypatch.setattr(dynamodb_table, "MAX_ITEM", MAX_ITEM)


@pytest.fixture(params=TOGETHER)
def together(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(generations, "TOGETHER", request.param)
    number: int = request.param
    return number


def write(storage: DynamoDBStorage, kind: str) -> None:
    value = VALUES[kind]
    if value is None:
        storage.delete("k")
    else:
        storage.set("k", value)


def interrupt(storage: DynamoDBStorage, number: int, what: Callable[[Any], None]) -> list[Any]:
    """Have `what` done after the request `number`, or EACH, with a repetition of it; return all
    requests."""
    call = storage._client.call
    made: list[Any] = []

    def counted(operation: str, payload: Any, deadline: float | None = None) -> Any:
        def again() -> Any:
            return call(operation, payload, deadline)

        made.append((operation, payload))
        try:
            return again()
        finally:
            if number in (EACH, len(made)):
                what(again)

    # The client itself is all storages' one.
    storage._client = types.SimpleNamespace(call=counted)  # type: ignore[assignment]
    return made


def killed_at_each(dynamodb: LocalDynamoDB, storage: DynamoDBStorage, kind: str) -> Iterator[bool]:
    """Write, and bring back what there was after each request: there the writer's process ended,
    and nothing of it ran on. Say whether that is the end of it all."""
    left: list[Any] = []
    interrupt(storage, EACH, lambda again: left.append(dynamodb.copied()))
    write(storage, kind)
    assert left
    for number, tables in enumerate(left, 1):
        dynamodb.restore(tables)
        yield number == len(left)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("before", "then"),
    [
        *(("nothing", "other"), ("small", "other"), ("large", "other")),
        *(("large", "small"), ("large", "nothing"), ("small", "small")),
    ],
)
def test_a_writer_that_is_killed_leaves_nothing_for_ever(
    before: str,
    then: str,
    limit: int | None,
    together: int,
    dynamodb: LocalDynamoDB,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = dynamodb.make_table()
    write(DynamoDBStorage(table, limit), before)
    for finished in killed_at_each(dynamodb, DynamoDBStorage(table, limit), then):
        assert dynamodb.state(table).problems() == []
        dynamodb.expire(table)
        a_day_later = dynamodb.state(table)
        assert a_day_later.problems() == []
        assert a_day_later.chunks.keys() <= a_day_later.named | a_day_later.noted
        if together == 8:  # all that is left to others is what was replaced
            assert not any("p" in item for item in a_day_later.items.values())
        with monkeypatch.context() as patch:
            patch.setattr(generations, "time", lambda: time.time() + 26 * 3600)
            reader = DynamoDBStorage(table, limit)
            found = reader.get("k")
        assert found in (VALUES[before], VALUES[then])
        assert found == VALUES[then] or not finished
        assert reader.exist("k") == (found is not None)
        assert dynamodb.state(table).problems() == []
        assert dynamodb.state(table).garbage() == set()


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("next_one", ["nothing", "small", "other"])
def test_the_next_writer_finishes_what_a_killed_one_began(
    next_one: str,
    limit: int | None,
    together: int,
    dynamodb: LocalDynamoDB,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = dynamodb.make_table()
    write(DynamoDBStorage(table, limit), "large")
    for _ in killed_at_each(dynamodb, DynamoDBStorage(table, limit), "other"):
        dynamodb.expire(table)
        with monkeypatch.context() as patch:
            patch.setattr(generations, "time", lambda: time.time() + 26 * 3600)
            write(DynamoDBStorage(table, limit), next_one)

        assert dynamodb.state(table).problems() == []
        assert dynamodb.state(table).garbage() == set()
        assert DynamoDBStorage(table, limit).get("k") == VALUES[next_one]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("large", "other"), ("large", "small"), ("large", "nothing")),
        *(("small", "other"), ("nothing", "other")),
    ],
)
def test_a_writer_that_is_overtaken(
    first: str, second: str, limit: int | None, together: int, dynamodb: LocalDynamoDB
) -> None:
    """Another one does all of its work after any request of this one: one of them is the last."""
    table = dynamodb.make_table()
    write(DynamoDBStorage(table, limit), "large")
    begun = dynamodb.copied()
    number, over = 0, False
    while not over:
        number += 1
        dynamodb.restore(begun)
        writer = DynamoDBStorage(table, limit)
        between: list[str] = []

        def overtake(again: object, between: list[str] = between) -> None:
            write(DynamoDBStorage(table, limit), second)
            between.append(second)

        interrupt(writer, number, overtake)
        write(writer, first)
        over = not between

        state = dynamodb.state(table)
        assert state.problems() == []
        assert state.garbage() == set()
        assert DynamoDBStorage(table, limit).get("k") in (VALUES[first], VALUES[second])


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("late", [False, True])
def test_a_request_that_is_sent_twice(
    late: bool,
    limit: int | None,
    together: int,
    dynamodb: LocalDynamoDB,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At once, or delivered after a later write is done: no request of a large value's does harm.

    moto does not know tokens, so that transactions are really done again.
    """
    table = dynamodb.make_table()
    write(DynamoDBStorage(table, limit), "large")
    begun = dynamodb.copied()
    number, over = 0, False
    while not over:
        number += 1
        dynamodb.restore(begun)
        writer = DynamoDBStorage(table, limit)
        repeat: list[Callable[[], Any]] = []

        def note(again: Callable[[], Any], repeat: list[Callable[[], Any]] = repeat) -> None:
            repeat.append(again)
            if not late:
                repeated(again)

        made = interrupt(writer, number, note)
        write(writer, "other")
        over = not repeat
        expected = "other"
        if late and repeat:
            write(DynamoDBStorage(table, limit), "large")
            expected = "large"
            repeated(repeat[0])

        dynamodb.expire(table)
        with monkeypatch.context() as patch:
            patch.setattr(generations, "time", lambda: time.time() + 26 * 3600)
            assert DynamoDBStorage(table, limit).get("k") == VALUES[expected], made[number - 1]
        assert dynamodb.state(table).problems() == []
        assert dynamodb.state(table).garbage() == set()


def repeated(again: Callable[[], Any]) -> None:
    try:
        again()
    except AwsError as error:
        known = ("ConditionalCheckFailedException", "TransactionCanceledException")
        assert error.code in known, error


def test_a_long_value_takes_the_place_of_one_that_fills_its_item(
    dynamodb: LocalDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No note goes beside that: it is taken out of its item first."""
    monkeypatch.setattr(dynamodb_table, "MAX_ITEM", 409_600)
    monkeypatch.setattr(generations, "CHUNK", 400_000)
    table = dynamodb.make_table()
    storage = DynamoDBStorage(table)
    storage.set("k", bytes(409_600 - 14))
    full = dynamodb.state(table).items["vk"]
    assert "d" in full
    long = bytes(400_000) * 9

    storage.set("k", long)

    assert storage.get("k") == long
    state = dynamodb.state(table)
    assert (state.problems(), state.garbage(), len(state.items)) == ([], set(), 10)


def test_a_writer_that_takes_a_day_is_refused(
    together: int, dynamodb: LocalDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = dynamodb.make_table()
    write(DynamoDBStorage(table), "large")
    writer = DynamoDBStorage(table)

    def sleep_for_a_day(again: object) -> None:
        monkeypatch.setattr(generations, "time", lambda: time.time() + 26 * 3600)
        dynamodb.expire(table)
        assert DynamoDBStorage(table).get("k") == VALUES["large"]

    interrupt(writer, 6 if together == 1 else 3, sleep_for_a_day)
    with pytest.raises(AwsError, match="TooLate: writing the value took more than a day"):
        write(writer, "other")

    assert dynamodb.state(table).problems() == []
    assert DynamoDBStorage(table).get("k") == VALUES["large"]
