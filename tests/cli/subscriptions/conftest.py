"""A trigger plugin, the service that it is for, and stacks of it in moto."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from packager.cli.plans import planned
from packager.cli.subscriptions import target
from packager.endpoints.function import ManagedFunction
from packager.errors import Diagnostics
from packager.settings.aws import Aws
from packager.subscriptions.constructor import Constructor
from tests.support.aws.endpoint_stack import deploy
from tests.support.aws.moto_server import MotoServer
from tests.support.hooks import Service, hooks_service, write_doors
from tests.support.own_constructor import own_constructor

Deploy = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    with hooks_service() as service:
        yield service


@pytest.fixture
def service(running: Service) -> Service:
    running.__init__(running.url)  # type: ignore[misc]  # as it is when it starts
    return running


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The plugin, no subscriptions on this machine, and its constructor in this process."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = write_doors(tmp_path / "doors")
    with own_constructor(folder) as constructor:

        def opened(self: object, function: ManagedFunction, stack: ExitStack) -> Constructor:
            return constructor

        monkeypatch.setattr(target.Target, "_open", opened)
        yield folder


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
    """Deploy the plugin with a configuration as the stack `prod`."""
    monkeypatch.setattr(target, "Aws", clients)

    def deployed(configuration: str = "") -> dict[str, Any]:
        (plugin / "packager.toml").write_text(configuration)
        diagnostics = Diagnostics()
        with planned([plugin], diagnostics, {}) as plans:
            diagnostics.raise_errors()
            return deploy(moto, plans, "prod")

    return deployed
