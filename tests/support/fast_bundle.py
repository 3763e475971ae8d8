"""A bundle with a plugin, served by the fast entry in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import markupsafe
import werkzeug

from tests.support.builders import make_bundle, url
from tests.support.hostile_api import RuntimeServer, event
from tests.support.loop_process import environment, fast_command, start
from tests.support.sources import copy_sources

PYTHON = Path(sys.executable)
HEAD = """
import time, threading
from dify_plugin import Endpoint
from werkzeug.wrappers import Request, Response
"""


def write(parent: Path, endpoints: Mapping[str, str], **literals: Any) -> Path:
    """A bundle with an endpoint at /NAME for each of `endpoints`, whose source is `_invoke`'s body
    and, before a line `---`, what stands above the class."""
    routes, files = [], {}
    for name, source in endpoints.items():
        above, _, body = ("\n" + source).rpartition("\n---\n")
        indented = "\n".join("        " + line for line in body.strip("\n").splitlines())
        files[f"endpoints/{name}.py"] = (
            f"{HEAD}\n{above}\n\nclass E(Endpoint):\n"
            f"    def _invoke(self, r, values, settings):\n{indented}\n"
        )
        routes += [(f"/{name}", method, f"endpoints/{name}.py") for method in ("GET", "POST")]
    parent.mkdir(parents=True, exist_ok=True)
    folder = make_bundle(parent, files, {"ROUTES": tuple(routes), "STREAM": True, **literals})
    for package in (werkzeug, markupsafe):
        where = Path(package.__file__ or "").parent
        copy_sources(where, folder.folder / where.name, "debug")
    return folder.folder


def request(
    name: str, request_id: str | None = None, *, seconds: float = 30, **changes: Any
) -> bytes:
    """The answer to `next` with a GET of /NAME through a function URL."""
    return invocation(url(path=f"/{name}", **changes), request_id or name, seconds=seconds)


def invocation(what: object, request_id: str, *, seconds: float = 30) -> bytes:
    """The answer to `next` with any event, to be handled in so many seconds from its sending."""
    deadline = f"in {seconds * 1000:.0f} ms"
    return event(json.dumps(what).encode(), request_id, deadline=deadline)


def run(bundle: Path, server: RuntimeServer, *, python: Path = PYTHON, **env: str) -> str:
    """Serve until the server has no more; the log without the last line."""
    process = start(fast_command(bundle, python), bundle, environment(server.address, **env))
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    lines = (out + err).decode().splitlines()
    assert "with status 403: 'not today'; exiting" in lines[-1], lines
    assert process.returncode == 1
    return "\n".join(lines[:-1])


@contextmanager
def running(
    bundle: Path, server: RuntimeServer, *, python: Path = PYTHON, **env: str
) -> Iterator[subprocess.Popen[bytes]]:
    process = start(fast_command(bundle, python), bundle, environment(server.address, **env))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
