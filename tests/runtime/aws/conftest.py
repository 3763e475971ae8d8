"""moto's servers for a module's tests, the client pointed at them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from endpoint_runtime import aws
from tests.support.aws.moto_server import Authority, MotoServer, make_authority, moto_server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def moto_tls(authority: Authority) -> Iterator[MotoServer]:
    with moto_server(authority) as server:
        yield server


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
