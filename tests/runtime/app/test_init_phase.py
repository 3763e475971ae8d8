"""What is loaded before the first request, and what a restored snapshot forgets."""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.app import init_phase
from endpoint_runtime.app.application import Application
from packager.contract import ENTRIES
from tests.support import fast_bundle
from tests.support.builders import bundle_module
from tests.support.fast_bundle import request
from tests.support.hostile_api import dated
from tests.support.runtime.served_calls import serve

# Says whether a module was there before the request that reports on it.
LOADED = "return Response(str([name in SEEN_EARLY for name in {!r}]))"
EARLY = """
import sys, os
print("loading", __name__)
SEEN_EARLY = set(sys.modules)
---
"""
SEES = "print('loading', __name__)\n---\nreturn Response('fine')"


def write(folder: Path, endpoints: dict[str, str], **literals: Any) -> Path:
    return fast_bundle.write(folder, endpoints, STREAM=False, **literals)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    ("kind", "loaded_first"),
    [("on-demand", False), ("provisioned-concurrency", True), ("lambda-managed-instances", True)],
)
def test_endpoints_are_loaded_where_no_request_waits(
    tmp_path: Path, entry: str, kind: str, loaded_first: bool
) -> None:
    bundle = write(
        tmp_path, {"one": SEES, "two": SEES, "bad": "raise ValueError('boom')\n---\npass"}
    )

    calls, log, _ = serve(
        bundle,
        [request("one"), request("bad"), request("one", "again")],
        entry,
        AWS_LAMBDA_INITIALIZATION_TYPE=kind,
    )

    assert calls[:2] == ["GET invocation/next", "POST invocation/one/response: fine"]
    assert calls[-2] == "POST invocation/again/response: fine"
    assert "Internal Server Error" in calls[3]  # as it would be on demand
    loads = [line for line in log if line.startswith("loading")]
    failures = [line for line in log if "endpoints/bad.py can't be loaded" in line]
    if loaded_first:
        assert loads == ["loading endpoints.one", "loading endpoints.two"]
        assert len(failures) == 2  # before the requests, and by its own
    else:
        assert loads == ["loading endpoints.one"]
        assert len(failures) == 1


NOTES = """
import os
with open(os.environ["NOTES"], "a") as file: file.write(__name__ + " ")
{}
---
return Response("fine")
"""


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    ("early", "loaded"),
    [
        (("endpoints/one.py",), "endpoints.one "),
        (("endpoints/one.py", "endpoints/two.py"), "endpoints.one endpoints.two "),
        ((), ""),
    ],
)
def test_sources_are_loaded_before_the_first_request(
    tmp_path: Path, entry: str, early: tuple[str, ...], loaded: str
) -> None:
    sources = {"one": NOTES.format(""), "two": NOTES.format("")}
    bundle = write(tmp_path / "bundle", sources, PRELOAD_SOURCES=early)
    notes = tmp_path / "notes"
    notes.touch()
    before: list[str] = []

    def step(connection: socket.socket) -> bool:
        before.append(notes.read_text())
        connection.sendall(dated(request("one")))
        return True

    calls, _, _ = serve(bundle, [step], entry, NOTES=str(notes))

    assert before == [loaded]
    assert calls[:2] == ["GET invocation/next", "POST invocation/one/response: fine"]
    assert notes.read_text() == (loaded or "endpoints.one ")


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("raise ValueError('boom')", "ValueError: boom"),
        ("import sys; sys.exit('no')", "SystemExit: no"),
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named"),
    ],
)
def test_a_source_that_fails_in_the_init_phase_is_answered_as_at_a_first_request(
    tmp_path: Path, entry: str, fault: str, said: str
) -> None:
    bundle = write(
        tmp_path / "bundle", {"one": NOTES.format(fault)}, PRELOAD_SOURCES=("endpoints/one.py",)
    )
    notes = tmp_path / "notes"

    calls, log, _ = serve(bundle, [request("one")], entry, NOTES=str(notes))

    assert calls[0] == "GET invocation/next"
    assert "Internal Server Error" in calls[1]
    text = "\n".join(log)
    assert text.count("endpoints/one.py can't be loaded") == 1
    assert text.count(said) == 1
    assert notes.read_text() == "endpoints.one endpoints.one "


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("held", ["time.sleep(30)", "while True: pass"])
def test_a_source_that_would_outlast_the_init_phase_goes_on_at_its_first_request(
    tmp_path: Path, entry: str, held: str
) -> None:
    slow = (
        "import time\n"
        "with open(os.environ['NOTES']) as file: first = file.read() == __name__ + ' '\n"
        "try:\n"
        f"    if first:\n        {held}\n"
        "except:\n"
        "    raise"
    )
    bundle = write(
        tmp_path / "bundle", {"one": NOTES.format(slow)}, PRELOAD_SOURCES=("endpoints/one.py",)
    )
    path = bundle / "endpoint_runtime" / "app" / "init_phase.py"
    path.write_text(path.read_text().replace("_SECONDS = 8.5", "_SECONDS = 0.1"))
    notes = tmp_path / "notes"

    calls, log, _ = serve(bundle, [request("one")], entry, NOTES=str(notes))

    assert calls[1] == "POST invocation/one/response: fine"
    assert notes.read_text() == "endpoints.one endpoints.one "
    assert "TooSlow" not in "\n".join(log)


