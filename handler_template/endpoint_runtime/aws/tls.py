"""TLS for the calls to AWS: always verified, against few roots where these are enough.

Python's `ssl` and the system's roots (140 and more) cost a cold start over 30 ms. `_ssl` alone and
the five roots of Amazon Trust Services, to which AWS's endpoints chain, cost a tenth of that.
AWS_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR go before both. Source of the interface: CPython's
Modules/_ssl.c, 3.11 to 3.14, as its `ssl` module uses it.
"""

from __future__ import annotations

import _ssl
from os import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_AMAZON = __file__.rpartition("/")[0] + "/amazon_roots.pem"
# Where distributions keep their roots; OpenSSL's own default may be a folder of the build machine.
_SYSTEM = (
    "/etc/pki/tls/certs/ca-bundle.crt",  # Amazon Linux
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
)
_TLS_1_2 = 0x0303

_contexts: dict[str, Any] = {}


class NotTrusted(OSError):
    """The server's certificate does not verify."""


def roots(*, amazon: bool) -> str:
    """Say which roots a connection is verified with: a file, or "system".

    `amazon` is whether the host is one of AWS's own.
    """
    bundle = environ.get("AWS_CA_BUNDLE")
    if bundle:
        return bundle
    if amazon and not (environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")):
        return _AMAZON
    return "system"


def is_amazon(source: str) -> bool:
    """Say whether `source` are Amazon's roots alone, so that the system's may know more."""
    return source == _AMAZON


def wrap(connection: Any, host: str, source: str) -> Any:
    """Make the handshake over a connected socket, and give what reads and writes on it.

    The certificate must verify with the roots `source` and be one for `host`: else NotTrusted.
    Raises OSError if those can't be read, or the handshake fails.
    """
    context = _contexts.get(source)
    if context is None:
        context = _contexts[source] = _make_context(source)
    tls = context._wrap_socket(connection, False, host)
    try:
        tls.do_handshake()
    except _ssl.SSLCertVerificationError as error:
        reason = getattr(error, "verify_message", "") or "it does not verify"
        raise NotTrusted(f"the certificate of {host} is not trusted: {reason}") from None
    return tls


def forget() -> None:
    """Drop the contexts: the environment may name other roots."""
    _contexts.clear()


def _make_context(source: str) -> Any:
    # It checks certificate and host name unless told otherwise, and nothing here tells it so.
    context: Any = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = _TLS_1_2
    if source != "system":
        context.load_verify_locations(source)
        return context
    context.set_default_verify_paths()  # SSL_CERT_FILE and SSL_CERT_DIR, or what OpenSSL knows
    if not environ.get("SSL_CERT_FILE") and context.cert_store_stats()["x509_ca"] == 0:
        for path in _SYSTEM:
            try:
                context.load_verify_locations(path)
            except OSError:
                continue
            break
    return context
