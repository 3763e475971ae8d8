"""Eight processes that write, read and delete the same keys at once: nothing torn, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from endpoint_runtime.app.application import Backends
from tests.support.aws import storage_worker
from tests.support.aws.moto_server import REGION, MotoServer
from tests.support.aws.storage_table import make_table
from tests.support.aws.storage_worker import KEYS, Call, name_of, stale_reads
from tests.support.builders import TEMPLATE, bundle_module

PROCESSES = 8
SECONDS = 1  # and at least LEAST calls each; tests/soak has the long run


@pytest.mark.parametrize("limit", [None, 50_000_000])
def test_dynamodb(limit: int | None, moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table(moto)
    monkeypatch.setenv("PACKAGER_STORAGE_TABLE", table)

    calls = run(("dynamodb", {"limit": limit} if limit else {}))

    check(calls)
    # All that is left are the values: no chunk without a key, none that will expire.
    pages = moto.boto("dynamodb").get_paginator("scan").paginate(TableName=table)
    items = {item["id"]["S"]: item for page in pages for item in page["Items"]}
    named = {each["S"] for item in items.values() for each in item.get("r", {"L": []})["L"]}
    chunks = {name[1:].rpartition(".")[0] for name in items if name[0] == "c"}
    assert chunks == named
    assert not any("x" in item or "o" in item for item in items.values())
    if limit:
        stored = sum(int(item["s"]["S"]) for item in items.values() if "s" in item)
        assert items["t"]["t"] == {"N": str(stored)}


def test_s3(moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    moto.boto("s3").create_bucket(
        Bucket="storage", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    monkeypatch.setenv("PACKAGER_STORAGE_BUCKET", "storage")

    check(run(("s3", {"prefix": "test/"})))


def run(storage: tuple[str, dict[str, Any]]) -> list[Call]:
    """Let the processes work, then read every key, and return all calls."""
    arguments = [str(SECONDS), json.dumps(storage)]
    command = [sys.executable, storage_worker.__file__, str(TEMPLATE)]
    processes = [
        subprocess.Popen(
            [*command, str(number), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        for number in range(PROCESSES)
    ]
    calls = []
    problems = ""
    for process in processes:
        written, complaints = process.communicate(timeout=120)
        problems += complaints
        calls += [Call(*json.loads(line)) for line in written.splitlines()]
    assert problems == ""
    store = Backends(bundle_module(STORAGE=storage)).storage
    for key in KEYS:
        start = time.monotonic()
        calls.append(Call("get", key, name_of(store.get(key)), start, time.monotonic()))
    return calls


def check(calls: list[Call]) -> None:
    kinds = [call.operation for call in calls]
    assert min(kinds.count("set"), kinds.count("get"), kinds.count("delete")) >= PROCESSES
    assert any(call.value and call.value.endswith("-900000") for call in calls)
    assert stale_reads(calls) == []


def test_the_check_finds_what_it_is_for() -> None:
    first, second = Call("set", "a", "1", 0, 1), Call("set", "a", "2", 2, 3)
    assert stale_reads([first, second, Call("get", "a", "2", 4, 5)]) == []
    assert stale_reads([first, second, Call("get", "a", "1", 2.5, 5)]) == []  # at once
    for wrong in (
        Call("get", "a", "1", 4, 5),  # overwritten before
        Call("get", "a", None, 4, 5),  # lost
        Call("get", "a", "3", 4, 5),  # never written
        Call("get", "a", "2", 0, 1),  # not yet written
    ):
        assert len(stale_reads([first, second, wrong])) == 1
    with pytest.raises(ValueError, match="torn"):
        name_of(storage_worker.make_value("1-10", 10)[:-1] + b"\0")
