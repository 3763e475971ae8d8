"""What a streamed reply costs: memory, throughput beside `http.client`, time to the first byte.

    python benchmarks/stream.py [--megabytes 500] [--rounds 5] [--json FILE]

A bundle streams through the fast entry to a server on loopback that only reads. `http.client` posts
the same generator's chunks to the same server, from a process of the same interpreter, in turns.
Nothing in it fails on a slow day.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "handler_template"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support import fast_bundle
from tests.support.loop_process import environment, fast_command

SIZES = (100, 4096, 65536, 1_000_000)
SOURCE = """
def chunks(size, count):
    chunk = b"x" * size
    for _ in range(count):
        yield chunk
---
return Response(chunks(int(r.args["size"]), int(r.args["count"])))
"""
CLIENT = """
import http.client, sys
def chunks(size, count):
    chunk = b"x" * size
    for _ in range(count):
        yield chunk
size, count = map(int, sys.argv[2:])
connection = http.client.HTTPConnection(sys.argv[1])
connection.request(
    "POST", "/response", chunks(size, count), {"Transfer-Encoding": "chunked"}, encode_chunked=True
)
connection.getresponse().read()
"""
END = b"\r\n0\r\n\r\n"


@dataclass
class Reading:
    """One POST as the server saw it; seconds."""

    first: float  # from the event (or the connection) to the first byte of the body
    whole: float
    bytes: int


class Sink:
    """Answers `next` with the events it is given, and reads whatever is posted."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._condition = threading.Condition()
        self._events: list[bytes] = []
        self.readings: list[Reading] = []
        self.waiting = 0
        self._began = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, event: bytes) -> Reading:
        """Give the process an event, and wait for what it posts and for its next question."""
        with self._condition:
            count, waited = len(self.readings), self.waiting
            self._events.append(event)
            self._condition.notify_all()
            self._condition.wait_for(lambda: len(self.readings) > count and self.waiting > waited)
            return self.readings[-1]

    def ready(self) -> None:
        """Wait until the process asks for its first event."""
        with self._condition:
            self._condition.wait_for(lambda: self.waiting)

    def reading(self, index: int) -> Reading:
        """Wait for a POST."""
        with self._condition:
            self._condition.wait_for(lambda: len(self.readings) > index)
            return self.readings[index]

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        self._began = began = time.perf_counter()
        while head := self._head(connection):
            if head.startswith(b"GET"):
                with self._condition:
                    self.waiting += 1
                    self._condition.notify_all()
                    self._condition.wait_for(lambda: self._events)
                    event = self._events.pop(0)
                self._began = time.perf_counter()
                connection.sendall(event)
                continue
            if b"/2018" in head[:40]:
                began = self._began  # of the event, on another connection
            self._drain(connection, head.partition(b"\r\n\r\n")[2], began)
        connection.close()

    def _head(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return b""
            data += more
        return data

    def _drain(self, connection: socket.socket, data: bytes, began: float) -> None:
        buffer = bytearray(1 << 20)
        tail, total, first = data[-64:], len(data), time.perf_counter()
        while not tail.endswith(END):
            size = connection.recv_into(buffer)
            total += size
            tail = (tail + buffer[max(0, size - 64) : size])[-64:]
        whole = time.perf_counter()
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        with self._condition:
            self.readings.append(Reading(first - began, whole - began, total))
            self._condition.notify_all()


def memory(pid: int, field: str) -> float:
    """A process's memory in MB: VmRSS, or VmHWM, the most it ever was."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def cpu(pid: int) -> float:
    """A process's CPU time in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def event(size: int, count: int) -> bytes:
    """A request for so many chunks."""
    query = f"size={size}&count={count}"
    return fast_bundle.request("chunks", "id", seconds=600, query=query)


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description="Measure streamed replies.")
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), options.megabytes, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


def measure(folder: Path, megabytes: int, rounds: int) -> dict[str, object]:
    """Measure; print as it goes."""
    bundle = fast_bundle.write(folder, {"chunks": SOURCE})
    client = folder / "client.py"
    client.write_text(CLIENT)
    sink = Sink()
    results: dict[str, object] = {"python": sys.version.split()[0], "megabytes": megabytes}
    process = subprocess.Popen(
        fast_command(bundle, Path(sys.executable)),
        cwd=bundle,
        env=environment(sink.address),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        sink.ready()
        sink.send(event(10, 1))
        idle = memory(process.pid, "VmRSS")
        firsts = {}
        for count in (1, 100, 10_000, 1_000_000):
            times = [sink.send(event(100, count)).first for _ in range(rounds)]
            firsts[count] = statistics.median(times) * 1000
            print(f"first byte of {count:>7} chunks: {firsts[count]:.2f} ms")
        results["first_byte_ms"] = firsts
        rates = []
        for size in SIZES:
            total = megabytes * 1_000_000 if size >= 4096 else 20_000_000
            count = total // size
            ours, ours_cpu, theirs, theirs_cpu = [], [], [], []
            for _ in range(rounds):
                before = cpu(process.pid)
                reading = sink.send(event(size, count))
                ours.append(reading.bytes / (reading.whole - reading.first) / 1e6)
                ours_cpu.append(cpu(process.pid) - before)
                index = len(sink.readings)
                usage = os.times()
                command = [sys.executable, str(client), sink.address, str(size), str(count)]
                subprocess.run(command, check=True)
                reading = sink.reading(index)
                theirs.append(reading.bytes / (reading.whole - reading.first) / 1e6)
                after = os.times()
                theirs_cpu.append(
                    after.children_user
                    + after.children_system
                    - usage.children_user
                    - usage.children_system
                )
            rate = {
                "chunk": size,
                "ours": statistics.median(ours),
                "http_client": statistics.median(theirs),
                "ours_cpu": statistics.median(ours_cpu),
                "http_client_cpu": statistics.median(theirs_cpu),
            }
            rates.append(rate)
            print(
                f"chunks of {size:>7} bytes: {rate['ours']:7.0f} MB/s, http.client "
                f"{rate['http_client']:7.0f} MB/s, ratio {rate['ours'] / rate['http_client']:.2f}; "
                f"CPU {rate['ours_cpu']:.2f} s and {rate['http_client_cpu']:.2f} s"
            )
        results["rates"] = rates
        most = memory(process.pid, "VmHWM")
        results["memory_mb"] = {"idle": idle, "most": most}
        print(f"memory: {idle:.1f} MB idle, {most:.1f} MB at most ({most - idle:+.1f})")
    finally:
        process.kill()
        process.wait()
    return results


if __name__ == "__main__":
    main()
