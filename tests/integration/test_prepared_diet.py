"""What the import diet has ready for each release of werkzeug is what its rules give."""

from __future__ import annotations

import pytest

from packager.dependencies.diet.apply import treated_sources
from packager.dependencies.diet.prepared import (
    TABLE,
    Edit,
    edits_of,
    key_of,
    prepared_sources,
    written,
)
from packager.dependencies.diet.versions import HASHES
from tests.support.examples import Release

NEWEST = next(reversed(HASHES))


@pytest.mark.parametrize("version", ["3.0.0", "3.0.6", "3.1.0", NEWEST])
def test_a_release_is_prepared(release: Release, version: str) -> None:
    root = release(version) / "werkzeug"
    prepared, given = prepared_sources(root), treated_sources(root)
    assert sorted(prepared) == sorted(given)
    assert [path for path in given if prepared[path] != given[path]] == []


@pytest.mark.soak
def test_every_release_is_prepared(release: Release, refresh: bool) -> None:
    """With --refresh what the rules give is written."""
    table: dict[str, list[Edit]] = {}
    for version in HASHES:
        root = release(version) / "werkzeug"
        for path, treated in treated_sources(root).items():
            source = path.read_bytes()
            edits = edits_of(source, treated)
            # What becomes of a source is the same in every release that has it.
            known = table.setdefault(key_of(path.relative_to(root), source), edits)
            assert known == edits
    if refresh:
        TABLE.write_text(written(table), "utf-8")
    current = TABLE.read_text("utf-8") == written(table)
    assert current, "see this test's docstring"
