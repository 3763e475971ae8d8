"""A plugin with managed endpoints, and stacks of it in moto."""

from __future__ import annotations

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


@pytest.fixture
def moto(moto: MotoServer) -> MotoServer:
    """moto with nothing in it."""
    moto.reset()
    return moto


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
