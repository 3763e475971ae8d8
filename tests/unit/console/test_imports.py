"""What the console is made of is imported by the commands that have it, and by no others."""

from __future__ import annotations

import subprocess
import sys

OTHERS = """
import sys
import click
from packager.cli.main import main
with click.Context(main) as context:
    for name in main.list_commands(context):
        if name not in ("console", "serve"):
            main.get_command(context, name)
print(*sys.modules)
"""

HELP = """
import runpy, sys
sys.argv[1:] = ["--help"]
try:
    runpy.run_module("packager", run_name="__main__")
finally:
    print(*sys.modules)
"""


def test_other_commands_import_none_of_it() -> None:
    imported = _run("-c", OTHERS).split()
    packages = {name.partition(".")[0] for name in imported}
    assert {"packager.cli.build", "packager.cli.storage"} <= {*imported}
    assert packages & {"starlette", "uvicorn", "jinja2", "watchfiles", "anyio"} == set()


def test_help_imports_no_command() -> None:
    output = _run("-c", HELP)
    assert output.startswith("Usage: ")
    imported = [name for name in output.split() if name.startswith("packager.")]
    assert sorted(imported) == [
        *("packager.cli", "packager.cli.console", "packager.cli.main", "packager.cli.terminal"),
        *("packager.dataclass", "packager.errors", "packager.model", "packager.model.steps"),
    ]


def _run(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
