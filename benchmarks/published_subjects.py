"""Packages the ten published plugins' shapes in each way that is compared, and starts them.

What `published_cold.py` and `published_phases.py` measure.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks import cold_contenders as contenders
from benchmarks.cold_api import ColdApi
from benchmarks.cold_start import Started, Starter, count_calls
from benchmarks.published_plugins import PLUGINS, Published, event, write_plugin
from packager.host.interpreter import Interpreter, host_architecture
from packager.local.stock_client import client_folder

OURS, FULL, PEER, SDK = "packager", "packager, no diet", "werkzeug + apig-wsgi", "the real SDK"
DEFAULT = "packager, no diet_plugin"
KINDS = (OURS, DEFAULT, FULL, PEER, SDK)
_DIETS = {OURS: (True, True), DEFAULT: (True, False), FULL: (False, False)}  # packages, plugin
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
        ours = kind in _DIETS
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

    def start(
        self,
        subject: Subject,
        prefix: tuple[str, ...] = (),
        at_next: Callable[[int], object] | None = None,
    ) -> Started:
        """Start a subject and take its reply; `prefix` and `at_next` are `Starter`'s."""
        contender, event, aws = subject.contender, subject.event, {_AWS: self._aws}
        done = self.starter.start(contender, subject.folder, event, prefix, at_next, **aws)
        answer = json.loads(done.reply.body)
        wanted = subject.plugin.answer if subject.plugin else ""
        body = answer["body"]
        body = base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body
        assert int(answer["statusCode"]) == 200 and wanted in body, done
        return done

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
    if kind in _DIETS:
        diet, diet_plugin = _DIETS[kind]
        source = write_plugin(plugin, folder / plugin.module, diet=diet, diet_plugin=diet_plugin)
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


@contextmanager
def prepared(
    plugins: list[Published], kinds: list[str], interpreter: Interpreter, work: Path
) -> Iterator[tuple[Bench, Subject, list[Subject]]]:
    """Package what is not in `work` yet; yield what starts it, the bare handler, and the others."""
    with fake_bedrock() as aws:
        client = work / "client"
        if not client.exists():
            contenders.clean_interpreter(interpreter, work / "python")
            contenders.package(contenders.CONTENDERS[0], work / "bare", interpreter)
            shutil.copytree(client_folder(interpreter), client)
            contenders.compile_all(client, interpreter)
        bare = Subject(contenders.BASELINE, None, work / "bare")
        made = [package(kind, each, work, interpreter) for each in plugins for kind in kinds]
        bench = Bench(work / "python" / "bin" / f"python{interpreter.python}", client, aws)
        try:
            yield bench, bare, made
        finally:
            bench.api.close()
