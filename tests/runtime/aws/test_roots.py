"""Whom the client trusts: the roots it ships, and real handshakes with real refusals."""

from __future__ import annotations

import hashlib
import re
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from endpoint_runtime.aws import AwsError, roots, transport
from endpoint_runtime.aws.endpoints import Origin, Request
from endpoint_runtime.http_client import tls
from tests.support.aws.moto_server import Authority, make_authority
from tests.support.aws.scripted_server import Server, scripted_server

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
NAMES = [f"Amazon Root CA {number}" for number in (1, 2, 3, 4)]
NAMES.append("Starfield Services Root Certificate Authority - G2")


@pytest.fixture
def server(no_aws: None, authority: Authority) -> Iterator[Server]:
    with scripted_server(authority) as running:
        running.replies = [(200, {}, b"hello")]
        yield running


def ask(server: Server, host: str = "localhost", *, amazon: bool = False) -> bytes:
    origin = Origin(host, server.port, amazon=amazon)
    request = Request(origin, "GET", "/", {})
    return transport.exchange(request, {}, time.time() + 5).body


def prints(text: str) -> set[str]:
    return {
        hashlib.sha256(ssl.PEM_cert_to_DER_cert(each)).hexdigest() for each in PEM.findall(text)
    }


def test_the_roots_are_mozillas_of_amazon() -> None:
    bundle = Path(certifi.where()).read_text("utf-8")
    theirs = "".join(
        block
        for block in bundle.split("\n\n")
        if any(f'# Label: "{name}"' in block for name in NAMES)
    )
    assert len(prints(theirs)) == 5
    assert prints(Path(roots.AMAZON).read_text("ascii")) == prints(theirs)


def test_an_unknown_authority_is_refused(server: Server) -> None:
    for amazon in (True, False):
        with pytest.raises(AwsError) as caught:
            ask(server, amazon=amazon)
        assert (caught.value.code, caught.value.retryable) == ("NotTrusted", False)
    assert server.asked == []


def test_a_bundle_of_ones_own(
    server: Server, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.roots))
    assert ask(server, amazon=True) == b"hello"
    assert ask(server, "127.0.0.1") == b"hello"


def test_the_hosts_name_is_checked(
    no_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_authority(tmp_path, only="other.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(other.roots))
    with scripted_server(other) as server:
        for host in ("localhost", "127.0.0.1"):
            with pytest.raises(AwsError, match=r"NotTrusted: .*mismatch"):
                ask(server, host)
    assert server.asked == []


def test_a_bundle_that_is_missing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/file")
    with pytest.raises(AwsError, match=r"NoRoots: the CA bundle can't be read"):
        ask(server)


def test_the_systems_after_amazons(
    server: Server, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def system() -> object:
        tried.append("system")
        context = tls.new_context()
        context.load_verify_locations(str(authority.roots))
        return context

    monkeypatch.setattr(tls, "SYSTEM", (system,))

    assert ask(server, amazon=True) == b"hello"
    transport.close_all()
    assert ask(server, amazon=True) == b"hello"
    assert tried == ["system", "system"]
    assert roots.trust_for("localhost", amazon=True) == (system,)  # known from now on
    assert len(roots.trust_for("ssm.eu-west-1.amazonaws.com", amazon=True)) == 2


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_ones_own_system_goes_first(
    variable: str, no_aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/somewhere")
    assert roots.trust_for("ssm.eu-west-1.amazonaws.com", amazon=True) == tls.SYSTEM
