"""Serves streamed, buffered and failing invocations in turns, and checks every reply.

    python benchmarks/stream_soak.py [--invocations 10000]

One environment of the fast entry answers them all; connections are cut now and then, and much
leaves work for after the answer. Every reply has to be exact, nothing of one invocation may be
in another's, all the work has to be done, and memory and descriptors must not grow. Exits with 1
if that is not so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "handler_template"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support import fast_bundle
from tests.support.builders import http_2, url
from tests.support.hostile_api import RuntimeServer, Step, answer, cut, event, reset
from tests.support.loop_process import environment, fast_command

SOURCE = """
import os
DONE = os.environ["SOAK_DONE"]
def done(name):
    with open(DONE, "a") as file:
        file.write(name + "\\n")
def chunks(name, fails):
    try:
        for number in range(5):
            yield f"{name}:{number};"
            if number == 2 and fails:
                raise ValueError(name)
            yield b""
    finally:
        done("closed " + name)
---
name, kind = r.args["name"], r.args["kind"]
if kind == "raise":
    raise ValueError(name)
if kind == "first":
    def first():
        raise ValueError(name)
        yield
    return Response(first())
response = Response(chunks(name, kind == "midway"), headers={"X-Name": name})
response.set_cookie("name", name)
if kind == "whole":
    response = Response(name, headers={"X-Name": name})
if kind == "callback":
    response.call_on_close(lambda: done("callback " + name))
if kind == "thread":
    threading.Thread(target=done, args=("thread " + name,)).start()
if kind == "executor":
    self.session._executor.submit(done, "executor " + name)
