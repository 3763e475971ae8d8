"""Starts functions as on a system without what only Linux has: namespaces, subreapers, /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.host.target_script import IN_TARGET

_START = f"""\
import runpy, sys
sys.platform = "elsewhere"
runpy.run_path({str(IN_TARGET / "confine.py")!r}, run_name="__main__")
"""


def start_as_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every function that a test starts be started so; `folder` holds what does it."""
    start = folder / "start.py"
    start.write_text(_START)
    monkeypatch.setattr("packager.local.confined._START", start)
