"""Endpoints that fork, exit, change the process and use it up, drawn at random; and in between a
witness, which must always be right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.soak.conftest import Soak
from tests.support import fast_bundle
from tests.support.fast_bundle import PYTHON, request
from tests.support.hostile_api import RuntimeServer
from tests.support.loop_process import environment, fast_command, start
from tests.support.runtime.forking import HEAD, SOURCES
from tests.support.runtime.process_changes import CHANGES, WITNESSES, changing
from tests.support.runtime.raised import RAISED

_AT_A_TIME = 300  # invocations of one environment
# What uses up descriptors and gives them back, and what ends the environment at once.
FURTHER = {
    "descriptors": (
        "import os, resource\n---\nheld = []\n"
        "old = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, old[1]))\n"
        "try:\n    while True:\n        held.append(os.open('/dev/null', 0))\n"
        "except OSError:\n    pass\n"
        "finally:\n    for each in held:\n        os.close(each)\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, old)\nreturn Response('x')"
    ),
    "ends": "import posix\n---\nposix._exit(3)",
    "is killed": "import _signal\n---\n_signal.raise_signal(9)",
}
ENDS = ("ends", "is killed")


def hostile() -> dict[str, str]:
    """The source of each endpoint, by a name that says what it does."""
    found = {f"fork{n}": source for n, (source, _) in enumerate(SOURCES.values())}
    found = {name: HEAD + (s if "---" in s else f"---\n{s}") for name, s in found.items()}
    found |= {f"raise{n}": source for n, source in enumerate(RAISED.values())}
    found |= {f"change{n}": changing(source) for n, source in enumerate(CHANGES.values())}
    return found | {name.replace(" ", ""): source for name, source in FURTHER.items()}


@pytest.mark.parametrize("stream", [False, True], ids=["buffered", "streamed"])
def test_a_witness_among_hostile_endpoints(tmp_path: Path, soak: Soak, stream: bool) -> None:
    sources = hostile()
    folder = fast_bundle.write(tmp_path, {**sources, **WITNESSES}, STREAM=stream)
    ends = tuple(name.replace(" ", "") for name in ENDS)
    asked = ended = 0
    for number in soak.rounds(200, f"environments of at most {_AT_A_TIME} invocations"):
        ids = list(drawn(soak.random, [*sources], ends, number))
        with RuntimeServer(
            request(each.partition("-")[0], each, seconds=60) for each in ids
        ) as server:
            process = start(fast_command(folder, PYTHON), folder, environment(server.address))
            try:
                out, err = process.communicate(timeout=300)
            except subprocess.TimeoutExpired:
                pytest.fail(f"stuck in {server.requests[-1].call}, after {ids[:asked][-3:]}")
            finally:
                process.kill()
                process.wait()
        log = (out + err).decode()
        answered = check(server, log)
        asked += len(answered)
        # It ends where an endpoint ends it, or once there are no more invocations.
        last = len(answered)
        if last < len(ids):
            assert ids[last].startswith(ends), (ids[last - 3 : last + 1], log[-2000:])
            ended += 1
        else:
            assert log.endswith("with status 403: 'not today'; exiting\n"), log[-2000:]
        assert answered == ids[:last]
        assert 'endpoint_runtime/loop.py"' not in log
    soak.note(f"{asked} invocations, {ended} environments ended by an endpoint")


def drawn(random: Random, names: list[str], ends: tuple[str, ...], number: int) -> Iterator[str]:
    """Ids of invocations, each beginning with the name of its endpoint; a witness every other.

    All witnesses come first: what the runtime imports later takes the functions that it finds
    (docs/isolation.md, on those that are replaced).
    """
    yield from (f"{name}-{number}-startw" for name in WITNESSES)
    for count in range(_AT_A_TIME // 2):
        name = random.choice(names)
        if name in ends and random.random() < 0.9:  # else few environments would live long
            name = "change0"
        yield f"{name}-{number}-{count}"
        yield f"{random.choice([*WITNESSES])}-{number}-{count}w"


def check(server: RuntimeServer, log: str) -> list[str]:
    """The invocations that were answered, of which every witness must be right."""
    assert server.violations == []
    answered = []
    for each in server.requests:
        if each.method != "POST":
            continue
        _, request_id, kind = each.call.split("/")
        answered.append(request_id)
        if not request_id.endswith("w"):
            continue  # what an endpoint does to its own request is its own
        assert kind == "response", (each.call, each.body)
        if each.streamed is not None:
            body = bytes(each.streamed.body).decode()
            assert each.streamed.ended
        else:
            body = str(json.loads(each.body)["body"])
        name = request_id.partition("-")[0]
        if name in ("text", "body"):
            assert body == "hello", request_id
        elif name == "fail":
            assert "Internal Server Error" in body
        status = 500 if name == "fail" else 200
        assert log.count(f"\t{request_id}\tGET /{name} {status} ") == 1, request_id
    return answered
