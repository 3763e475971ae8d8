"""What bubblewrap is told: a script in its place says what it was given."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from packager.dependencies.sandbox import ENTER

SAYS = '#!/bin/sh\nprintf "%s\\n" "$@"\nprintf "%s\\n" "ONE=$ONE"\nexit 3\n'


def test_bubblewrap_takes_the_place_of_the_script(tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text(SAYS)
    (tmp_path / "bwrap").chmod(0o755)
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "link").symlink_to("deep")
    spec = {
        "kind": str(tmp_path / "bwrap"),
        "command": ["python", "-c", "print(1)"],
        "cwd": "/tmp",
        "root": "unused",
        "read": [str(tmp_path / name) for name in ("deep", "link", "none")],
        "write": [[str(tmp_path / "deep/er"), "/tmp"]],
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec))

    done = subprocess.run(
        [sys.executable, "-I", str(ENTER), str(tmp_path / "spec.json")],
        env={"ONE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.splitlines() == [
        *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--bind", str(tmp_path / "deep/er"), "/tmp"),  # what is nearest to the root first
        *("--ro-bind", str(tmp_path / "deep"), str(tmp_path / "deep")),
        *("--symlink", "deep", str(tmp_path / "link")),
        *("--chdir", "/tmp", "--", "python", "-c", "print(1)"),
        "ONE=1",
    ]


def test_bubblewrap_that_is_gone_is_said(tmp_path: Path) -> None:
    spec = {"kind": str(tmp_path / "none"), "command": [], "cwd": "/", "read": [], "write": []}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    done = subprocess.run(
        [sys.executable, "-I", str(ENTER), str(tmp_path / "spec.json")],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        125,
        "packager: no namespaces: No such file or directory\n",
    )
