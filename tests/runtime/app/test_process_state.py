"""What a plugin changes of the process it shares with the runtime: requests go on being right.

Every row of docs/isolation.md that says "protected" or "restored" is here, in a real process.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support import fast_bundle
from tests.support.fast_bundle import request
from tests.support.hostile_api import RuntimeServer
from tests.support.runtime.entries import body_of, serve
from tests.support.runtime.process_changes import CHANGES, HEAD, WITNESSES, changing

# What AWS's client does not survive: it takes `os.environ`, `sys.stderr` and `time.time` when it
# needs them, waits in a thread, and connects no second time.
NOT_ON_STOCK = (
    *("environment replaced", "threading hooks", "clocks", "descriptors closed"),
    "streams deleted",
)
STARTS = {"buffered": False, "streamed": True, "stock": False}


def paced(ids: Iterable[str]) -> Iterator[bytes]:
    """Let the runtime wait after a change: long enough for a time-out or a timer that was left."""
    changed = False
    for each in ids:
        if changed:
            time.sleep(0.1)
        changed = each.startswith("change")
        yield request(each.partition("-")[0], each, seconds=60)


@pytest.mark.parametrize("kind", STARTS)
def test_requests_are_right_whatever_one_has_changed(tmp_path: Path, kind: str) -> None:
    rows = [row for row in CHANGES if kind != "stock" or row not in NOT_ON_STOCK]
    changes = {f"change{n}": changing(CHANGES[row]) for n, row in enumerate(rows)}
    folder = fast_bundle.write(tmp_path, {**changes, **WITNESSES}, STREAM=STARTS[kind])
    ids = [f"{name}-start" for name in WITNESSES]  # whose modules are there from then on
    for name in changes:
        ids += [f"{name}-1", *(f"{witness}-{name}" for witness in WITNESSES)]

    with RuntimeServer(paced(ids)) as server:
        log = serve(folder, server, kind)

    posts = [r for r in server.requests if r.method == "POST"]
    assert server.violations == []
    names = dict(zip(changes, rows, strict=True))
    answered = [each.call.split("/")[1] for each in posts]
    assert answered == ids, names.get(ids[len(answered)].partition("-")[2])
    got = {each: body_of(server, each) for each in ids}
    assert {got[f"{name}-1"] for name in changes} == {"changed"}
    assert {got[each] for each in ids if each[:4] in ("text", "body")} == {"hello"}
    assert all("Internal Server Error" in got[each] for each in ids if each[:4] == "fail")
    late = [int(got[each]) for each in ids if each[:4] == "late"]
    assert late == list(range(len(late)))
    sessions = [got[each] for each in ids if each[:7] == "session"]
    assert len(set(sessions)) == len(sessions)
    # Every request has left its line, and every failure its traceback.
    lines = re.findall(r"^\[INFO\]\t\S+Z\t(\S+)\tGET /\w+ (\d+) ", log, re.M)
    assert lines == [(each, "500" if each[:4] == "fail" else "200") for each in ids]
    assert log.count("ValueError: as ever") == len(changes) + 1


IDLE = {
    "default timeouts": ("socket.setdefaulttimeout(0.01)", 0.3),
    "a timer": ("signal.setitimer(signal.ITIMER_REAL, 0.1)", 0.5),
    "an alarm, in time": ("signal.alarm(1)", 1.5),
    "a timer again and again": (
        "signal.signal(signal.SIGALRM, boom)\nsignal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)",
        0.5,
    ),
    "a time limit that is never ended": (
        "signal.signal(signal.SIGALRM, boom)\nsignal.setitimer(signal.ITIMER_REAL, 0.1)",
        0.5,
    ),
}


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("name", IDLE)
def test_an_idle_environment_lives_on(tmp_path: Path, name: str, kind: str) -> None:
    change, seconds = IDLE[name]
    folder = fast_bundle.write(
        tmp_path, {"change": changing(change), "text": WITNESSES["text"]}, STREAM=STARTS[kind]
    )

    def steps() -> Iterator[bytes]:
        for n in range(2):
            yield request("change", f"change-{n}")
            time.sleep(seconds)
            yield request("text", f"text-{n}")

    with RuntimeServer(steps()) as server:
        log = serve(folder, server, kind)

    assert [body_of(server, f"text-{n}") for n in range(2)] == ["hello"] * 2
    stopped = "a timer (SIGALRM) that the plugin left running was stopped"
    if "time" in name and kind != "streamed":  # a stream's own time limit takes the timer
        times = 0 if name == "default timeouts" else 1
        assert [log.count(f"\tchange-{n}\t{stopped}") for n in range(2)] == [times] * 2


@pytest.mark.parametrize("kind", STARTS)
def test_timers_of_cpu_time(tmp_path: Path, kind: str) -> None:
    """Their signals end a process, too; one that a profiler handles goes on."""
    change = (
        "signal.setitimer(signal.ITIMER_PROF, 0.3)\nsignal.setitimer(signal.ITIMER_VIRTUAL, 0.3)"
    )
    profiler = (
        "SEEN = []\nsignal.signal(signal.SIGPROF, lambda *_: SEEN.append(1))\n"
        "---\nsignal.setitimer(signal.ITIMER_PROF, 0.01, 0.01)\nreturn Response(str(len(SEEN)))"
    )
    busy = (
        "end = time.process_time() + 0.6\nwhile time.process_time() < end:\n    pass\n"
        "return Response('done')"
    )
    endpoints = {"change": changing(change), "busy": busy, "profiler": HEAD + profiler}
    folder = fast_bundle.write(tmp_path, endpoints, STREAM=STARTS[kind])
    ids = ["change-1", "busy-1", "profiler-1", "busy-2", "profiler-2"]

    with RuntimeServer([request(each.partition("-")[0], each) for each in ids]) as server:
        serve(folder, server, kind)

    got = [body_of(server, each) for each in ids]
    assert got[:4] == ["changed", "done", "0", "done"]
    assert int(got[4]) > 9


def test_thresholds_of_the_plugins_stay(tmp_path: Path) -> None:
    source = "import gc\ngc.set_threshold(4321)\n---\nreturn Response(str(gc.get_threshold()[0]))"
    other = "import gc\n---\nreturn Response(str(gc.get_threshold()[0]))"
    folder = fast_bundle.write(tmp_path, {"own": source, "other": other}, STREAM=False)

    with RuntimeServer([request("own"), request("other")]) as server:
        fast_bundle.run(folder, server)

    assert body_of(server, "other") == "4321"


@pytest.mark.parametrize("kind", ["buffered", "stock"])
@pytest.mark.parametrize("change", ["sys.path.clear()", "sys.meta_path.clear()"])
def test_a_failure_is_logged_where_nothing_can_be_imported(
    tmp_path: Path, change: str, kind: str
) -> None:
    source = f"import sys\n---\nsys.modules.pop('traceback', None)\n{change}\nraise ValueError('x')"
    endpoints = {"change": source, "text": WITNESSES["text"]}
    folder = fast_bundle.write(tmp_path, endpoints, STREAM=False)
    ids = ["text-0", "change-1", "text-1"]

    with RuntimeServer([request(each.partition("-")[0], each) for each in ids]) as server:
        log = serve(folder, server, kind)

    posts = [r for r in server.requests if r.method == "POST"]
    assert [each.call.split("/")[1] for each in posts] == ids
    assert json.loads(posts[1].body)["statusCode"] == 500
    assert body_of(server, "text-1") == "hello"
    assert "endpoints/change.py failed" in log and "ValueError" in log


@pytest.mark.parametrize("stream", [True, False])
def test_a_blocked_alarm_does_not_keep_time_limits_from_ending(
    tmp_path: Path, stream: bool
) -> None:
    endless = "def body():\n    yield 'so far'\n    time.sleep(60)\n---\nreturn Response(body())"
    change = changing(CHANGES["blocked signals"])
    folder = fast_bundle.write(tmp_path, {"change": change, "endless": endless}, STREAM=stream)

    with RuntimeServer([request("change"), request("endless", seconds=3)]) as server:
        started = time.monotonic()
        fast_bundle.run(folder, server)

    assert body_of(server, "endless") == "so far"
    assert time.monotonic() - started < 30
