"""Runs the scripts that read files with the target's interpreter."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from packager.errors import PackagerError

IN_TARGET = Path(__file__).parents[1] / "_in_target"
TIME_LIMIT = 300  # seconds; a plugin with thousands of files takes a few


def ask_script(interpreter: Path, script: str, question: Any, *arguments: str, about: str) -> Any:
    """Return what a script of `_in_target` answers to `question`; both travel as JSON.

    The script imports nothing but the standard library. Raises `PackagerError` if it fails;
    `about` says what was read: "the packages".
    """
    failed = f"{interpreter} could not read {about}"
    try:
        done = subprocess.run(
            [str(interpreter), "-I", "-S", "-B", str(IN_TARGET / script), *arguments],
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackagerError(f"{failed}: {error}") from None
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise PackagerError(
            f"{failed}: {last or done.returncode}",
            hint="is this interpreter sound? choose another runtime to leave it out",
        )
    return json.loads(done.stdout)
