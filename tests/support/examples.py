"""The example plugins, and the fixtures that build them, for tests that take these."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEKO = ROOT / "plugins" / "neko"
NEKO_ENV = {"NEKO_API_KEY": "a long random text"}

Build = Callable[..., Path]
Command = Callable[..., subprocess.CompletedProcess[bytes]]
Release = Callable[[str], Path]
