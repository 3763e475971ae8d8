"""Signs requests as AWS wants them: Signature Version 4, in the Authorization header.

Source: AWS, "Create a signed AWS API request". The digests come straight from the interpreter's own
module for them: OpenSSL's, which is the faster one for large bodies, takes 1 ms to import, and
`hashlib` and `hmac` import that.
"""

from __future__ import annotations

import sys
from time import gmtime, strftime

try:
    if sys.version_info >= (3, 12):
        from _sha2 import sha256
    else:
        from _sha256 import sha256  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # an interpreter that has OpenSSL's alone
    from _hashlib import openssl_sha256 as sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from endpoint_runtime.aws.endpoints import Request

ALGORITHM = "AWS4-HMAC-SHA256"
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_MARKS = UNRESERVED | frozenset(b"/")
# Headers that whatever stands between may change, so they go unsigned.
_UNSIGNED = frozenset(
    (
        *("authorization", "baggage", "connection", "expect", "keep-alive", "proxy-authenticate"),
        *("proxy-authorization", "te", "traceparent", "tracestate", "trailer", "user-agent"),
        *("transfer-encoding", "upgrade", "x-amzn-trace-id"),
    )
)
_LARGE = 1 << 18  # bytes that take longer to hash here than it takes to import what is faster
_INNER, _OUTER = (int.from_bytes(pad * 64, "big") for pad in (b"\x36", b"\x5c"))
# The last signing key: it stays the same for a day, a region, a service and a secret.
_last_key: tuple[tuple[str, str, str, str], bytes] | None = None


class Credentials:
    """What a request is signed with. `expires` is in seconds since the epoch, or None."""

    __slots__ = ("access_key", "expires", "secret_key", "token")

    def __init__(
        self, access_key: str, secret_key: str, token: str = "", expires: float | None = None
    ) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token
        self.expires = expires

    def __repr__(self) -> str:
        return f"<Credentials {self.access_key}>"


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the HMAC of a message with SHA-256 (RFC 2104)."""
    block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    number = int.from_bytes(block, "big")
    inner = sha256((number ^ _INNER).to_bytes(64, "big") + message).digest()
    digest: bytes = sha256((number ^ _OUTER).to_bytes(64, "big") + inner).digest()
    return digest


def payload_hash(body: bytes) -> str:
    """Return the SHA-256 of a request's body as SigV4 writes it."""
    hasher = sha256
    if len(body) >= _LARGE:
        try:
            from _hashlib import openssl_sha256 as hasher
        except ImportError:
            pass  # an interpreter without OpenSSL's hashes
    digest: str = hasher(body).hexdigest()
    return digest


def timestamp(seconds: float) -> str:
    """Return a time (s since the epoch) as SigV4 writes it: `20150830T123600Z`."""
    return strftime("%Y%m%dT%H%M%SZ", gmtime(seconds))


def sign(
    request: Request, body_hash: str, credentials: Credentials, scope: tuple[str, str], now: str
) -> dict[str, str]:
    """Return a request's headers with those that sign it: Host, X-Amz-Date, ...

    `scope` is the region and the service's signing name; `now` is a `timestamp`. For S3 the hash of
    the body goes into a header, too, and the path is signed as it is sent.
    """
    region, service = scope
    signed = {"Host": request.origin.authority, **request.headers}
    signed["X-Amz-Date"] = now
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    if service == "s3":
        signed["X-Amz-Content-SHA256"] = body_hash
    canonical, names = canonical_request(
        request.method,
        request.path,
        request.query,
        signed.items(),
        body_hash,
        raw=service == "s3",
    )
    signature = hmac_sha256(
        _signing_key(credentials.secret_key, now[:8], region, service),
        string_to_sign(canonical, now, region, service).encode(),
    ).hex()
    signed["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{now[:8]}/{region}/{service}"
        f"/aws4_request, SignedHeaders={names}, Signature={signature}"
    )
    return signed


def canonical_request(
    method: str,
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    body_hash: str,
    *,
    raw: bool = False,
) -> tuple[str, str]:
    """Return the canonical request and the list of signed headers; `raw` paths stay as they are."""
    lines: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        if name not in _UNSIGNED:
            value = " ".join(value.split())
            lines[name] = f"{lines[name]},{value}" if name in lines else value
    names = sorted(lines)
    if not raw and path != "/":
        path = quote(_normalised(path), _PATH_MARKS)
    signed = ";".join(names)
    return (
        "\n".join(
            [
                method.upper(),
                path,
                _sorted_query(query) if query else "",
                *(f"{name}:{lines[name]}" for name in names),
                "",
                signed,
                body_hash,
            ]
        ),
        signed,
    )


def string_to_sign(request: str, now: str, region: str, service: str) -> str:
    """Return what is signed for a canonical request."""
    digest = sha256(request.encode()).hexdigest()
    return f"{ALGORITHM}\n{now}\n{now[:8]}/{region}/{service}/aws4_request\n{digest}"


def quote(text: str, unchanged: frozenset[int] = UNRESERVED) -> str:
    """Percent-encode all of `text`, in UTF-8, but the bytes of `unchanged`.

    `urllib.parse` would do the same, and cost a cold start more than a millisecond.
    """
    return "".join(
        [chr(byte) if byte in unchanged else f"%{byte:02X}" for byte in text.encode("utf-8")]
    )


def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    global _last_key
    last, wanted = _last_key, (secret, date, region, service)
    if last is not None and last[0] == wanted:
        return last[1]
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac_sha256(key, part.encode())
    _last_key = wanted, key
    return key


def _sorted_query(query: str) -> str:
    """Sort the parameters of an encoded query by name, then by value."""
    pairs = [part.partition("=") for part in query.split("&")]
    return "&".join(f"{name}={value}" for name, value in sorted((n, v) for n, _, v in pairs))


def _normalised(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986, 5.2.4) and, as AWS does, drop empty segments."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    end = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + end
