"""docs/tutorial.md is run: each command of its `console` boxes, in a folder of its own.

Of a command's output stdout counts, and of `check` what it says on stderr; `…` stands for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
BOX = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps() -> Iterator[tuple[str, str]]:
    """Commands, and what they print."""
    for box in BOX.findall(PAGE.read_text("utf-8")):
        for step in re.split(r"^\$ ", box, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            yield command, output


def test_every_command_prints_what_the_page_says(tmp_path: Path) -> None:
    here = tmp_path
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "100"}
    done = list(steps())
    assert len(done) > 12
    for command, expected in done:
        if command.startswith("cd "):
            here = here / command.removeprefix("cd ")
            continue
        ran = subprocess.run(
            command, shell=True, cwd=here, env=environment, capture_output=True, text=True
        )
        is_check = command.startswith("packager check")
        output = f"{ran.stderr}{ran.stdout}" if is_check else ran.stdout
        pattern = re.escape(expected).replace("…", r"[^\n]*?")
        # The last line of a body may have no end.
        assert re.fullmatch(pattern, output.rstrip("\n") + "\n" * bool(output)), (command, output)
        assert ran.returncode == (2 if "1 warning" in expected else 0), (command, ran.stderr)
