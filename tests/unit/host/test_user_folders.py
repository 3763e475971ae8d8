"""Where a user's folders are, with and without a home, here and on macOS."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from platformdirs.macos import MacOS

from packager.host.user_folders import (
    Kind,
    home_folder,
    machine_config_folders,
    platform_folder,
    xdg_folder,
)

PLACES: list[tuple[Kind, str, str]] = [
    ("cache", "XDG_CACHE_HOME", ".cache"),
    ("config", "XDG_CONFIG_HOME", ".config"),
    ("data", "XDG_DATA_HOME", ".local/share"),
    ("state", "XDG_STATE_HOME", ".local/state"),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and no variable that says where anything else is."""
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("kind", "variable", "usual"), PLACES)
def test_the_specification(
    kind: Kind, variable: str, usual: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert xdg_folder(kind, "uv") == home / usual / "uv"
    monkeypatch.setenv(variable, "relative/is/ignored")
    assert xdg_folder(kind, "uv") == home / usual / "uv"
    monkeypatch.setenv(variable, "/elsewhere")
    assert xdg_folder(kind, "uv") == Path("/elsewhere/uv")
    assert platform_folder(kind, "uv") == Path("/elsewhere/uv")


def test_macos(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.PlatformDirs", MacOS)
    assert platform_folder("cache", "packager") == home / "Library/Caches/packager"
    assert platform_folder("data", "hatch") == home / "Library/Application Support/hatch"
    # As in the runtime, whose own code it is there.
    assert xdg_folder("state", "packager") == home / ".local/state/packager"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert platform_folder("cache", "packager") == Path("/elsewhere/packager")


def test_configuration_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine_config_folders("uv") == [Path("/etc/xdg/uv")]
    monkeypatch.setenv("XDG_CONFIG_DIRS", "/a:/b")
    assert machine_config_folders("uv") == [Path("/a/uv"), Path("/b/uv")]


@pytest.mark.parametrize(("kind", "variable", "usual"), PLACES)
def test_a_user_without_a_home(
    kind: Kind, variable: str, usual: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert (home_folder(), xdg_folder(kind, "uv"), platform_folder(kind, "uv")) == (None,) * 3
    monkeypatch.setenv(variable, "/elsewhere")
    assert xdg_folder(kind, "uv") == Path("/elsewhere/uv")
