"""The Python that uv builds with says what it is, as each uv asks, at little cost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from packager.dependencies.source_builds import HOOK

QUESTION = (
    'import sys; sys.path = [__import__("os").fsdecode(b"/cache/x")] + sys.path; '
    "from python.get_interpreter_info import main; main()"
)


def test_what_uv_asks_is_answered_before_what_builds_need_is_imported(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"python": shutil.which("echo")}))
    asked = ["-I", "-B", "-c", QUESTION]

    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", HOOK, config, "its/python", *asked],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == " ".join(asked) + "\n"
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "json" in loaded
    assert loaded & {"pathlib", "subprocess", "tempfile", "typing", "zipfile"} == set()
