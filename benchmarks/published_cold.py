"""What cold first requests of published plugins cost: ten of their shape, beside other ways.

    python -m benchmarks.published_cold [--rounds 15] [--only TEXT] [--python 3.13] [--write]

Each plugin (`published_plugins.py`) is built as it is, with `diet = false`, and served by werkzeug
and apig-wsgi, by hand and with the real SDK. Every round starts each once. CPU time is that of all
threads from spawn to the reply; the least of the rounds counts, as what else runs on a machine
only ever adds to it. Files and system calls are strace's, memory is the peak up to the reply.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks import cold_contenders as contenders
from benchmarks.cold_api import ColdApi
from benchmarks.cold_start import Starter, count_calls
from benchmarks.machine import describe_machine
from benchmarks.page import write_page
from benchmarks.published_plugins import PLUGINS, Published, event, write_plugin
from packager.host.interpreter import (
    Interpreter,
    find_interpreter,
    host_architecture,
    newest_supported,
)
from packager.local.stock_client import client_folder

RESULTS = Path(__file__).resolve().parent / "results" / "published.json"
OURS, FULL, PEER, SDK = "packager", "packager, no diet", "werkzeug + apig-wsgi", "the real SDK"
KINDS = (OURS, FULL, PEER, SDK)
_AWS = "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"
_STUB = """\
class Endpoint:
    def __init__(self, session):
        self.session = session
"""


class Subject:
    """One way to answer one plugin's request, and what was measured of it."""

    def __init__(self, kind: str, plugin: Published | None, folder: Path) -> None:
        self.plugin, self.folder = plugin, folder
        ours = kind in (OURS, FULL)
        handler = (
            "contenders.bare.handler" if plugin is None else "contenders.published_app.handler"
        )
        self.contender = contenders.Contender(
            kind, "", contenders.NEKO if ours else handler, entry="fast" if ours else "stock"
        )
        self.event = event(plugin or PLUGINS[0])
        self.cpu: list[float] = []
        self.found: dict[str, Any] = {}


class Bench:
    """Starts subjects, one at a time, behind a Runtime API."""

    def __init__(self, python: Path, client: Path, aws: str) -> None:
        self.api = ColdApi()
        self.starter, self._aws = Starter(self.api, python, client), aws

    def start(self, subject: Subject, prefix: tuple[str, ...] = ()) -> tuple[float, float]:
        """Start a subject and take its reply; return ms of CPU and the peak of memory in MB."""
        contender, event, aws = subject.contender, subject.event, {_AWS: self._aws}
        done = self.starter.start(contender, subject.folder, event, prefix, **aws)
        answer = json.loads(done.reply.body)
        wanted = subject.plugin.answer if subject.plugin else ""
        body = answer["body"]
        body = base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body
        assert int(answer["statusCode"]) == 200 and wanted in body, done
        return done.cpu, done.memory

    def count(self, subject: Subject) -> None:
        """Count files opened and system calls up to the reply."""
        files, calls = count_calls(lambda prefix: self.start(subject, prefix))
        if files is not None:
            subject.found |= {"files": files, "calls": calls}


