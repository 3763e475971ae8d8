"""moto's servers for tests, with TLS by a throwaway authority, stopped when their block ends."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import ipaddress
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REGION = "eu-central-1"
# No word, since logs hide it.
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
_AUTHORITY_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)
PROCESS = Path(__file__).with_name("moto_process.py")


@dataclass(frozen=True)
class Authority:
    """A certificate authority's own certificate, and one with its key for servers here."""

    roots: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class MotoServer:
    """A running server: its URL, and the environment that points AWS's clients at it."""

    url: str
    environment: dict[str, str]

    def reset(self) -> None:
        """Remove all that there is in the account."""
        reset = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(reset, timeout=30) as answer:
            assert answer.status == 200

    def boto(self, service: str) -> Any:
        """boto3's client of a service, for what a test prepares and looks up."""
        return _client(service, self.url, self.environment.get("AWS_CA_BUNDLE", True))


@cache  # making one takes longer than all that a test asks of it
def _client(service: str, url: str, bundle: str | bool) -> Any:
    session: Any = boto3.session.Session()
    return session.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="AKIDTEST",
        aws_secret_access_key=SECRET_KEY,
        verify=bundle,
    )


def make_authority(folder: Path, *, only: str | None = None) -> Authority:
    """Make an authority, and a certificate for `only`, by default for 127.0.0.1 and localhost."""
    own_key = ec.generate_private_key(ec.SECP256R1())
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throwaway authority")])
    own = (
        _certificate(own_name, own_name, own_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_AUTHORITY_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own_key.public_key()), False)
        .sign(own_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throwaway server")])
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.DNSName("localhost"),
    ]
    if only is not None:
        alternatives = [x509.DNSName(only)]
    certificate = (
        _certificate(subject, own_name, key.public_key())
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        # Python 3.13 and later want to be told whose key signed it.
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(own_key.public_key()), False
        )
        .sign(own_key, hashes.SHA256())
    )
    made = Authority(folder / "roots.pem", folder / "server.pem", folder / "server.key")
    made.roots.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


@dataclass(frozen=True)
class MotoServers:
    """One account behind two servers, one of them with TLS."""

    plain: MotoServer
    tls: MotoServer

    def reset(self) -> None:
        """Remove all that there is in the account."""
        self.plain.reset()


@contextlib.contextmanager
def moto_server() -> Iterator[MotoServer]:
    """Run moto's servers."""
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder)) as (port,):
        yield _server(f"http://127.0.0.1:{port}")


@contextlib.contextmanager
def moto_servers(authority: Authority, folder: Path) -> Iterator[MotoServers]:
    """Run moto's servers, with TLS and without; those with the same folder share an import."""
    with _running(folder, authority.certificate, authority.key) as (port, tls_port):
        yield MotoServers(
            _server(f"http://127.0.0.1:{port}"),
            _server(f"https://127.0.0.1:{tls_port}", AWS_CA_BUNDLE=str(authority.roots)),
        )


# Keys in one page of a bucket's, of which S3 has 1,000: so a second page is quickly filled.
PAGE = 100


@contextlib.contextmanager
def _running(folder: Path, *files: Path) -> Iterator[list[int]]:
    """Give the ports."""
    with contextlib.ExitStack() as stack:
        channel = stack.enter_context(socket.socket(socket.AF_UNIX))
        with (folder / "moto.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            address = str(folder / "moto")
            try:
                channel.connect(address)
            except OSError:  # nobody has started one, or who has is done
                stack.enter_context(_started(address))
                channel.connect(address)
        channel.sendall(json.dumps([str(each) for each in files]).encode())
        yield json.loads(channel.recv(1000))
        channel.shutdown(socket.SHUT_WR)
        channel.recv(1)  # it has ended


@contextlib.contextmanager
def _started(address: str) -> Iterator[None]:
    # It must not take its own settings for those of AWS.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    clean["MOTO_S3_DEFAULT_MAX_KEYS"] = str(PAGE)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(PROCESS), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean,
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()


def _server(url: str, **more: str) -> MotoServer:
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIDTEST",
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }
    return MotoServer(url, environment | more)


def _certificate(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
