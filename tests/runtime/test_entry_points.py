"""Entry points of a group are found where there are any, and else nothing is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from packager.contract import template_folder

ASK = """
import json, sys
sys.path[:0] = sys.argv[1:]
{before}
from endpoint_runtime.entry_points import of_group
def find(group):
    from importlib.metadata import entry_points
    return entry_points(group=group)
found = [[each.name, each.value] for each in of_group("pydantic", find)]
print(json.dumps([found, "importlib.metadata" in sys.modules]))
"""
NAMED = "[console_scripts]\na = b\n\n[pydantic]\nlogged = shop.plugin:plugin\n"


def ask(*folders: Path, before: str = "") -> tuple[list[list[str]], bool]:
    """Return what is found on a path, and whether `importlib.metadata` was asked."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ASK.format(before=before)]
        + [str(each) for each in (template_folder(), *folders)],
        capture_output=True,
        text=True,
        check=True,
    )
    found, asked = json.loads(done.stdout)
    return found, asked


def write(folder: Path, said: str | None, kind: str = "dist-info") -> Path:
    info = folder / f"shop-1.0.{kind}"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: shop\nVersion: 1.0\n")
    if said is not None:
        (info / "entry_points.txt").write_text(said)
    return folder


@pytest.mark.parametrize("said", [None, "", "[console_scripts]\npydantic = b\n"])
def test_nobody_is_asked_where_no_distribution_names_the_group(
    tmp_path: Path, said: str | None
) -> None:
    (tmp_path / "alone-1.0.egg-info").write_text("Name: alone\n")  # a file, as distutils made it
    assert ask(write(tmp_path, said), tmp_path / "missing") == ([], False)


@pytest.mark.parametrize("kind", ["dist-info", "egg-info"])
def test_what_a_distribution_names_is_found(tmp_path: Path, kind: str) -> None:
    found = [["logged", "shop.plugin:plugin"]]
    assert ask(write(tmp_path, NAMED, kind)) == (found, True)


@pytest.mark.parametrize(
    "before",
    [
        "import importlib.metadata",  # somebody may have patched it
        "class Finder:\n    find_distributions = lambda *_, **__: ()\n"
        "    find_spec = lambda *_, **__: None\nsys.meta_path.append(Finder())",
    ],
)
def test_who_may_know_better_is_asked(tmp_path: Path, before: str) -> None:
    assert ask(write(tmp_path, None), before=before) == ([], True)


def test_an_archive_on_the_path_may_have_some(tmp_path: Path) -> None:
    (tmp_path / "shop.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    assert ask(tmp_path / "shop.zip") == ([], True)


def test_what_cannot_be_read_names_nothing(tmp_path: Path) -> None:
    (write(tmp_path, None) / "shop-1.0.dist-info" / "entry_points.txt").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    assert ask(tmp_path, tmp_path / "loop") == ([], False)