@contextmanager
def fake_bedrock() -> Iterator[str]:
    """Serve `Retrieve` of Bedrock's knowledge bases on loopback; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            found = {"retrievalResults": [{"content": {"text": "a duck"}, "score": 0.9}]}
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def package(kind: str, plugin: Published, work: Path, interpreter: Interpreter) -> Subject:
    """Package a plugin in one way."""
    folder = work / plugin.module / kind.replace(" ", "_").replace(",", "")
    if folder.exists():  # of an earlier run, with --work
        return Subject(
            kind, plugin, next((p.parent for p in folder.glob("out/*/start_fast")), folder)
        )
    print(f"packaging {plugin.name}: {kind}", file=sys.stderr)
    if kind in (OURS, FULL):
        ours = kind == OURS
        source = write_plugin(plugin, folder / plugin.module, diet=ours, diet_plugin=ours)
        target = ("--runtime", interpreter.python, "--arch", host_architecture())
        command = [
            *(sys.executable, "-m", "packager", "build", source),
            "-o",
            folder / "out",
            *target,
        ]
        done = subprocess.run(command, cwd=contenders.ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        (bundle,) = (path.parent for path in (folder / "out").glob("*/start_fast"))
        subject = Subject(kind, plugin, bundle)
    else:
        sdk = kind == SDK
        folder.mkdir(parents=True)
        wanted = (*contenders.WERKZEUG, "apig-wsgi", *plugin.requirements)
        contenders.install((*wanted, *(("dify_plugin",) if sdk else ())), folder, interpreter)
        contenders._copy_module("published_app", folder)
        write_plugin(plugin, work / plugin.module / f"source_{sdk}")
        shutil.copytree(work / plugin.module / f"source_{sdk}" / "endpoints", folder / "endpoints")
        about = {"module": plugin.module, "method": plugin.method, "settings": plugin.settings}
        (folder / "published.json").write_text(json.dumps(about))
        if not sdk:
            (folder / "dify_plugin.py").write_text(_STUB)
        contenders.compile_all(folder, interpreter)
        subject = Subject(kind, plugin, folder)
    return subject


def _zipped(folder: Path) -> int:
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder), compresslevel=6)
        return file.tell()


def measure(
    plugins: list[Published],
    kinds: list[str],
    rounds: int,
    interpreter: Interpreter,
    work: Path,
    *,
    counts: bool = True,
) -> dict[str, Any]:
    """Package what is not in `work` yet, and measure; return the whole record."""
    with fake_bedrock() as aws:
        python = work / "python" / "bin" / f"python{interpreter.python}"
        client = work / "client"
        if not client.exists():
            contenders.clean_interpreter(interpreter, work / "python")
            contenders.package(contenders.CONTENDERS[0], work / "bare", interpreter)
            shutil.copytree(client_folder(interpreter), client)
            contenders.compile_all(client, interpreter)
        bare = Subject(contenders.BASELINE, None, work / "bare")
        made = (package(kind, each, work, interpreter) for each in plugins for kind in kinds)
        subjects = [bare, *made]
        bench = Bench(python, client, aws)
        try:
            for turn in range(rounds + 1):
                for subject in subjects:
                    used, memory = bench.start(subject)
                    if turn:  # the first round warms the page cache
                        subject.cpu.append(used)
                        subject.found["memory_mb"] = round(memory, 1)
            for subject in subjects if counts else ():
                bench.count(subject)
                subject.found["zip_mb"] = round(_zipped(subject.folder) / 1e6, 3)
        finally:
            bench.api.close()
        rows: dict[str, Any] = {}
        for subject in subjects[1:]:
            assert subject.plugin
            row = rows.setdefault(subject.plugin.name, {})
            row[subject.contender.name] = {"cpu_ms": round(min(subject.cpu), 2), **subject.found}
        return {
            **describe_machine(interpreter),
            "rounds": rounds,
            "bare_cpu_ms": round(min(bare.cpu), 2),
            "plugins": rows,
        }


def show(record: dict[str, Any]) -> None:
    """Print a line for each plugin, and the medians."""
    bare = record["bare_cpu_ms"]
    print(f"bare handler on the stock client: {bare} ms of CPU; * is beside it, / beside apig-wsgi")
    ratios: dict[str, list[float]] = {"*": [], "/": []}
    for name, row in record["plugins"].items():
        print(name)
        for kind, found in row.items():
            line = f"  {kind:24}{found['cpu_ms']:>8.1f} ms {found['cpu_ms'] / bare:>6.2f}*"
            if PEER in row:
                line += f"{found['cpu_ms'] / row[PEER]['cpu_ms']:>6.2f}/"
            print(
                f"{line}{found.get('files', 0):>6} files{found.get('calls', 0):>7} calls"
                f"{found['memory_mb']:>7.1f} MB{found.get('zip_mb', 0):>8.2f} MB zip"
            )
        if OURS in row:
            ratios["*"].append(row[OURS]["cpu_ms"] / bare)
            if PEER in row:
                ratios["/"].append(row[OURS]["cpu_ms"] / row[PEER]["cpu_ms"])
    for mark, found in ratios.items():
        if found:
            print(f"median {mark} {statistics.median(found):.2f}, most {max(found):.2f}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Measure published plugins' cold requests.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", action="append", help="part of a plugin's name; repeatable")
    parser.add_argument("--kind", action="append", choices=KINDS, help="repeatable; default: all")
    parser.add_argument("--python", help="a Python version; default: the newest found")
    parser.add_argument("--work", type=Path, help="where what is packaged is kept for another run")
    parser.add_argument("--quick", action="store_true", help="CPU and memory alone")
    parser.add_argument("--write", action="store_true", help="keep the results, and write the page")
    options = parser.parse_args()
    interpreter = find_interpreter(options.python) if options.python else newest_supported()
    if interpreter is None:
        raise SystemExit("no such Python here")
    chosen = [p for p in PLUGINS if not options.only or any(t in p.name for t in options.only)]
    kinds = [kind for kind in KINDS if not options.kind or kind in options.kind]
    with tempfile.TemporaryDirectory(prefix="published-") as name:
        work = options.work or Path(name)
        counts = not options.quick
        record = measure(chosen, kinds, options.rounds, interpreter, work, counts=counts)
    show(record)
    if options.write:
        RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        write_page()


if __name__ == "__main__":
    main()
