"""One of the processes that use the same keys of a storage at once, and what they have seen.

`python storage_worker.py FOLDER NUMBER SECONDS STORAGE`: works with the runtime in FOLDER, and
prints [operation, key, value's name or null, start, end] of each call as a line of JSON. One that
may be killed gets `announce` besides: it prints each write before it begins, with an end of null.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import time
import types
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

KEYS = ("a", "b/ü", "c")
LEAST = 15  # calls of each process, however slow the machine is
SIZES = (0, 10, 3000, 420_000, 900_000)


class Call(NamedTuple):
    """A call that was answered: `value` names what was written or read, None for nothing."""

    operation: str
    key: str
    value: str | None
    start: float
    end: float  # inf for one that may still be done, or never


def make_value(name: str, size: int) -> bytes:
    """A value that nothing but the whole of it equals."""
    return f"{name}|".encode() + hashlib.shake_128(name.encode()).digest(size)


def name_of(value: bytes | None) -> str | None:
    """The name of a value; ValueError for one that nobody has written."""
    if value is None:
        return None
    name, _, rest = value.partition(b"|")
    if make_value(name.decode(), len(rest)) != value or f"-{len(rest)}" not in name.decode():
        raise ValueError(f"a torn value: {value[:40]!r}")
    return name.decode()


def stale_reads(calls: Iterable[Call]) -> list[str]:
    """What no single register for each key could have answered.

    A value must have been written, before the read ended; and no other write (or deletion) may lie
    wholly between that and the read.
    """
    by_key: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_key[call.key].append(call)
    problems = []
    for key, each in by_key.items():
        writes = [call for call in each if call.operation in ("set", "delete")]
        nothing = Call("delete", key, None, 0, 0)
        for read in each:
            if read.operation != "get":
                continue
            sources = [w for w in (nothing, *writes) if w.value == read.value]
            if not any(
                source.start < read.end
                and not any(w.start > source.end and w.end < read.start for w in writes)
                for source in sources
            ):
                problems.append(f"{key}: {read.value} read from {read.start} to {read.end}")
    return problems


def main(folder: str, number: str, seconds: str, storage: str, announce: str = "") -> None:
    sys.path.insert(0, folder)
    from endpoint_runtime.app.application import Backends
    from endpoint_runtime.aws import transport
    from endpoint_runtime.storage import generations

    # Fewer chunks that one transaction takes: long values needn't have megabytes then.
    generations.TOGETHER = int(os.environ.get("STORAGE_TOGETHER", generations.TOGETHER))

    # A loaded machine is not a reason to send a request again, which moto would then serve twice:
    # it does not know ClientRequestToken.
    transport._STALL = 100

    literals = {"PLUGIN": "test", "STORAGE": json.loads(storage), "DIFY_INNER": None}
    bundle = types.SimpleNamespace(**literals)
    store = Backends(bundle).storage
    chance = random.Random(number)
    end = time.monotonic() + float(seconds)
    count = 0
    while time.monotonic() < end or count < LEAST:
        count += 1
        key = chance.choice(KEYS)
        operation = chance.choice(["set", "set", "set", "get", "get", "get", "delete"])
        named: str | None = None
        if operation == "set":
            size = chance.choice(SIZES)
            named = f"{number}.{count}-{size}"
            value = make_value(named, size)
        start = time.monotonic()
        if announce and operation != "get":
            print(json.dumps((operation, key, named, start, None)), flush=True)
        if operation == "set":
            store.set(key, value)
        elif operation == "get":
            named = name_of(store.get(key))
        else:
            store.delete(key)
        print(json.dumps(Call(operation, key, named, start, time.monotonic())), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