WATCHES = """
import threading, time
threading.Thread(target=time.sleep, args=(60,), daemon={}).start()
---
return Response("fine")
"""


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("daemon", [True, False])
def test_threads_of_modules_are_no_invocations(tmp_path: Path, entry: str, daemon: bool) -> None:
    bundle = write(tmp_path, {"one": WATCHES.format(daemon)})

    calls, log, _ = serve(
        bundle,
        [request("one", seconds=5), request("one", "again", seconds=5)],
        entry,
        AWS_LAMBDA_INITIALIZATION_TYPE="provisioned-concurrency",
    )

    assert [call for call in calls if "POST" in call] == [
        "POST invocation/one/response: fine",
        "POST invocation/again/response: fine",
    ]
    assert not [line for line in log if "threads" in line]


@pytest.mark.parametrize("entry", ENTRIES)
def test_preload_names_what_is_loaded_first(tmp_path: Path, entry: str) -> None:
    bundle = write(
        tmp_path,
        {"one": EARLY + LOADED.format(["shop.stock", "colorsys", "wave"])},
        PRELOAD=("shop.stock", "colorsys"),
    )
    (bundle / "plugin" / "shop").mkdir()
    # As anywhere in a plugin, submodules that others import in Dify are there (urllib.parse).
    (bundle / "plugin" / "shop" / "stock.py").write_text("import urllib\nurllib.parse.quote('a')\n")

    calls, _, _ = serve(bundle, [request("one")], entry)

    assert calls[1] == "POST invocation/one/response: [True, True, False]"


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named"),
        ("raise ValueError('boom')", "ValueError: boom"),
        ("import sys; sys.exit('no')", "SystemExit: no"),
        ("def f(:", "SyntaxError: invalid syntax"),
    ],
)
def test_a_module_that_can_t_be_preloaded_fails_the_start(
    tmp_path: Path, entry: str, source: str, what: str
) -> None:
    bundle = write(tmp_path, {"one": SEES}, PRELOAD=("shop",))
    (bundle / "plugin" / "shop.py").write_text(source + "\n")

    calls, log, code = serve(bundle, [request("one")], entry)

    assert code == 1
    assert calls[0].startswith(
        f"POST init/error: preload names shop, which can't be imported: {what}"
    )
    assert not [call for call in calls if "response" in call]
    text = "\n".join(log).replace("\r", "\n")
    assert "preload: shop can't be imported" in text
    assert 'plugin/shop.py", line 1' in text
    assert "PreloadFailed" in text


@pytest.fixture
def application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Application, list[str]]]:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    monkeypatch.setattr(init_phase, "stale", False)
    forgotten: list[str] = []
    bundle = bundle_module(ROUTES=(), SETTINGS=({"name": "a", "type": "text-input"},))
    made = Application(bundle, str(tmp_path))
    monkeypatch.setattr(process, "forgetters", [lambda: forgotten.append("aws")])
    yield made, forgotten


def test_what_a_restored_process_forgets(
    application: tuple[Application, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the managed runtime's hooks are not there, the first request does it."""
    made, forgotten = application
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", None)
    backends = made._backends
    init_phase.prepare(made, ())
    made._settings.copy()
    part = made._backends.storage
    random.seed(7)
    expected = random.Random(7).random()

    init_phase.make_fresh(made)

    assert random.random() != expected
    assert made._backends is backends  # which sessions may have kept
    assert backends.storage is not part
    assert (forgotten, made._settings._values) == (["aws"], None)
    random.seed(7)
    init_phase.make_fresh(made)  # once only
    assert (random.random(), forgotten) == (expected, ["aws"])


def test_the_managed_runtimes_hook_does_it_before_a_plugins_own(
    application: tuple[Application, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, forgotten = application
    hooks: list[tuple[Any, tuple[Any, ...]]] = []
    library = ModuleType("snapshot_restore_py")
    library.register_after_restore = (  # type: ignore[attr-defined]
        lambda function, *arguments: hooks.append((function, arguments))
    )
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", library)
    monkeypatch.setattr(
        made, "load_endpoints", lambda: library.register_after_restore(forgotten.append, "plugin's")
    )

    init_phase.prepare(made, ())
    for function, arguments in hooks:
        function(*arguments)

    assert forgotten == ["aws", "plugin's"]


RESTORED = """
import random, uuid
STATE = random.getstate()
try:
    from snapshot_restore_py import register_after_restore
except ImportError:
    pass
else:
    register_after_restore(print, "the plugin's own hook")
print("loading", __name__)
---
import random
again = random.Random()
again.setstate(STATE)
return Response(str(again.random() != random.random()))
"""


@pytest.mark.parametrize("hooks", [True, False], ids=["hooks", "no hooks"])
def test_a_snapshot_under_the_stock_client(tmp_path: Path, hooks: bool) -> None:
    """AWS's client asks for the restore, runs the hooks, and then asks for work."""
    bundle = write(tmp_path, {"one": RESTORED})
    if not hooks:  # the runtime does not find the library, although the client does
        path = bundle / "endpoint_runtime" / "app" / "init_phase.py"
        changed = path.read_text().replace("from snapshot_restore_py", "from not_there")
        path.write_text(changed)

    calls, log, _ = serve(
        bundle,
        [request("one"), request("one", "again")],
        "stock",
        AWS_LAMBDA_INITIALIZATION_TYPE="snap-start",
    )

    assert calls[:5] == [
        "GET restore/next",
        "GET invocation/next",
        "POST invocation/one/response: True",
        "GET invocation/next",
        "POST invocation/again/response: True",
    ]
    assert log[0] == "loading endpoints.one"
    assert "the plugin's own hook" in log
