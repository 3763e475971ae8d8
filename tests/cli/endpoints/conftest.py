"""A plugin with managed endpoints, and stacks of it in moto."""

from __future__ import annotations

import functools
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packager.cli.endpoints import target
from packager.cli.plans import planned
from packager.errors import Diagnostics
from packager.settings.aws import Aws
from tests.support.aws.endpoint_stack import deploy
from tests.support.aws.moto_server import MotoServer
from tests.support.cats import FILES
from tests.support.plugin_writer import write_plugin

Deploy = Callable[..., dict[str, Any]]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The plugin, and no endpoints on this machine."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return write_plugin(tmp_path / "cats", FILES)


@pytest.fixture(scope="module")
def clients(moto_plain: MotoServer) -> Callable[..., Aws]:
    """Gives this process's clients of AWS again: to make them takes longer than what they do."""
    return functools.cache(lambda profile, region: Aws(profile, region))


@pytest.fixture
def moto(moto_plain: MotoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MotoServer:
    """moto with nothing in it, and this process pointed at it."""
    reset = urllib.request.Request(f"{moto_plain.url}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset, timeout=10).close()
    nothing = str(tmp_path / "nothing")  # no credentials of whoever runs the tests
    files = {"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing}
    for name, value in (moto_plain.environment | files).items():
        monkeypatch.setenv(name, value)
    return moto_plain


@pytest.fixture
def stack(
    moto: MotoServer,
    plugin: Path,
    clients: Callable[..., Aws],
    monkeypatch: pytest.MonkeyPatch,
) -> Deploy:
    """Deploy the plugin with a configuration as the stack `prod`, or as another."""
    monkeypatch.setattr(target, "Aws", clients)

    def deployed(configuration: str = "", name: str = "prod") -> dict[str, Any]:
        (plugin / "packager.toml").write_text('endpoints = "managed"\n' + configuration)
        diagnostics = Diagnostics()
        with planned([plugin], diagnostics, {}) as plans:
            diagnostics.raise_errors()
            return deploy(moto, plans, name)

    return deployed