return response
"""
KINDS: tuple[str, ...] = (
    "plain",
    "whole",
    "callback",
    "thread",
    "executor",
    "midway",
    "raise",
    "first",
)
KINDS += ("cut", "reset", "413", "buffered", "buffered-raise", "event", "malformed", "head")
WARM_UP = 0.3  # the share of the invocations after which growth counts
MAX_GROWTH_KB = 1500


@dataclass(frozen=True)
class Soaked:
    """What came of it: what was wrong, and how much memory (kB) and descriptors were added."""

    faults: list[str]
    memory: int
    descriptors: int


def step(kind: str, name: str) -> Step:
    """The answer to `next`: an invocation named `name`."""
    query = f"name={name}&kind={kind.removeprefix('buffered-')}"
    if kind == "malformed":
        return event(b'{"broken', name)
    if kind == "event":
        return fast_bundle.invocation({"what": name}, name)
    if kind.startswith("buffered"):
        return fast_bundle.invocation(http_2(path="/soak", query=query), name)
    method = "HEAD" if kind == "head" else "GET"
    return fast_bundle.invocation(url(path="/soak", query=query, method=method), name)


def fault(kind: str, name: str, server: RuntimeServer, requests: dict[str, Any]) -> str | None:
    """What is wrong with the answer to an invocation, if anything."""
    made = [f"{name}:{number};" for number in range(5)]
    failed = kind in ("event", "malformed")
    request = requests.get(f"POST invocation/{name}/{'error' if failed else 'response'}")
    if request is None:
        return "no answer"
    if failed:
        error = json.loads(request.body)["errorType"]
        return None if error in ("NotAnHttpEvent", "Runtime.UnmarshalError") else error
    if kind in ("cut", "reset", "413"):
        return None
    if kind.startswith("buffered"):
        reply = json.loads(request.body)
        got = reply["statusCode"], reply["body"], reply["headers"].get("X-Name")
        right = (200, "".join(made), name) if kind == "buffered" else (500, reply["body"], None)
        return None if got == right else f"{got}"
    streamed = request.streamed
    prelude, body = streamed.prelude, streamed.body.decode()
    status = 500 if kind in ("raise", "first") else 200
    right_body = {"midway": "".join(made[:3]), "whole": name, "head": ""}.get(kind, "".join(made))
    if status == 500:
        right_body = body if name not in body and "Internal Server Error" in body else "opaque"
    right_name = None if status == 500 else name
    got = prelude["statusCode"], body, prelude["headers"].get("X-Name")
    if got != (status, right_body, right_name):
        return f"{got}"
    cookies = [f"name={name}; Path=/"] if status == 200 and kind != "whole" else None
    if prelude.get("cookies") != cookies:
        return f"cookies {prelude.get('cookies')}"
    if (streamed.error is not None) != (kind == "midway"):
        return f"trailers {streamed.error}"
    return None


def left_work(kind: str, name: str) -> Iterator[str]:
    """What an invocation has to have done by the end."""
    if kind not in ("whole", "raise", "first", "buffered-raise", "event", "malformed", "head"):
        yield f"closed {name}"
    if kind in ("callback", "thread", "executor"):
        yield f"{kind} {name}"


def soak(folder: Path, python: Path, invocations: int) -> Soaked:
    """Serve so many invocations and check what came of them."""
    bundle = fast_bundle.write(folder, {"soak": SOURCE})
    done = folder / "done"
    done.touch()
    plan = [(KINDS[n * 7 % len(KINDS)], f"n{n:05}") for n in range(invocations)]
    ends: dict[str, Step] = {"cut": cut(), "reset": reset(), "413": cut(answer("413 Too Large"))}
    early = {name: ends[kind] for kind, name in plan if kind in ends}
    running: list[subprocess.Popen[bytes]] = []
    samples: list[tuple[int, int]] = []

    def steps() -> Iterator[Step]:
        for number, (kind, name) in enumerate(plan):
            if number % max(1, invocations // 20) == 0:
                samples.append(sample(running[0].pid))
            yield step(kind, name)
        samples.append(sample(running[0].pid))

    with RuntimeServer(steps(), early=early) as server, (folder / "log").open("wb") as log:
        running.append(
            subprocess.Popen(
                fast_command(bundle, python),
                cwd=bundle,
                env=environment(server.address, SOAK_DONE=str(done)),
                stdout=log,
                stderr=log,
            )
        )
        running[0].wait()
    requests: dict[str, Any] = {}
    faults = [*server.violations]
    for request in server.requests:
        if request.method == "POST":
            if request.call in requests:
                faults.append(f"{request.call} twice")
            requests[request.call] = request
    for kind, name in plan:
        if (wrong := fault(kind, name, server, requests)) is not None:
            faults.append(f"{kind} {name}: {wrong}")
    wanted = sorted(line for kind, name in plan for line in left_work(kind, name))
    if sorted(done.read_text().split("\n")[:-1]) != wanted:
        faults.append("work after the answer is missing, or was done twice")
    settled = samples[int(len(samples) * WARM_UP) :]
    half = len(settled) // 2
    late, soon = min(kb for kb, _ in settled[half:]), min(kb for kb, _ in settled[:half])
    return Soaked(faults, late - soon, settled[-1][1] - settled[0][1])


def sample(pid: int) -> tuple[int, int]:
    """A process's memory (kB) and descriptors."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]), len(list(Path(f"/proc/{pid}/fd").iterdir()))


def main() -> int:
    """Run the soak from the command line."""
    parser = argparse.ArgumentParser(description="Soak streamed replies.")
    parser.add_argument("--invocations", type=int, default=10_000)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    options = parser.parse_args()
    before = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        soaked = soak(Path(folder), options.python, options.invocations)
    for line in soaked.faults[:20]:
        print(line)
    print(
        f"{options.invocations} served in {time.monotonic() - before:.0f} s: "
        f"{len(soaked.faults)} faults, {soaked.memory:+} kB, {soaked.descriptors:+} descriptors"
    )
    return int(bool(soaked.faults) or soaked.memory > MAX_GROWTH_KB or soaked.descriptors > 0)


if __name__ == "__main__":
    sys.exit(main())
