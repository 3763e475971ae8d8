"""What several unit tests share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder that may not be looked into, with a file in it."""
    top = Path(tempfile.mkdtemp(prefix="test-paths-"))
    top.chmod(0o755)
    (top / "inner").mkdir()
    (top / "inner/file").write_text("")
    (top / "inner").chmod(0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)  # root may look into everything
    try:
        yield top / "inner"
    finally:
        os.seteuid(before)
        (top / "inner").chmod(0o700)
        shutil.rmtree(top)
