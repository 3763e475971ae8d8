"""Signs requests as AWS wants them: Signature Version 4, in the Authorization header.

Source: AWS, "Create a signed AWS API request". The digests come straight from OpenSSL's module,
which TLS has loaded already; `hashlib` and `hmac` would only add imports.
"""

from __future__ import annotations

try:
    from _hashlib import hmac_digest as hmac_digest
    from _hashlib import openssl_sha256
except ImportError:  # an interpreter without OpenSSL's hashes
    from hashlib import sha256 as openssl_sha256
    from hmac import digest as hmac_digest  # type: ignore[assignment]
from time import gmtime, strftime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from endpoint_runtime.aws.credentials import Credentials
    from endpoint_runtime.aws.transport import Request

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
# The last signing key: it stays the same for a day, a region, a service and a secret.
_last_key: tuple[tuple[str, str, str, str], bytes] | None = None


def payload_hash(body: bytes) -> str:
    """Return the SHA-256 of a request's body as SigV4 writes it."""
    return openssl_sha256(body).hexdigest()


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
    signature = hmac_digest(
        _signing_key(credentials.secret_key, now[:8], region, service),
        string_to_sign(canonical, now, region, service).encode(),
        "sha256",
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
    digest = openssl_sha256(request.encode()).hexdigest()
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
        key = hmac_digest(key, part.encode(), "sha256")
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
