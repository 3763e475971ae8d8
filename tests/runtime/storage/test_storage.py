"""`session.storage`: the reference's rules and messages, on every kind of storage."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify_plugin.core.runtime import Session
from dify_plugin.invocations.storage import StorageInvocation
from endpoint_runtime.app.application import Backends
from endpoint_runtime.app.invocation import answer_event
from tests.support.builders import bundle_module, endpoint, url

MISSING = "load data failed, please check if the key is correct or you have not set it"


def session_of(storage: object, plugin: str = "test") -> Session:
    bundle = bundle_module(PLUGIN=plugin, STORAGE=storage)
    return Session.of_request("e", Backends(bundle))


@pytest.fixture(params=["memory", "file"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> StorageInvocation:
    options = {"path": str(tmp_path / "state" / "s.sqlite")} if request.param == "file" else {}
    found: StorageInvocation = session_of((request.param, options)).storage
    return found


def test_round_trip(storage: StorageInvocation) -> None:
    value = bytes(range(256)) * 4096

    storage.set("a", value)
    storage.set(key="empty", val=b"")
    storage.set("a/b", bytearray(b"x"))

    assert storage.get("a") == value
    assert storage.get(key="empty") == b""
    assert [storage.exist(key) for key in ("a", "empty", "a/b", "b")] == [True, True, True, False]
    storage.set("a", b"new")
    assert storage.get("a") == b"new"
    storage.delete("a")
    storage.delete("a")  # nothing there: no error
    assert not storage.exist(key="a")


def test_a_missing_key(storage: StorageInvocation) -> None:
    with pytest.raises(Exception) as caught:
        storage.get("nothing")

    assert (type(caught.value), str(caught.value)) == (Exception, MISSING)


@pytest.mark.parametrize(("key", "same"), [("a//b", "/a/./b/"), ("a/../b", "b"), ("é ü", "é ü/")])
def test_keys_that_are_one(storage: StorageInvocation, key: str, same: str) -> None:
    storage.set(key, b"1")

    assert storage.get(same) == b"1"


@pytest.mark.parametrize("key", ["../a", "a/../../b", "a..b", "a\\b", "..."])
def test_keys_that_are_refused(storage: StorageInvocation, key: str) -> None:
    said = "invalid key: path traversal attempt detected"

    for call, message in (
        (lambda: storage.set(key, b""), f"save data failed: {said}"),
        (lambda: storage.get(key), MISSING),
        (lambda: storage.delete(key), f"delete data failed: {said}"),
        (lambda: storage.exist(key), f"exist data failed: {said}"),
    ):
        with pytest.raises(Exception) as caught:
            call()
        assert str(caught.value) == message


def test_long_keys(storage: StorageInvocation) -> None:
    storage.set("k" * 256, b"1")
    assert storage.get("k" * 256) == b"1"
    with pytest.raises(
        Exception, match=r"^save data failed: key length must be less than 256 characters$"
    ):
        storage.set("k" * 257, b"1")
    assert not storage.exist("k" * 257)
    storage.delete("k" * 257)


@pytest.mark.parametrize("value", ["text", None, 1, {"a": 1}])
def test_only_bytes(storage: StorageInvocation, value: Any) -> None:
    with pytest.raises(TypeError) as caught:
        storage.set("a", value)

    kind = type(value).__name__
    assert str(caught.value) == f"a bytes-like object is required, not '{kind}'"
    assert not storage.exist("a")


def test_a_key_that_is_no_text(storage: StorageInvocation) -> None:
    key: Any = 7
    with pytest.raises(TypeError, match=r"^a storage key is text, not 'int'$"):
        storage.get(key)


def test_plugins_do_not_share_a_file(tmp_path: Path) -> None:
    file = ("file", {"path": str(tmp_path / "s.sqlite")})
    session_of(file, "one").storage.set("a", b"1")

    assert session_of(file, "one").storage.get("a") == b"1"
    assert not session_of(file, "two").storage.exist("a")


def test_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    session_of(("file", {})).storage.set("a", b"1")
    assert (tmp_path / "state" / "packager" / "storage.sqlite").is_file()

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    session_of(("file", {})).storage.set("a", b"1")
    assert (tmp_path / "home/.local/state/packager/storage.sqlite").is_file()

    monkeypatch.setenv("PACKAGER_STORAGE", str(tmp_path / "mine"))
    session_of(("memory", {})).storage.set("a", b"1")
    assert (tmp_path / "mine").is_file()


def test_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="the bundle's storage is 'tape', which this runtime"):
        session_of(("tape", {})).storage.get("a")


def _count(path: str, number: int) -> None:
    storage = session_of(("file", {"path": path})).storage
    for round_ in range(20):
        storage.set(f"{number}", f"{round_}".encode())
        storage.set("all", bytes([number]) * 100_000)
        whole = storage.get("all")
        assert len(set(whole)) == 1
        assert len(whole) == 100_000


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "s.sqlite")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count, args=(path, number)) for number in range(4)]

    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * 4
    storage = session_of(("file", {"path": path})).storage
    assert [storage.get(f"{number}") for number in range(4)] == [b"19"] * 4


COUNTER = """
n = int(self.session.storage.get("n")) if self.session.storage.exist("n") else 0
self.session.storage.set("n", str(n + 1).encode())
return Response(str(n))
"""


def test_requests_share_a_space(make_application: Callable[..., Any]) -> None:
    routes = (("/a", "GET", "a.py"), ("/b", "GET", "b.py"))
    files = {"a.py": endpoint(COUNTER), "b.py": endpoint(COUNTER)}
    application = make_application(files, ROUTES=routes)

    replies = [answer_event(application, url(path=path), None)["body"] for path in ("/a", "/b")]

    assert replies == ["0", "1"]


def test_threads_get_one_storage() -> None:
    session = session_of(("memory", {}))
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(session.backends.storage)) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(map(id, found))) == 1
