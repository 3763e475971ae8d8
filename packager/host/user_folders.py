"""Finds the folders in which programs keep what is a user's: caches, state, data, configuration.

`platformdirs` knows them. It takes milliseconds to import, so only who asks imports it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

Kind = Literal["cache", "config", "data", "state"]


def home_folder() -> Path | None:
    """Return the user's home; None for a user without one, as in containers with a made-up id."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def platform_folder(kind: Kind, program: str) -> Path | None:
    """Return where `program` keeps its `kind` as the platform has it, None without a home.

    On macOS that is a folder in `~/Library`, unless a variable of the XDG Base Directory
    Specification says otherwise.
    """
    from platformdirs import PlatformDirs

    return _folder(PlatformDirs(program, appauthor=False), kind)


def xdg_folder(kind: Kind, program: str) -> Path | None:
    """Return where `program` keeps its `kind` by the XDG Base Directory Specification, on macOS
    too, as the runtime and uv do; None without a home."""
    from platformdirs.unix import Unix

    return _folder(Unix(program), kind)


def machine_config_folders(program: str) -> list[Path]:
    """Return where all users' configuration of `program` may be, by the same specification."""
    from platformdirs.unix import Unix

    folders = Unix(program, multipath=True).site_config_dir.split(os.pathsep)
    return [Path(folder) for folder in folders]


def _folder(folders: object, kind: Kind) -> Path | None:
    try:
        return Path(getattr(folders, f"user_{kind}_dir"))
    except RuntimeError:  # no home
        return None


def state_folder() -> Path:
    """Return the folder of what lasts between runs, below /tmp for a user without a home."""
    return xdg_folder("state", "packager") or Path("/tmp/.local/state/packager")  # noqa: S108
