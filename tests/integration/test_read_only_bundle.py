"""Built bundles run where they can't be written to, as in /var/task, on either entry."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.capabilities import drop_override
from tests.support.examples import NEKO_ENV, ROOT


@pytest.mark.parametrize(
    ("request_", "body"),
    [("GET /duck/42", b"42 <br>"), ("GET /qr?text=neko", b"")],
)
def test_a_bundle_that_is_read_only(neko: Path, tmp_path: Path, request_: str, body: bytes) -> None:
    bundle = Path(shutil.copytree(neko, tmp_path / neko.name))
    inside = [bundle, *bundle.rglob("*")]
    for path in inside:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "packager", "invoke", bundle, "-i", "--request", request_],
            cwd=ROOT,
            env=os.environ | NEKO_ENV | {"XDG_STATE_HOME": str(tmp_path)},
            preexec_fn=drop_override,
            capture_output=True,
            timeout=120,
            check=False,
        )
        written = [path for path in bundle.rglob("*") if path not in inside]
    finally:
        for path in inside:
            path.chmod(path.stat().st_mode | 0o200)

    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith(b"HTTP/1.1 200 "), done.stderr.decode()
    assert done.stdout.endswith(body)
    assert written == []
