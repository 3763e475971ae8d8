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
from tests.support.aws.moto_server import MotoServer, moto_server
from tests.support.aws.storage_state import expire, read_state
from tests.support.aws.storage_table import make_table

# In a table whose items have at most 5,000 bytes, of which moto is quick to read many.
CHUNK, MAX_ITEM = 4000, 5000
VALUES = {"nothing": None, "small": b"s" * 100, "large": b"l" * 9_500, "other": b"o" * 8_100}
LIMITS = [None, 1_000_000]
# Chunks that one transaction takes: all of these values', and fewer.
TOGETHER = [8, 1]


class Killed(BaseException):
    """The process ends here: nothing of it runs on."""


@pytest.fixture(scope="module")
def moto_plain() -> Iterator[MotoServer]:
    with moto_server() as server:
        yield server


@pytest.fixture
def moto_here(no_aws: None, moto_plain: MotoServer, monkeypatch: pytest.MonkeyPatch) -> MotoServer:
    for name, value in moto_plain.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(generations, "CHUNK", CHUNK)
    monkeypatch.setattr(dynamodb_table, "MAX_ITEM", MAX_ITEM)
    return moto_plain


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
    """Have `what` done after the request `number`, with a repetition of it; return all requests."""
    call = storage._client.call
    made: list[Any] = []

    def counted(operation: str, payload: Any, deadline: float | None = None) -> Any:
        def again() -> Any:
            return call(operation, payload, deadline)

        made.append((operation, payload))
        try:
            return again()
        finally:
            if len(made) == number:
                what(again)

    # The client itself is all storages' one.
    storage._client = types.SimpleNamespace(call=counted)  # type: ignore[assignment]
    return made


def kill(again: object) -> None:
    raise Killed


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
    moto_here: MotoServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number, finished = 0, False
    while not finished:
        number += 1
        table = make_table(moto_here)
        write(DynamoDBStorage(table, limit), before)
        writer = DynamoDBStorage(table, limit)
        interrupt(writer, number, kill)
        try:
            write(writer, then)
            finished = True
        except Killed:
            pass

        assert read_state(moto_here, table).problems() == []
        expire(moto_here, table)
        a_day_later = read_state(moto_here, table)
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
        assert read_state(moto_here, table).problems() == []
        assert read_state(moto_here, table).garbage() == set()
    assert number > 1


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("next_one", ["nothing", "small", "other"])
def test_the_next_writer_finishes_what_a_killed_one_began(
    next_one: str,
    limit: int | None,
    together: int,
    moto_here: MotoServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number, finished = 0, False
    while not finished:
        number += 1
        table = make_table(moto_here)
        write(DynamoDBStorage(table, limit), "large")
        writer = DynamoDBStorage(table, limit)
        interrupt(writer, number, kill)
        try:
            write(writer, "other")
            finished = True
        except Killed:
            pass

        expire(moto_here, table)
        with monkeypatch.context() as patch:
            patch.setattr(generations, "time", lambda: time.time() + 26 * 3600)
            write(DynamoDBStorage(table, limit), next_one)

        assert read_state(moto_here, table).problems() == []
        assert read_state(moto_here, table).garbage() == set()
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
    first: str, second: str, limit: int | None, together: int, moto_here: MotoServer
) -> None:
    """Another one does all of its work after any request of this one: one of them is the last."""
    number, over = 0, False
    while not over:
        number += 1
        table = make_table(moto_here)
        write(DynamoDBStorage(table, limit), "large")
        writer = DynamoDBStorage(table, limit)
        between: list[str] = []

        def overtake(again: object, table: str = table, between: list[str] = between) -> None:
            write(DynamoDBStorage(table, limit), second)
            between.append(second)

        interrupt(writer, number, overtake)
        write(writer, first)
        over = not between

        state = read_state(moto_here, table)
        assert state.problems() == []
        assert state.garbage() == set()
        assert DynamoDBStorage(table, limit).get("k") in (VALUES[first], VALUES[second])


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("late", [False, True])
def test_a_request_that_is_sent_twice(
    late: bool,
    limit: int | None,
    together: int,
    moto_here: MotoServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At once, or delivered after a later write is done: no request of a large value's does harm.

    moto does not know tokens, so that transactions are really done again.
    """
    number, over = 0, False
    while not over:
        number += 1
        table = make_table(moto_here)
        write(DynamoDBStorage(table, limit), "large")
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

        expire(moto_here, table)
        with monkeypatch.context() as patch:
            patch.setattr(generations, "time", lambda: time.time() + 26 * 3600)
            assert DynamoDBStorage(table, limit).get("k") == VALUES[expected], made[number - 1]
        assert read_state(moto_here, table).problems() == []
        assert read_state(moto_here, table).garbage() == set()


def repeated(again: Callable[[], Any]) -> None:
    try:
        again()
    except AwsError as error:
        known = ("ConditionalCheckFailedException", "TransactionCanceledException")
        assert error.code in known, error


def test_a_long_value_takes_the_place_of_one_that_fills_its_item(
    moto_here: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No note goes beside that: it is taken out of its item first."""
    monkeypatch.setattr(dynamodb_table, "MAX_ITEM", 409_600)
    monkeypatch.setattr(generations, "CHUNK", 400_000)
    table = make_table(moto_here)
    storage = DynamoDBStorage(table)
    storage.set("k", bytes(409_600 - 14))
    full = read_state(moto_here, table).items["vk"]
    assert "d" in full
    long = bytes(400_000) * 9

    storage.set("k", long)

    assert storage.get("k") == long
    state = read_state(moto_here, table)
    assert (state.problems(), state.garbage(), len(state.items)) == ([], set(), 10)


def test_a_writer_that_takes_a_day_is_refused(
    together: int, moto_here: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(moto_here)
    write(DynamoDBStorage(table), "large")
    writer = DynamoDBStorage(table)

    def sleep_for_a_day(again: object) -> None:
        monkeypatch.setattr(generations, "time", lambda: time.time() + 26 * 3600)
        expire(moto_here, table)
        assert DynamoDBStorage(table).get("k") == VALUES["large"]

    interrupt(writer, 6 if together == 1 else 3, sleep_for_a_day)
    with pytest.raises(AwsError, match="TooLate: writing the value took more than a day"):
        write(writer, "other")

    assert read_state(moto_here, table).problems() == []
    assert DynamoDBStorage(table).get("k") == VALUES["large"]
