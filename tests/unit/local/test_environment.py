"""Where a function that runs here keeps what plugins store."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.bundle.read import BuiltBundle
from packager.local.environment import storage_variables

TABLE = "PACKAGER_STORAGE_TABLE"


def bundle(storage: str | None) -> BuiltBundle:
    return BuiltBundle(Path("x"), "XFunction", "3.13", "x86_64", 29, (), storage=storage)


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is given where nothing else is said."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv(TABLE, raising=False)
    return {"PACKAGER_STORAGE": str(tmp_path / "packager" / "storage.sqlite")}


@pytest.mark.parametrize("storage", [None, "file", "dynamodb", "s3"])
def test_a_file_of_the_users(default: dict[str, str], storage: str | None) -> None:
    assert storage_variables(bundle(storage)) == default


def test_memory_stays(default: dict[str, str]) -> None:
    assert storage_variables(bundle("memory")) == {}


def test_a_table_that_is_named(default: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = {TABLE: "from-a-file", "OTHER": "x"}
    assert storage_variables(bundle("dynamodb"), None, given) == {TABLE: "from-a-file"}
    assert storage_variables(bundle("s3"), None, given) == default

    monkeypatch.setenv(TABLE, "from-the-shell")
    assert storage_variables(bundle("dynamodb")) == {TABLE: "from-the-shell"}


@pytest.mark.parametrize("storage", [None, "memory", "dynamodb"])
def test_a_file_that_is_asked_for(
    storage: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TABLE, "from-the-shell")

    found = storage_variables(bundle(storage), Path("a.sqlite"))

    assert found == {"PACKAGER_STORAGE": str(tmp_path / "a.sqlite")}
