"""What a plugin writes here fails where it would on Lambda, with Lambda's words."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from packager.local.invoke import invoke_bundle
from tests.support.elsewhere import start_as_elsewhere
from tests.support.examples import Build
from tests.support.plugin_writer import write_plugin

WRITER = '''\
"""Tries to write in many ways, and says what came of each."""

import errno
import json
import shutil
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

from dify_plugin import Endpoint
from werkzeug import Response

HERE = pathlib.Path(__file__).parent


def temporary():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")


WRITES = {
    "open": lambda: open("made.txt", "w"),
    "append": lambda: open(__file__, "a"),
    "os.open": lambda: os.open("made.txt", os.O_RDWR | os.O_CREAT),
    "absolute": lambda: (HERE / "made.txt").write_text("x"),
    "mkdir": lambda: os.mkdir("made"),
    "remove": lambda: os.remove(__file__),
    "rename": lambda: os.rename(__file__, __file__ + "x"),
    "away": lambda: shutil.move(__file__, "/tmp/packager-moved"),
    "copy": lambda: shutil.copy(__file__, "made.py"),
    "chmod": lambda: os.chmod(__file__, 0o777),
    "utime": lambda: os.utime(__file__),
    "symlink": lambda: os.symlink("/tmp", "made"),
    "link": lambda: os.link(__file__, "made"),
    "elsewhere": lambda: open(os.path.expanduser("~/packager-made.txt"), "w"),
    "sqlite": lambda: sqlite3.connect("made.db").execute("create table t (x)"),
    "tempfile": temporary,
    "null": lambda: open("/dev/null", "w").write("x"),
    "read": lambda: open(__file__).read(),
}


class Writer(Endpoint):
    def _invoke(self, r, values, settings):
        said = {}
        for name, write in WRITES.items():
            try:
                write()
                said[name] = "done"
            except (OSError, sqlite3.OperationalError) as error:
                number = getattr(error, "errno", None)
                said[name] = errno.errorcode[number] if number else str(error)
        said["child"] = subprocess.run(["touch", "made.txt"], capture_output=True).returncode
        self.session.storage.set("key", b"value")
        said["storage"] = self.session.storage.get("key").decode()
        if r.args:
            open("made.txt", "w")
        return Response(json.dumps(said), content_type="application/json")
'''
ALLOWED = {"tempfile", "null", "read"}


@pytest.fixture(scope="module")
def bundle(build: Build, tmp_path_factory: pytest.TempPathFactory, entry: str) -> Path:
    folder = tmp_path_factory.mktemp("writer")
    configuration = f'entry = "{entry}"\n[settings]\napi_key = "x"\n'
    files = {"packager.toml": configuration, "endpoints/duck.py": WRITER}
    group = {"group/tiny.yaml": "endpoints: [endpoints/duck.yaml]\n"}
    plugin = write_plugin(folder / "plugin", {**files, **group})
    (plugin / "packager.toml").write_text(f'entry = "{entry}"\n')
    # A copy: Python's own refusal lets a child write.
    return Path(shutil.copytree(build(plugin), folder / "out")) / "TinyFunction"


def digest(folder: Path) -> str:
    content = [
        (str(path.relative_to(folder)), path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    ]
    return hashlib.sha256(repr(content).encode()).hexdigest()


def ask(bundle: Path, tmp_path: Path, query: str = "") -> tuple[dict[str, Any], str]:
    event = {
        "version": "2.0",
        "rawPath": "/duck/1",
        "rawQueryString": query,
        "requestContext": {"http": {"method": "GET", "path": "/duck/1"}},
    }
    storage = {"PACKAGER_STORAGE": str(tmp_path / "state" / "storage.sqlite")}
    done = invoke_bundle(bundle, event, env=storage | {"HOME": "/"})
    return done.reply, done.log.decode()


def expected(child: int) -> dict[str, Any]:
    said: dict[str, Any] = dict.fromkeys(
        ["open", "append", "os.open", "absolute", "mkdir", "remove", "rename", "away", "copy"],
        "EROFS",
    )
    said |= dict.fromkeys(["chmod", "utime", "symlink", "link", "elsewhere"], "EROFS")
    return said | dict.fromkeys(ALLOWED, "done") | {"child": child, "storage": "value"}


def test_only_tmp_and_the_storage_are_written(bundle: Path, tmp_path: Path) -> None:
    before = digest(bundle)

    reply, _ = ask(bundle, Path("/tmp") / tmp_path.name)
    said = json.loads(reply["body"])
    sqlite = said.pop("sqlite")

    assert said == expected(child=1)
    assert sqlite in ("attempt to write a readonly database", "unable to open database file")
    assert digest(bundle) == before


def test_the_log_says_what_it_means_on_lambda(bundle: Path, tmp_path: Path) -> None:
    reply, log = ask(bundle, tmp_path, "fail=1")

    assert reply["statusCode"] == 500
    assert "OSError: [Errno 30] Read-only file system: 'made.txt'" in log
    assert "only /tmp is writable on Lambda" in log


def test_without_namespaces_python_itself_refuses(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_as_elsewhere(tmp_path, monkeypatch)
    before = digest(bundle)

    reply, log = ask(bundle, Path("/tmp") / tmp_path.name)
    said = json.loads(reply["body"])
    sqlite = said.pop("sqlite")

    assert said == expected(child=0)  # what it can't see
    assert sqlite == "EROFS"
    assert "Traceback" not in log
    (bundle / "plugin" / "made.txt").unlink()
    assert digest(bundle) == before
