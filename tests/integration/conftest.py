"""Builds the example plugin once, with the real command, for the Python and machine at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packager.contract import ENTRIES
from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter, host_architecture, newest_supported
from packager.host.uv import find_uv
from tests.support.plugin_writer import write_plugin
from tests.support.rie import Emulator, emulator
from tests.support.trouble import CONFIGURATION, FILES

ROOT = Path(__file__).resolve().parents[2]
NEKO = ROOT / "plugins" / "neko"
NEKO_ENV = {"NEKO_API_KEY": "a long random text"}
# The newest SDK that this Python takes, and what the examples use besides.
SDK_PACKAGES = ("dify_plugin", "segno~=1.6.1", "orjson~=3.10", "slack_sdk>=3.33,<4")

Release = Callable[[str], Path]
Command = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def interpreter() -> Interpreter:
    """What the bundles are built for, so that they run here."""
    found = newest_supported()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def target(interpreter: Interpreter) -> tuple[str, ...]:
    """Options that build for this machine."""
    return ("--runtime", interpreter.python, "--arch", host_architecture())


@pytest.fixture(scope="session")
def command() -> Command:
    """Run `packager` in a process of its own."""

    def run(
        *arguments: object, cwd: Path = ROOT, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "packager", *map(str, arguments)],
            cwd=cwd,
            env=os.environ | environment,
            input=stdin,
            capture_output=True,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session", params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> str:
    """Each entry in turn: what is built here behaves the same under both."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="session")
def neko_out(
    tmp_path_factory: pytest.TempPathFactory,
    command: Command,
    target: tuple[str, ...],
    entry: str,
) -> Path:
    """The folder that `packager build plugins/neko` filled."""
    folder = tmp_path_factory.mktemp("neko")
    out, plugin = folder / "out", NEKO
    if entry != "fast":  # which is the default
        plugin = Path(shutil.copytree(NEKO, folder / "neko"))
        configuration = plugin / "packager.toml"
        configuration.write_text(f'entry = "{entry}"\n' + configuration.read_text())
    done = command("build", plugin, "-o", out, *target)
    assert done.returncode == 0, done.stderr.decode()
    return out


@pytest.fixture(scope="session")
def neko(neko_out: Path) -> Path:
    """Neko's bundle."""
    return neko_out / "NekoFunction"


@pytest.fixture(scope="session")
def trouble(
    tmp_path_factory: pytest.TempPathFactory,
    command: Command,
    target: tuple[str, ...],
    entry: str,
) -> Path:
    """The bundle of a plugin whose endpoints misbehave."""
    folder = tmp_path_factory.mktemp("trouble")
    configuration = f'entry = "{entry}"\n{CONFIGURATION}'
    files = {**FILES, "packager.toml": configuration}
    plugin, out = write_plugin(folder / "trouble", files), folder / "out"
    done = command("build", plugin, "-o", out, *target)
    assert done.returncode == 0, done.stderr.decode()
    return out / "TroubleFunction"


@pytest.fixture(scope="session")
def neko_emulator(neko: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Neko behind AWS's Runtime Interface Emulator."""
    with emulator(neko, tmp_path_factory.mktemp("rie") / "log", NEKO_ENV) as running:
        yield running


@pytest.fixture(scope="session")
def sdk(interpreter: Interpreter) -> Path:
    """A folder with the real SDK in it."""

    def install(folder: Path) -> None:
        target = ("--target", folder, "--python", interpreter.path)
        subprocess.run([find_uv(), "pip", "install", "-q", *target, *SDK_PACKAGES], check=True)

    cache = cache_folder()
    assert cache is not None
    kind = zlib.crc32(" ".join(SDK_PACKAGES).encode())
    return cached_folder(cache, f"tests/sdk-{interpreter.python}-{kind:08x}", install)


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A folder with a release of werkzeug as it is installed; not to be changed."""
    made: dict[str, Path] = {}

    def make(version: str) -> Path:
        if version not in made:
            folder = tmp_path_factory.mktemp("release")
            target = ("--target", folder, "--no-deps", "--quiet")
            wanted = f"werkzeug=={version}"
            subprocess.run([find_uv(), "pip", "install", *target, wanted], check=True)
            made[version] = folder
        return made[version]

    return make
