"""What the console is made of is imported by the commands that have it, and by no others."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import packager.cli.main
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_other_commands_import_none_of_it() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "click" in imported
    assert imported & {"starlette", "uvicorn", "jinja2", "watchfiles", "anyio"} == set()
