"""Fixtures of the Docker part: one daemon for the run, images as they are asked for, `sam`."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import docker  # type: ignore[import-untyped]
import pytest

from packager.host.interpreter import need_interpreter
from tests.sam_local.daemon import BRIDGE, docker_daemon, install_docker, processes_of
from tests.sam_local.image import CHANGES, image_tag, write_image
from tests.sam_local.sam import Sam, sam_environment

BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """The address of a running daemon; nothing of it may be there when the run is over."""
    install_docker()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # else it would end at once
    bridge_before = BRIDGE.exists()
    with docker_daemon() as address:
        folder = Path(address.removeprefix("unix://")).parent
        yield address
    mounts = Path("/proc/self/mounts").read_text()
    left = {
        "processes": processes_of(folder),
        "mounts": [line for line in mounts.splitlines() if str(folder) in line],
        "folder": folder.exists(),
        "bridge": BRIDGE.exists() and not bridge_before,
    }
    assert left == {"processes": [], "mounts": [], "folder": False, "bridge": False}


@pytest.fixture(scope="session")
def lambda_image(
    docker_host: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """A function: puts the stand-in of a Python version ("3.13") under the tag SAM looks for."""
    made: set[str] = set()

    def make(python: str) -> str:
        tag = image_tag(python)
        if python not in made:
            interpreter = need_interpreter(python, why=f"for {tag}").path
            folder = tmp_path_factory.mktemp("image")
            archive = write_image(interpreter, python, BIN / "uv", folder)
            client = docker.APIClient(base_url=docker_host, version="auto", timeout=120)
            try:
                repository, _, name = tag.partition(":")
                client.import_image_from_file(str(archive), repository, name, changes=CHANGES)
            finally:
                client.close()
            shutil.rmtree(folder)
            made.add(python)
        return tag

    return make


@pytest.fixture(scope="session")
def sam(docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Sam:
    """The SAM CLI of the project's environment, bound to the run's own daemon."""
    return Sam(BIN / "sam", sam_environment(docker_host, tmp_path_factory.mktemp("sam-home")))


@pytest.fixture(scope="session")
def packager_program() -> Path:
    """The `packager` command of the project's environment."""
    return BIN / "packager"
