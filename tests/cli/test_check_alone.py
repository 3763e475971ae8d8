"""`packager check` needs little: neither boto3 nor uv, and no locale decides anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.plugin_writer import write_plugin

PROBE = """\
import sys
from packager.cli.main import main
try:
    main.main(["check", "tiny"])
except SystemExit as ended:
    print(ended.code)
print(*sorted({"boto3", "botocore", "uv", "rich", "jinja2", "starlette"} & {*sys.modules}))
print(*sorted(n for n in sys.modules if n.startswith(("packager.bundle", "packager.local"))))
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    write_plugin(
        tmp_path / "tiny",
        {
            "group/tiny.yaml": "settings:\n"
            "  - {name: é, type: select, options: [ä, ö], default: ü}\n"
            "  - {name: é, type: text-input}\n"
            "endpoints: []\n"
        },
    )
    return tmp_path


def said(folder: Path, **environment: str) -> tuple[int, bytes, bytes]:
    command = [sys.executable, "-m", "packager", "check", "tiny"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True
    )
    return done.returncode, done.stdout, done.stderr


def test_what_check_imports(tmp_path: Path) -> None:
    files = {"packager.toml": '[settings]\napi_key = {ssm = "/tiny/api_key"}\n'}
    write_plugin(tmp_path / "tiny", files)
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[1:] == ["0", "", ""]


def test_it_says_the_same_in_any_locale(tiny: Path) -> None:
    plain = said(tiny, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert plain == said(tiny, LC_ALL="C.UTF-8")
    assert plain[0] == 2
    assert b"the group has no endpoints" in plain[2]
