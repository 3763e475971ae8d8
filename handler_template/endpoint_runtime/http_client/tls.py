"""TLS on a connected `_socket`, without the `ssl` module: the chain and the name are verified.

What `ssl.create_default_context()` decides is decided here the same way (protocol versions and
ciphers are the C module's, which that starts from, too). It leaves out what costs: importing `ssl`,
and loading every root of the system where OpenSSL can look up the one it needs.
"""

from __future__ import annotations

import _ssl
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Trust = Callable[[], Any]

# Where systems keep such a folder besides OpenSSL's own place for it (Fedora's ca-certificates).
_FOLDERS = ("/etc/pki/ca-trust/extracted/pem/directory-hash",)
_ALPN = b"\x08http/1.1"
_CONTEXTS: dict[str, Any] = {}  # for as long as the process lives


class _Stream:
    """A TLS connection with the methods of a socket that `http_client` uses."""

    def __init__(self, layer: Any) -> None:
        self.send = layer.write
        self._read = layer.read

    def recv(self, size: int) -> bytes:
        data: bytes = self._read(size)
        return data


def wrap(connection: Any, host: str, context: Any) -> _Stream:
    """Do the handshake on a connected socket, within its time-out.

    Raises OSError: see `is_distrust` and `problem_of`.
    """
    if not host.isascii():
        host = host.encode("idna").decode()
    layer = context._wrap_socket(connection, False, host)
    layer.do_handshake()
    return _Stream(layer)


def new_context() -> Any:
    """Return a context for a client that verifies everything and trusts nobody yet."""
    context = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = _ssl.CERT_REQUIRED
    context.check_hostname = True
    if sys.version_info >= (3, 13):
        context.verify_flags |= _ssl.VERIFY_X509_PARTIAL_CHAIN | _ssl.VERIFY_X509_STRICT
    context._set_alpn_protocols(_ALPN)  # type: ignore[attr-defined]
    return context


def hashed_roots() -> Any:
    """Trust the system's folder of roots, of which OpenSSL reads only the one that it needs.

    Where the system has no such folder, trust its file of all.
    """
    if "hashed" not in _CONTEXTS:
        file_variable, _, folder_variable, folder = _ssl.get_default_verify_paths()
        chosen = os.environ.get(file_variable) or os.environ.get(folder_variable)
        hashed = () if chosen else filter(_is_hashed, (folder, *_FOLDERS))
        folder = next(iter(hashed), "")
        if not folder:
            _CONTEXTS["hashed"] = all_roots()
        else:
            _CONTEXTS["hashed"] = context = new_context()
            context.load_verify_locations(None, folder, None)
    return _CONTEXTS["hashed"]


def all_roots() -> Any:
    """Trust whatever OpenSSL trusts by default; SSL_CERT_FILE and SSL_CERT_DIR change it."""
    if "all" not in _CONTEXTS:
        _CONTEXTS["all"] = context = new_context()
        context.set_default_verify_paths()
    return _CONTEXTS["all"]


# The system's roots: what a folder lacks, the file may have.
SYSTEM: tuple[Trust, ...] = (hashed_roots, all_roots)


def is_distrust(fault: OSError) -> bool:
    """Whether a handshake failed for the server's certificate."""
    return isinstance(fault, _ssl.SSLCertVerificationError)


def problem_of(fault: OSError) -> str:
    """Return why a handshake failed: a line for people."""
    reason = getattr(fault, "verify_message", None) or getattr(fault, "reason", None)
    if reason:
        return str(reason)
    if isinstance(fault, _ssl.SSLEOFError | _ssl.SSLZeroReturnError | ConnectionError):
        return "the server closed the connection"
    return fault.strerror or str(fault)


def _is_hashed(folder: str) -> bool:
    """Whether certificates are filed under their names' hashes, as `openssl rehash` does."""
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return any(
        len(name) == 10 and name.endswith(".0") and not name[:8].strip("0123456789abcdef")
        for name in names
    )
