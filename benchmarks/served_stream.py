"""How long after a plugin makes a piece of a streamed answer a client of `packager serve` has it.

    python -m benchmarks.served_stream [--rounds 20] [--write]

The plugin writes the time into each piece; its clock is the client's. Nothing fails on a slow day.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.page import RESULTS, write_page
from benchmarks.warm import target_python
from tests.support.busy_plugin import FILES
from tests.support.plugin_writer import write_plugin
from tests.support.served import served

PIECES, PAUSE = 10, 0.02  # seconds between them


def delays(port: int) -> list[float]:
    """Return how late each piece of one answer was, in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/stream/{PIECES}?pause={PAUSE}")
    response = connection.getresponse()
    late = []
    while line := response.readline():
        late.append((time.time() - float(line.split()[1])) * 1000)
    connection.close()
    return late


def main() -> None:
    """Measure, and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="keep the results, and write the page")
    options = parser.parse_args()
    machine = describe_machine(target_python())
    with tempfile.TemporaryDirectory() as name:
        plugin = write_plugin(Path(name) / "busy", FILES)
        runtime = ("--runtime", target_python().python)
        with served(plugin, *runtime, "--no-reload", BUSY_TOKEN="x" * 20) as server:
            delays(server.port)  # the environment is warm from here on
            rounds = [delays(server.port) for _ in range(options.rounds)]
            server.stop()
    result = {**machine, "rounds": options.rounds}
    for what, late in (
        ("first", [each[0] for each in rounds]),
        ("others", [one for each in rounds for one in each[1:]]),
    ):
        values = statistics.quantiles(late, n=20, method="inclusive")
        result[what] = {
            "median_ms": round(statistics.median(late), 2),
            "p95_ms": round(values[-1], 2),
            "most_ms": round(max(late), 2),
        }
        print(f"{what:8}{result[what]}")
    if options.write:
        (RESULTS / "served_stream.json").write_text(json.dumps(result, indent=1) + "\n")
        write_page()


if __name__ == "__main__":
    main()
