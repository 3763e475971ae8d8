"""Folders with the real SDK in them, which take long to make and to import: made once a machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import zlib
from importlib.util import source_from_cache
from pathlib import Path

from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter
from packager.host.uv import find_uv


def sdk_folder(interpreter: Interpreter, *packages: str) -> Path:
    """Return a folder with `packages`, of which one is `dify_plugin`, and what they need.

    There is bytecode of what the SDK imports: else each process compiled that again, some two
    seconds of CPU, as those that tests start write none. What another such folder has, too, is
    compiled there.
    """

    cache = cache_folder()
    assert cache is not None
    name = f"tests/imported-sdk-{interpreter.python}"

    def install(folder: Path) -> None:
        target = ("--target", folder, "--python", interpreter.path, "--only-binary", ":all:")
        subprocess.run([find_uv(), "pip", "install", "-q", *target, *packages], check=True)
        for other in cache.glob(f"{name}-*"):
            _link_bytecode(other, folder)
        subprocess.run(
            [interpreter.path, "-S", "-c", "import dify_plugin"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
            cwd=folder,
            capture_output=True,
            check=True,
        )

    return cached_folder(cache, f"{name}-{zlib.crc32(' '.join(packages).encode()):08x}", install)


def _link_bytecode(source: Path, target: Path) -> None:
    """Let `target` have the bytecode of those modules that are the same file in both folders."""
    for compiled in source.rglob("*.pyc"):
        own = target / compiled.relative_to(source)
        module = Path(source_from_cache(str(own)))
        with contextlib.suppress(OSError):  # there is no such module, or the cache can't link
            if module.samefile(source_from_cache(str(compiled))):
                own.parent.mkdir(exist_ok=True)
                own.hardlink_to(compiled)
