"""A full run with real secrets in AWS: they reach the function, and nothing else holds them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.bundle.secret_scan import search_for
from tests.support.aws.faulty_aws import FaultyAws, faulty_aws
from tests.support.aws.moto_server import MotoServer
from tests.support.examples import Command
from tests.support.keeper import CONFIGURATION, FILES
from tests.support.plugin_writer import write_plugin

KEY, TOKEN, APP = "key/of+the keeper", 'tök"en\n  in two lines', "app-0123456789abcdefghij"
VALUES = {"api_key": KEY, "token": TOKEN, "apps.an-app": APP, "loud": True}
SECRETS = search_for((KEY, TOKEN, APP))


@pytest.fixture
def aws(moto_plain: MotoServer) -> Iterator[FaultyAws]:
    with faulty_aws(moto_plain) as server:
        yield server


def assert_none(where: str, content: bytes) -> None:
    assert not any(SECRETS.find(content)), f"a secret is in {where}"


@contextlib.contextmanager
def watched_processes() -> Iterator[None]:
    """Look at the arguments of every process that begins, again and again, while the block runs."""
    earlier = {*Path("/proc").glob("[0-9]*")} - {Path(f"/proc/{os.getpid()}")}
    seen: set[bytes] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            for process in {*Path("/proc").glob("[0-9]*")} - earlier:
                with contextlib.suppress(OSError):
                    seen.add((process / "cmdline").read_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert any(b"packager" in each for each in seen)
    assert_none("the list of processes", b"\n".join(seen))


def test_the_secrets_of_a_full_run_are_nowhere(
    command: Command, aws: FaultyAws, tmp_path: Path, target: tuple[str, ...]
) -> None:
    configuration = CONFIGURATION + '[apps]\nan-app = {secret = "keeper", key = "app"}\n'
    plugin = write_plugin(tmp_path / "keeper", {**FILES, "packager.toml": configuration})
    out, env_file = tmp_path / "out", tmp_path / "env"
    env_file.write_text("".join(f"{k}={v}\n" for k, v in aws.environment.items()))
    written: list[bytes] = []

    def run(*arguments: object, stdin: bytes = b"") -> bytes:
        done = command(*arguments, stdin=stdin, **aws.environment)
        written.extend((done.stdout, done.stderr))
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    with watched_processes():
        run("settings", "push", plugin, "--file", "-", stdin=json.dumps(VALUES).encode())
        for form in ("text", "json"):
            run("settings", "show", plugin, "--format", form)
            run("settings", "check", plugin, "--format", form)
            run("list", plugin, "--format", form)
            run("check", plugin, "--format", form)
        run("build", plugin, "-o", out, *target)
        makefile = ("--makefile", tmp_path / "Makefile")
        run("template", plugin, "-o", tmp_path / "template.yaml", *makefile)
        bundle = out / "KeeperFunction.zip"
        aws.calls.clear()
        shown = run("invoke", bundle, "--request", "GET /digest", "--env-file", env_file)
        calls = list(aws.calls)
        failed = run("invoke", bundle, "--request", "GET /raise", "--env-file", env_file, "-i")
        aws.fault = "deny"
        denied = run("invoke", bundle, "--request", "GET /digest", "--env-file", env_file, "-i")

    digests = [hashlib.sha256(each.encode()).hexdigest() for each in (KEY, TOKEN)]
    assert json.loads(shown) == {"api_key": digests[0], "token": digests[1], "loud": True}
    assert calls == ["GetParameters", "GetSecretValue"]
    assert failed.startswith(b"HTTP/1.1 500")
    assert denied.startswith(b"HTTP/1.1 500")
    log = b"".join(written)
    assert b"RuntimeError: ({'api_key': '***', 'token': '***'" in log
    assert b"AccessDeniedException" in log
    assert_none("what was printed", log)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"template.yaml", "Makefile", "KeeperFunction.zip"} <= {path.name for path in files}
    contents = {path.read_bytes(): str(path) for path in files}
    with zipfile.ZipFile(bundle) as archive:  # what it holds lies beside it, too
        contents |= {archive.read(name): name for name in archive.namelist()}
    for content, where in contents.items():
        assert_none(where, content)
