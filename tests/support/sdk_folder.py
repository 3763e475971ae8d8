"""Folders with the real SDK in them, which take long to make and to import: made once a machine."""

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path

from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter
from packager.host.uv import find_uv


def sdk_folder(interpreter: Interpreter, *packages: str) -> Path:
    """Return a folder with `packages`, of which one is `dify_plugin`, and what they need.

    There is bytecode of what the SDK imports: else each process compiled that again, some two
    seconds of CPU, as those that tests start write none.
    """

    def install(folder: Path) -> None:
        target = ("--target", folder, "--python", interpreter.path, "--only-binary", ":all:")
        subprocess.run([find_uv(), "pip", "install", "-q", *target, *packages], check=True)
        subprocess.run(
            [interpreter.path, "-S", "-c", "import dify_plugin"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
            cwd=folder,
            capture_output=True,
            check=True,
        )

    cache = cache_folder()
    assert cache is not None
    kind = zlib.crc32(" ".join(packages).encode())
    return cached_folder(cache, f"tests/imported-sdk-{interpreter.python}-{kind:08x}", install)
