"""Finds the package on this disk whose pyproject.toml uv could not read."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from packager.errors import Diagnostic, InvalidInput, Place
from packager.host.uv import UvRun
from packager.paths import real_path
from packager.requirements.requirements import Requirements

# uv's words: they name a line, quote it, point at a column and say what is wrong, but no file.
_QUOTED = re.compile(
    r"TOML parse error at line (\d+), column (\d+)\n\s*\|\n\s*\d+ \|([^\n]*)\n[^\n]*\n\s*([^\n]+)"
)


def quotes_toml(run: UvRun) -> bool:
    """Return whether `run` failed because of a TOML file that it quotes."""
    return run.code != 0 and not run.backend_failed and _QUOTED.search(run.problem) is not None


def broken_package(run: UvRun, requirements: Requirements) -> InvalidInput | None:
    """Return the error for the package that `run` failed to read; None if it is not one of the
    folders that `requirements` name."""
    quoted = _QUOTED.search(run.problem) if quotes_toml(run) else None
    if quoted is None:
        return None
    number, column = int(quoted[1]), int(quoted[2])
    files = [folder / "pyproject.toml" for folder in requirements.folders]
    fit = [file for file in dict.fromkeys(files) if _line(file, number) == quoted[3].strip()]
    which = "the package" if len(fit) == 1 else "this package, or another that has the same line,"
    diagnostics = [
        Diagnostic(
            "broken-package",
            f"{which} can't be read by uv: {quoted[4]}",
            Place(_shown(file, requirements), number, column),
            hint="correct this file, or leave the package out of the requirements",
        )
        for file in fit
    ]
    return InvalidInput(diagnostics) if diagnostics else None


def _line(file: Path, number: int) -> str | None:
    try:
        lines = file.read_text("utf-8-sig", "replace").split("\n")
    except OSError:
        return None
    return lines[number - 1].strip() if number <= len(lines) else None


def _shown(file: Path, requirements: Requirements) -> str:
    """Return what messages call `file`: by the plugin's name for what is in the plugin."""
    root = real_path(requirements.root)
    if not file.is_relative_to(root):
        return str(file)
    return str(PurePosixPath(requirements.file).parent / file.relative_to(root).as_posix())
