"""What is kept of endpoints, for how long and how many; and what keeps calls and memory few."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.aws import AwsError
from endpoint_runtime.managed import endpoints as module
from endpoint_runtime.managed import stores, unknown_ids
from endpoint_runtime.managed.endpoints import Endpoint, Endpoints
from endpoint_runtime.managed.settings import EndpointSettings
from tests.support.builders import bundle_module
from tests.support.managed_endpoints import KEY, MANAGED, make_hook_id

SETTINGS = ({"name": "key", "type": "secret-input", "required": True},)
DOWN = AwsError("ConnectionFailed", "it does not answer", retryable=True)


class Store:
    """Documents by hook id, calls counted, with a fault to raise."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.deadlines: list[float | None] = []
        self.at_root: str | None = None
        self.fault: Exception | None = None
        self.during: Callable[[], object] | None = None

    def put(self, name: str, key: object = "k", *, enabled: bool = True, hook_id: str = "") -> str:
        hook_id = hook_id or make_hook_id()
        self.documents[hook_id] = {
            "name": name,
            "enabled": enabled,
            "settings": {"key": key},
            "references": {},
            "sealed": None,
            "space": hook_id,
        }
        return hook_id

    def read(self, hook_id: str, deadline: float | None) -> dict[str, Any] | None:
        self._note(hook_id, deadline)
        return self.documents.get(hook_id)

    def root(self, deadline: float | None) -> str | None:
        self._note("root", deadline)
        return self.at_root

    def named(self, name: str, deadline: float | None) -> str | None:
        self._note(name, deadline)
        return next((i for i, each in self.documents.items() if each["name"] == name), None)

    def _note(self, what: str, deadline: float | None) -> None:
        self.calls.append(what)
        self.deadlines.append(deadline)
        if self.during is not None:
            self.during()
        if self.fault is not None:
            raise self.fault


class Answers:
    """What answers an endpoint's requests, as far as the cache has to do with it."""

    settings: EndpointSettings

    def use(self, settings: EndpointSettings, label: str) -> None:
        self.settings = settings


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    store = Store()
    monkeypatch.setattr(stores, "open_store", lambda bundle: store)
    monkeypatch.setenv(stores.KEY_VARIABLE, KEY)
    monkeypatch.setattr(process, "secrets", {"the function's own": None})
    yield store


def make(ttl: float = 300) -> Endpoints:
    bundle = bundle_module(SETTINGS=SETTINGS, ENDPOINTS=MANAGED, SETTINGS_TTL=ttl)
    return Endpoints(bundle, lambda endpoint: Answers())


def key_of(endpoint: Endpoint | None) -> object:
    assert endpoint is not None
    return endpoint.application.settings.copy()["key"]  # type: ignore[attr-defined]


def test_an_endpoint_is_read_once_and_again_when_it_is_old(store: Store, clock: Clock) -> None:
    endpoints = make()
    hook_id = store.put("acme", "first")

    assert [key_of(endpoints.find(hook_id)) for _ in range(5)] == ["first"] * 5
    assert store.calls == [hook_id]
    store.put("acme", "second", hook_id=hook_id)
    clock.now += 299
    assert key_of(endpoints.find(hook_id)) == "first"
    clock.now += 1
    assert key_of(endpoints.find(hook_id)) == "second"
    assert store.calls == [hook_id] * 2
    clock.now -= 10  # the clock was put right
    assert key_of(endpoints.find(hook_id)) == "second"
    assert store.calls == [hook_id] * 3


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_an_endpoint_that_is_off_is_off_at_the_next_look(
    store: Store, clock: Clock, how: str
) -> None:
    endpoints = make()
    hook_id = store.put("acme")
    endpoints.find(hook_id)
    if how == "deleted":
        del store.documents[hook_id]
    else:
        store.put("acme", enabled=False, hook_id=hook_id)

    clock.now += 300
    assert [endpoints.find(hook_id) for _ in range(3)] == [None] * 3
    assert len(store.calls) == 2
    assert endpoints.known == {}
    store.put("acme", "again", hook_id=hook_id)
    clock.now += 300
    assert key_of(endpoints.find(hook_id)) == "again"


