"""Whom the calls to AWS trust: Amazon's own roots before the system's.

Loading the system's roots, 140 and more, costs a cold start 20 ms; the five of Amazon Trust
Services, to which AWS's endpoints chain, cost one. AWS_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR go
before both, and an endpoint that the environment names is none of Amazon's.
"""

from __future__ import annotations

from os import environ

from endpoint_runtime.aws.errors import AwsError
from endpoint_runtime.http_client import tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.http_client.tls import Trust

AMAZON = __file__.rpartition("/")[0] + "/amazon_roots.pem"

_contexts: dict[str, Any] = {}
# Hosts that Amazon's roots do not vouch for, but the system's do.
_by_system: set[str] = set()


def trust_for(host: str, *, amazon: bool) -> tuple[Trust, ...]:
    """Return the roots that a connection to `host` is verified with, in the order of trying.

    `amazon` is whether AWS's own rules name the host. Raises AwsError (`NoRoots`).
    """
    bundle = environ.get("AWS_CA_BUNDLE")
    if bundle:
        try:
            context = _context(bundle)
        except OSError as fault:
            reason = f"the CA bundle can't be read: {fault.strerror or fault}"
            raise AwsError("NoRoots", reason) from None
        return (lambda: context,)
    chosen = environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")
    if chosen or not amazon or host in _by_system:
        return tls.SYSTEM

    def system() -> Any:
        _by_system.add(host)
        return tls.SYSTEM[0]()

    return (lambda: _context(AMAZON), system, *tls.SYSTEM[1:])


def forget() -> None:
    """Read the roots again when they are needed."""
    _contexts.clear()
    _by_system.clear()


def _context(path: str) -> Any:
    context = _contexts.get(path)
    if context is None:
        context = tls.new_context()
        context.load_verify_locations(path)
        _contexts[path] = context
    return context
