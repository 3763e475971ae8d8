"""`packager serve` under thousands of requests: nothing lost, mixed up, kept or left behind."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager.host.interpreter import newest_supported
from tests.support.busy_plugin import FILES
from tests.support.plugin_writer import write_plugin
from tests.support.served import Served, are_gone, processes_of, served

pytestmark = pytest.mark.soak

REQUESTS = 2000
AT_ONCE = 32
ENVIRONMENTS = 8
MOST_MORE = 80_000  # KiB: the log of requests is full by then


def resident(server: Served) -> int:
    """The server's memory in KiB."""
    told = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(server.process.pid)], capture_output=True, check=True
    )
    return int(told.stdout)


def test_thousands_of_requests(tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path / "busy", FILES)
    found = newest_supported()
    assert found is not None
    options = ("--runtime", found.python, "--max-environments", ENVIRONMENTS)
    pids: set[int] = set()
    lock = threading.Lock()

    with served(plugin, *options, BUSY_TOKEN="x" * 30) as server:

        def ask(number: int) -> None:
            match number % 20:
                case 0:
                    lines = server.send("GET", f"/stream/{number % 7}?pause=0").body.splitlines()
                    assert [line.split()[0] for line in lines] == [
                        str(each).encode() for each in range(number % 7)
                    ]
                case 1 if number % 200 == 1:  # a process that ends, and one that hangs
                    assert server.send("GET", "/exit").status == 502
                case 2 if number % 500 == 2:
                    assert server.send("GET", "/sleep/x?seconds=60").status == 502
                case 3:
                    body = random.Random(number).randbytes(20_000)
                    assert server.send("POST", "/seen", body=body.hex().encode()).status == 204
                case 4 if number % 400 == 4:
                    source = plugin / "endpoints" / "busy.py"
                    source.write_text(f"{FILES['endpoints/busy.py']}# {number}\n")
                case _:
                    got = server.send("GET", f"/sleep/r{number}?seconds=0")
                    answer = json.loads(got.body)
                    assert (got.status, answer["name"]) == (200, f"r{number}")
                    with lock:
                        pids.add(answer["pid"])

        for number in range(20, 60):
            ask(number)
        before = resident(server)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(ask, range(REQUESTS)))
        assert resident(server) - before < MOST_MORE
        children = processes_of(server.process.pid)
        assert len(children) < 2 * ENVIRONMENTS + 10
        assert server.stop() == 0
        assert are_gone(children | pids)