def test_without_a_time_to_live_every_request_reads(store: Store, clock: Clock) -> None:
    endpoints = make(0)
    hook_id = store.put("acme", "1")

    assert key_of(endpoints.find(hook_id)) == "1"
    store.put("acme", "2", hook_id=hook_id)
    assert key_of(endpoints.find(hook_id)) == "2"
    store.put("acme", enabled=False, hook_id=hook_id)
    assert endpoints.find(hook_id) is None
    store.put("acme", "3", hook_id=hook_id)
    assert key_of(endpoints.find(hook_id)) == "3"


def test_what_was_read_serves_on_while_the_store_does_not_answer(
    store: Store, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoints = make(60)
    known, other, new = store.put("acme", "old"), store.put("b", "b"), store.put("new")
    endpoints.find(known)
    endpoints.find(other)
    store.calls.clear()
    store.fault = AwsError("AccessDenied", f"not authorized for parameter/{known}", 400)

    clock.now += 60
    assert key_of(endpoints.find(known, clock.now + 30, "id")) == "old"
    assert key_of(endpoints.find(other)) == "b"  # the store is asked once, not for each of them
    assert (store.calls, store.deadlines[-1]) == ([known], clock.now + 2)
    clock.now += 9
    assert key_of(endpoints.find(known)) == "old"
    assert store.calls == [known]
    clock.now += 1
    assert key_of(endpoints.find(known)) == "old"
    assert store.calls == [known] * 2
    with pytest.raises(AwsError):
        endpoints.find(new)
    store.fault = None
    store.put("acme", "young", hook_id=known)
    clock.now += 10
    assert key_of(endpoints.find(known)) == "young"
    assert endpoints.find(new) is not None
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("\t")[2:] for line in lines] == [
        [
            request_id,
            "[acme] can't be read again, what was read stays in use: AccessDenied: not authorized "
            "for parameter/***",
        ]
        for request_id in ("id", "")
    ]


