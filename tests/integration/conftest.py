"""Builds the example plugin once, with the real command, for the Python and machine at hand."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.contract import ENTRIES
from packager.host.interpreter import Interpreter, host_architecture, newest_supported
from packager.host.uv import find_uv
from tests.support.examples import NEKO, NEKO_ENV, Build, Command, Release
from tests.support.plugin_writer import write_plugin
from tests.support.rie import Emulator, emulator
from tests.support.sdk_folder import sdk_folder
from tests.support.shared import digest_of, shared_folder
from tests.support.trouble import CONFIGURATION, FILES

# The newest SDK that this Python takes, and what the examples use besides.
SDK_PACKAGES = ("dify_plugin", "segno~=1.6.1", "orjson~=3.10", "slack_sdk>=3.33,<4")


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
def build(tmp_path_factory: pytest.TempPathFactory, command: Command) -> Build:
    """`build(plugin)`: the folder that `packager build` filled, once for plugins that are alike.

    For this machine, and `python`, by default the newest.
    """

    newest = newest_supported()
    assert newest is not None

    def build(plugin: Path, python: str = newest.python) -> Path:
        def make(folder: Path) -> None:
            source = Path(shutil.copytree(plugin, folder / plugin.name))
            target = ("--runtime", python, "--arch", host_architecture())
            done = command("build", source, "-o", folder / "out", *target)
            assert done.returncode == 0, done.stderr.decode()

        name = f"{plugin.name}-{digest_of(plugin, python)}"
        return shared_folder(tmp_path_factory, name, make) / "out"

    return build


@pytest.fixture(scope="session", params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> str:
    """Each entry in turn: what is built here behaves the same under both."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="session")
def neko_out(tmp_path_factory: pytest.TempPathFactory, build: Build, entry: str) -> Path:
    """The folder that `packager build plugins/neko` filled."""
    plugin = NEKO
    if entry != "fast":  # which is the default
        plugin = Path(shutil.copytree(NEKO, tmp_path_factory.mktemp("stock") / "neko"))
        configuration = plugin / "packager.toml"
        configuration.write_text(f'entry = "{entry}"\n' + configuration.read_text())
    return build(plugin)


@pytest.fixture(scope="session")
def neko(neko_out: Path) -> Path:
    """Neko's bundle."""
    return neko_out / "NekoFunction"


@pytest.fixture(scope="session")
def trouble(tmp_path_factory: pytest.TempPathFactory, build: Build, entry: str) -> Path:
    """The bundle of a plugin whose endpoints misbehave."""
    files = {**FILES, "packager.toml": f'entry = "{entry}"\n{CONFIGURATION}'}
    plugin = write_plugin(tmp_path_factory.mktemp("trouble") / "trouble", files)
    return build(plugin) / "TroubleFunction"


@pytest.fixture(scope="session")
def neko_emulator(neko: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Neko behind AWS's Runtime Interface Emulator."""
    with emulator(neko, tmp_path_factory.mktemp("rie") / "log", NEKO_ENV) as running:
        yield running


@pytest.fixture(scope="session")
def sdk(interpreter: Interpreter) -> Path:
    """A folder with the real SDK in it."""
    return sdk_folder(interpreter, *SDK_PACKAGES)


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
