"""Reading what a wheel needs: as the script reads it that builds run with."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from packager._in_build import hook
from packager.requirements import rules


@pytest.mark.parametrize("of", [rules, hook])
def test_metadata_of_a_wheel(of: Any, tmp_path: Path) -> None:
    wheel = tmp_path / "a-1.0-py3-none-any.whl"
    assert of.metadata_of(wheel) == []
    wheel.write_bytes(b"no archive")
    assert of.metadata_of(wheel) == []
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a-1.0.dist-info/METADATA", "Name: a")
        archive.writestr("b-1.0.dist-info/METADATA", "Name: b")
        archive.writestr("METADATA", "Name: c")
    assert of.metadata_of(wheel) == [b"Name: a", b"Name: b"]
