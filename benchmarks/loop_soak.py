"""Serves many mixed invocations with the fast entry and watches its memory and descriptors.

    python benchmarks/loop_soak.py [--invocations 200000] [--python /path/to/python3.13]

Mixed: small and large events, slow and chunked ones, malformed and empty ones, errors, replies that
are not JSON or too large, and connections that are cut while waiting. Prints memory and descriptors
over time; exits with 1 if they grew.
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.hostile_api import ACCEPTED, RuntimeServer, Step, answer, cut, event, slow
from tests.support.loop_process import environment, fast_command, write_bundle

HANDLER = """
def handler(event, context):
    if not isinstance(event, dict):
        return event
    if "raise" in event:
        raise ValueError("x" * 1000)
    if "no json" in event:
        return object()
    if "cycle" in event:
        cycle = [event]
        cycle.append(cycle)
        return None
    return {"statusCode": 200, "body": event.get("body", ""), "id": context.aws_request_id}
"""
LARGE = json.dumps({"body": "l" * 1_000_000}).encode()
WARM_UP = 0.2  # the share of the invocations after which growth counts
MAX_GROWTH_KB = 1500  # what the allocator may make of it; a leak of 8 bytes each time is 1280


@dataclass(frozen=True)
class Sample:
    """Taken of the process after `invocations`."""

    invocations: int
    resident_kb: int
    descriptors: int


def steps(invocations: int) -> Iterator[tuple[Step, bool]]:
    """The answers to `next`, and whether each is an invocation."""
    for number in range(invocations):
        request_id = f"id-{number}"
        kind = number % 50
        if kind == 7:
            yield event(b"", request_id), True
        elif kind == 11:
            yield event(b'{"raise": 1}', request_id), True
        elif kind == 13:
            yield event(b'{"broken', request_id), True
        elif kind == 17:
            yield event(b'{"no json": 1}', request_id), True
        elif kind == 19:
            yield event(chunks=[b'{"bo', b'dy": "chunked"}'], request_id=request_id), True
        elif kind == 23:
            yield event(b'{"cycle": 1}', request_id), True
        elif kind == 29:
            yield event(b"{}", request_id, Lambda_Runtime_Client_Context='{"custom": {}}'), True
        elif kind == 31 and number % 1000 == 31:
            yield event(LARGE, request_id), True
        elif kind == 37 and number % 1000 == 37:
            yield slow(event(b'{"body": "slow"}', request_id), 0), True
        elif kind == 41:
            yield cut(), False
            yield event(b"{}", request_id), True
        else:
            yield event(b'{"body": "small"}', request_id), True


def posts() -> Iterator[Step]:
    """The answers to replies and reports: now and then one that finds the reply too large."""
    number = 0
    while True:
        number += 1
        yield answer("413 Request Entity Too Large") if number % 97 == 0 else ACCEPTED


def sample(process: subprocess.Popen[bytes], invocations: int) -> Sample:
    """Read the process's memory and descriptors from /proc."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    descriptors = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
    return Sample(invocations, int(resident.split()[1]), descriptors)


def soak(folder: Path, python: Path, invocations: int, every: int) -> tuple[list[Sample], int]:
    """Serve so many invocations; return the samples, and how many were answered."""
    bundle = write_bundle(folder / "bundle", HANDLER)
    served = 0
    samples: list[Sample] = []
    running: list[subprocess.Popen[bytes]] = []

    def watched() -> Iterator[Step]:
        nonlocal served
        for step, is_invocation in steps(invocations):
            # Right now the process waits for its next invocation.
            if is_invocation:
                if served % every == 0 and served:
                    samples.append(sample(running[0], served))
                served += 1
            yield step
        samples.append(sample(running[0], served))

    server = RuntimeServer(watched(), posts=posts(), keep_requests=False)
    with server, (folder / "log").open("wb") as log:
        running.append(
            subprocess.Popen(
                fast_command(bundle, python),
                cwd=bundle,
                env=environment(server.address),
                stdout=log,
                stderr=subprocess.PIPE,
            )
        )
        _, err = running[0].communicate()
    # "slow" hides the id from the server, which then finds fault with the reply.
    faults = [fault for fault in server.violations if "without such an invocation" not in fault]
    last = err.decode().splitlines()[-1:]
    if faults or "status 403" not in "".join(last):
        raise SystemExit(f"the loop failed: {faults[:3]} {last}")
    return samples, served


def growth(samples: list[Sample]) -> tuple[int, int]:
    """How much memory (kB) and how many descriptors were added after the warm-up."""
    warm = next(s for s in samples if s.invocations >= WARM_UP * samples[-1].invocations)
    settled = [s for s in samples if s.invocations >= warm.invocations]
    half = len(settled) // 2 or 1
    early = min(s.resident_kb for s in settled[:half])
    late = min(s.resident_kb for s in settled[half:] or settled)
    return late - early, settled[-1].descriptors - settled[0].descriptors


def main() -> int:
    """Run the soak from the command line."""
    parser = argparse.ArgumentParser(description="Soak the fast entry's loop.")
    parser.add_argument("--invocations", type=int, default=200_000)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    options = parser.parse_args()
    before = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        every = max(1, options.invocations // 20)
        samples, served = soak(Path(folder), options.python, options.invocations, every)
    for one in samples:
        print(f"{one.invocations:>8} {one.resident_kb:>8} kB {one.descriptors:>3} descriptors")
    memory, descriptors = growth(samples)
    seconds = time.monotonic() - before
    print(f"{served} served in {seconds:.0f} s: {memory:+} kB, {descriptors:+} descriptors")
    return int(memory > MAX_GROWTH_KB or descriptors > 0)


if __name__ == "__main__":
    sys.exit(main())
