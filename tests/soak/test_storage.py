"""Processes that share a DynamoDB storage, killed at any time, over a network that fails."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from endpoint_runtime import aws
from endpoint_runtime.app.application import Backends
from endpoint_runtime.storage import generations
from tests.soak.conftest import Soak
from tests.support.aws import storage_worker
from tests.support.aws.faulty_aws import FaultyAws, faulty_aws
from tests.support.aws.moto_server import MotoServer, moto_server
from tests.support.aws.storage_state import expire, read_state
from tests.support.aws.storage_table import make_table
from tests.support.aws.storage_worker import KEYS, Call, name_of, stale_reads
from tests.support.builders import TEMPLATE, bundle_module

OPERATIONS = 1_000  # of one round
PROCESSES = 5
FAULTS = ("throttle", "break", "cut", "lost")


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoServer]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with moto_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        aws.forget()
        yield server
        aws.forget()


def test_dynamodb_under_kills_and_throttling(
    soak: Soak, moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = killed = kept = 0
    for _ in soak.rounds(24, "times 1,000 operations"):
        table = make_table(moto)
        monkeypatch.setenv("PACKAGER_STORAGE_TABLE", table)
        limit = soak.random.choice([None, 50_000_000])
        storage = ("dynamodb", {"limit": limit} if limit else {})
        # What several transactions are needed for: values of nine chunks, or here of three.
        together = soak.random.choice([8, 2])
        with faulty_aws(moto) as faulty:
            chance = random.Random(soak.random.random())
            often = soak.random.choice([0, 0.02, 0.1])
            faulty.chance = lambda chance=chance, often=often: (
                chance.choice(FAULTS) if chance.random() < often else None
            )
            herd = Herd(storage, faulty, together)
            herd.work(soak, OPERATIONS)
        killed += herd.killed
        called += len(herd.calls)

        state = read_state(moto, table)
        assert state.problems() == []
        kept += len(state.noted)
        expire(moto, table)
        assert read_state(moto, table).problems() == []
        with monkeypatch.context() as patch:
            patch.setattr(generations, "time", lambda: time.time() + 26 * 3600)
            bundle = bundle_module(STORAGE=storage)
            store = Backends(bundle).storage
            for key in KEYS:
                start = time.monotonic()
                named = name_of(store.get(key))
                herd.calls.append(Call("get", key, named, start, time.monotonic()))
        assert stale_reads(herd.calls) == []
        assert read_state(moto, table).problems() == []
        assert read_state(moto, table).garbage() == set()
    soak.note(f"{called} calls, {killed} kills, {kept} generations left to the next call")


class Herd:
    """Processes that work on the same keys; some are killed, and others take their places."""

    def __init__(self, storage: tuple[str, dict[str, Any]], faulty: FaultyAws, together: int):
        self.calls: list[Call] = []
        self.killed = 0
        self._storage = json.dumps(storage)
        self._environment = os.environ | faulty.environment | {"STORAGE_TOGETHER": str(together)}
        self._numbers = iter(range(10_000))
        self._begun: dict[int, Call] = {}
        self._complaints: list[str] = []

    def work(self, soak: Soak, operations: int) -> None:
        """Have `operations` calls made, then end."""
        running = [self._start() for _ in range(PROCESSES)]
        while len(self.calls) < operations and not (self.calls and soak.is_over):
            # A process that takes another's place needs a while to begin.
            time.sleep(soak.random.uniform(0, 2))
            assert self._complaints == []
            number = soak.random.randrange(PROCESSES)
            self._end(*running[number])
            running[number] = self._start()
        for each in running:
            self._end(*each)
        # What was begun, and had no end: it may be done, or not.
        self.calls += self._begun.values()

    def _start(self) -> tuple[subprocess.Popen[str], list[threading.Thread]]:
        number = next(self._numbers)
        process = subprocess.Popen(
            [
                *(sys.executable, storage_worker.__file__, str(TEMPLATE), str(number)),
                *("3600", self._storage, "announce"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        readers = [
            threading.Thread(target=self._read, args=(process, number)),
            threading.Thread(target=self._listen, args=(process,)),
        ]
        for reader in readers:
            reader.start()
        return process, readers

    def _end(self, process: subprocess.Popen[str], readers: list[threading.Thread]) -> None:
        process.kill()
        process.wait()
        for reader in readers:
            reader.join()
        self.killed += 1

    def _read(self, process: subprocess.Popen[str], number: int) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if not line.endswith("\n"):  # killed as it was written
                    return
                operation, key, named, start, end = json.loads(line)
                if end is None:
                    self._begun[number] = Call(operation, key, named, start, math.inf)
                else:
                    self._begun.pop(number, None)
                    self.calls.append(Call(operation, key, named, start, end))

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            text = lines.read()
        if text:
            self._complaints.append(text)