def test_settings_that_can_not_be_used(
    store: Store, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoints = make()
    hook_id = store.put("acme", 5)

    for _ in range(2):
        with pytest.raises(Exception, match=r"^\[acme\] setting key must be a string$"):
            key_of(endpoints.find(hook_id))
    assert len(store.calls) == 1
    store.put("acme", "right", hook_id=hook_id)
    clock.now += 10  # not the whole time to live
    assert key_of(endpoints.find(hook_id)) == "right"
    store.put("acme", 5, hook_id=hook_id)
    clock.now += 300
    assert key_of(endpoints.find(hook_id)) == "right"
    why = "what was read stays in use: setting key must be a string"
    assert f"[acme] can't be read again, {why}" in capsys.readouterr().err


def test_made_up_hook_ids_cause_no_call(store: Store, clock: Clock) -> None:
    endpoints = make()
    genuine = store.put("acme")
    wrong = [genuine[:-1] + ("a" if genuine[-1] != "a" else "b"), make_hook_id("another")]
    wrong += ["", "x" * 24, genuine.upper(), genuine + "a", "ä" * 24, "\ud800" * 24]

    assert [endpoints.find(each) for each in wrong] == [None] * len(wrong)
    assert store.calls == []
    assert len(endpoints._unknown) == 0


def test_unknown_hook_ids_are_remembered_and_their_calls_limited(
    store: Store, clock: Clock
) -> None:
    endpoints = make()
    ids = [make_hook_id() for _ in range(1000)]

    for _ in range(3):
        assert not any(endpoints.find(each) for each in ids)
    assert store.calls == ids[:200]
    clock.now += 10
    assert not any(endpoints.find(each) for each in ids)
    assert len(store.calls) == 300
    clock.now += 15  # the first of them are looked for again when the others are not
    assert not any(endpoints.find(each) for each in ids)
    assert len(store.calls) == 450
    hook_id = store.put("acme")
    assert endpoints.find(hook_id) is None
    clock.now += 1
    assert endpoints.find(hook_id) is not None
    assert all(endpoints.find(store.put(f"{number}")) for number in range(300))  # which cost none


def test_memory_is_bounded(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KNOWN", 100)
    monkeypatch.setattr(unknown_ids, "MOST", 50)
    monkeypatch.setattr(module, "_RELEASED", 40)
    monkeypatch.setattr(unknown_ids, "_CALLS", 10_000.0)
    endpoints = make()
    first = store.put("first", "the first's secret")
    endpoints.find(first)
    for number in range(1000):
        clock.now += 0.01
        assert endpoints.find(store.put(f"n{number}", f"secret {number}")) is not None
        assert endpoints.find(make_hook_id()) is None
        found = endpoints.known.get(f"/e/{first}")
        assert found is not None
        found.used = clock.now  # as requests do
        assert len(endpoints.known) <= 100
        assert len(endpoints._unknown) <= 50
        assert len(process.secrets) <= 1 + 2 * 100 + 40 + 2 * 10
    assert {"the function's own", "the first's secret", first} <= process.secrets.keys()
    assert endpoints._size == sum(each.size for each in endpoints.known.values())


def test_large_settings_are_kept_in_smaller_numbers(store: Store, clock: Clock) -> None:
    endpoints = make()
    for number in range(100):
        clock.now += 1
        endpoints.find(store.put(f"n{number}", "x" * 300_000))
    assert len(endpoints.known) == 12
    assert endpoints.find(store.put("larger than all", "x" * 5_000_000)) is not None
    assert len(endpoints.known) == 1


def test_secrets_of_two_endpoints_stay_while_one_has_them(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RELEASED", 0)
    endpoints = make()
    one, two = store.put("one", "shared"), store.put("two", "shared")
    own = store.put("own", "the function's own")
    for each in (one, two, own):
        endpoints.find(each)
    del store.documents[one], store.documents[own]
    clock.now += 300
    endpoints.find(one)
    endpoints.find(own)
    endpoints.find(store.put("three", "third"))
    assert {*process.secrets} >= {"shared", "the function's own", two, "third"}
    assert one not in process.secrets
    del store.documents[two]
    endpoints.find(two)
    clock.now += 300
    endpoints.find(two)
    endpoints.find(store.put("four", "fourth"))
    assert "shared" not in process.secrets


def test_no_thread_uses_what_another_finds_to_be_old(store: Store, clock: Clock) -> None:
    endpoints = make()
    hook_id = store.put("acme", "old")
    endpoints.find(hook_id)
    clock.now += 300
    reading, over = threading.Event(), threading.Event()

    def wait() -> None:
        reading.set()
        assert over.wait(20)

    store.during = wait
    store.put("acme", "new", hook_id=hook_id)
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(key_of(endpoints.find(hook_id))))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    assert reading.wait(20)
    assert found == []
    over.set()
    for thread in threads:
        thread.join(20)
    assert found == ["new"] * 3
    assert len(store.calls) == 2


def test_what_is_read_is_as_old_as_the_question(store: Store, clock: Clock) -> None:
    endpoints = make(60)
    hook_id = store.put("acme", "old")

    def take_long() -> None:
        clock.now += 50

    store.during = take_long
    endpoints.find(hook_id)
    store.put("acme", enabled=False, hook_id=hook_id)
    clock.now += 10
    assert endpoints.find(hook_id) is None


def test_names_and_the_root(store: Store, clock: Clock) -> None:
    endpoints = make(300)
    assert endpoints.root() is None
    store.at_root = hook_id = store.put("acme")
    assert (endpoints.named("acme"), endpoints.named("acme")) == (hook_id, hook_id)
    assert (endpoints.root(), store.calls) == (None, ["root", "acme"])
    clock.now += 30  # what is not there is looked for sooner
    assert endpoints.root() == hook_id
    store.fault = DOWN
    clock.now += 300
    assert (endpoints.root(), endpoints.named("acme")) == (hook_id, hook_id)
    with pytest.raises(AwsError):
        endpoints.named("other")


def test_a_restored_snapshot_reads_again(store: Store, clock: Clock) -> None:
    endpoints = make()
    hook_id = store.put("acme", "old")
    endpoints.find(hook_id)
    endpoints.root()
    store.put("acme", "new", hook_id=hook_id)
    store.at_root = hook_id

    endpoints.forget()

    assert key_of(endpoints.find(hook_id)) == "new"
    assert endpoints.root() == hook_id
