"""Bundles for the runtime's tests, in this process or in a folder of their own, and moto."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from endpoint_runtime import aws, process
from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.app.public_url import PublicApplication
from endpoint_runtime.managed.application import ManagedApplication
from endpoint_runtime.triggers.application import TriggerApplication
from tests.support.applications import MakeApplication
from tests.support.builders import (
    ECHO,
    Bundle,
    bundle_module,
    endpoint,
    http_2,
    make_bundle,
    write_files,
)

if TYPE_CHECKING:
    from tests.support.aws.moto_server import MotoServer


@pytest.fixture(autouse=True)
def secrets() -> Iterator[None]:
    """What a test has the log leave out is in the log of the next: process-wide, it stays."""
    before = process.secrets
    process.secrets = dict(before)
    yield
    process.secrets = before


@pytest.fixture
def make_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeApplication]:
    """`make_application(files, **literals)`: an application over a plugin's files, in this process.

    Modules that the plugin loads are forgotten after the test.
    """
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    monkeypatch.chdir(plugin)
    monkeypatch.syspath_prepend(str(plugin))
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    before = dict(sys.modules)

    def make(files: Mapping[str, str] | None = None, **bundle: Any) -> Application:
        write_files(plugin, {"endpoints/echo.py": ECHO} if files is None else files)
        kind: type[Application] = Application
        if bundle.get("TRIGGER") is not None:
            kind = TriggerApplication
        elif bundle.get("ENDPOINTS") is not None:
            kind = ManagedApplication
        elif bundle.get("PUBLIC_URL") is not None:
            kind = PublicApplication
        return kind(bundle_module(**bundle), str(plugin))

    yield make
    ours = [
        name
        for name, module in sys.modules.items()
        if name not in before
        and any(
            str(path).startswith(str(plugin))
            for path in [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        )
    ]
    for name in ours:
        del sys.modules[name]


@pytest.fixture
def answer(make_application: MakeApplication) -> Callable[..., Any]:
    """`answer(body_of_invoke, event, **literals)`: the reply of an endpoint with that `_invoke`."""
    calls: list[str] = []

    def run(invoke: str, event: dict[str, Any] | None = None, **bundle: Any) -> dict[str, Any]:
        calls.append(invoke)
        source = f"e{len(calls)}.py"
        bundle.setdefault("ROUTES", [("/<path:p>", method, source) for method in ("GET", "POST")])
        application = make_application({source: endpoint(invoke)}, **bundle)
        return answer_event(application, event or http_2(), None)

    return run


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[..., Bundle]:
    """`bundle(files, **literals)`: the template, a `_bundle.py` and a plugin in a folder."""

    def make(files: Mapping[str, str] | None = None, **values: Any) -> Bundle:
        return make_bundle(tmp_path, files, values)

    return make


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment that says nothing of AWS, and a client that remembers nothing."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "SSL_CERT_")):
            monkeypatch.delenv(name)
    aws.forget()
    yield
    aws.forget()


@pytest.fixture
def moto(no_aws: None, moto_tls: MotoServer, monkeypatch: pytest.MonkeyPatch) -> MotoServer:
    """moto behind TLS, with the environment that leads the client there."""
    for name, value in moto_tls.environment.items():
        monkeypatch.setenv(name, value)
    return moto_tls


@pytest.fixture
def moto_here(no_aws: None, moto_plain: MotoServer, monkeypatch: pytest.MonkeyPatch) -> MotoServer:
    """The same without TLS."""
    for name, value in moto_plain.environment.items():
        monkeypatch.setenv(name, value)
    return moto_plain
