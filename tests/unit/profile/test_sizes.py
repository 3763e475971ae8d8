from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.profile.sizes import read_size, sizes_of


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("3.5MB", 3_500_000), ("900 kb", 900_000), ("2MiB", 2_097_152), ("1B", 1)],
)
def test_sizes(text: str, size: int) -> None:
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "1 TB", "-1", "1e6"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_size(text)
    assert str(caught.value) == f"a size is a number and a unit, not {text!r}"


def test_a_bundle_is_weighed_by_package(tmp_path: Path) -> None:
    files = {
        "tool/__init__.py": 3,
        "tool/__pycache__/__init__.cpython-313.pyc": 4,
        "tool-1.0.dist-info/METADATA": 5,
        "six.py": 6,
        "__pycache__/six.cpython-313.pyc": 7,
        "start_fast": 1,
        "plugin/a/b.py": 20,
    }
    for name, size in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    assert [*sizes_of(tmp_path).items()] == [
        ("plugin", 20),
        ("six", 13),
        ("tool", 12),
        ("start_fast", 1),
    ]
