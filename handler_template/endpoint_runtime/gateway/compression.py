"""Compresses bodies with gzip where the bundle asks for it (`gzip`) and the client accepts it.

What RFC 9110 wants of a server that does so: 8.4 (Content-Encoding), 8.8.3 (a weak ETag, as the
bytes differ), 12.5.3 (Accept-Encoding) and 12.5.5 (Vary). Imported by bundles that ask for it.
"""

from __future__ import annotations

from endpoint_runtime.gateway.replies import is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from endpoint_runtime.gateway.replies import BodyTypes

    Header = tuple[str, str]

# Bytes; below this the headers and base64 cost what compression wins.
LEAST = 1024
_LEVEL = 6
_GZIP_FORMAT = 31  # zlib's window bits for a gzip header, without a time: same input, same bytes


def compress(
    headers: Sequence[Header],
    body: bytes,
    status: int,
    accept_encoding: str,
    types: BodyTypes = ((), ()),
) -> tuple[list[Header], bytes]:
    """Return headers and body of a response as they go out, compressed or as they were.

    `body` belongs to a response that may have one (no HEAD, 204 or 304). Of `types` those that go
    as text are compressed; how a body goes is none of its business otherwise.
    """
    headers = [*headers]
    given = {name.lower(): value for name, value in headers}
    encoding = given.get("content-encoding", "")
    if (
        len(body) < LEAST
        or status == 206
        or "content-range" in given
        or encoding
        or "no-transform" in given.get("cache-control", "").lower()
        or not is_text(given.get("content-type", ""), "", ((), types[1]))
    ):
        return headers, body
    vary = [name.strip().lower() for name in given.get("vary", "").split(",")]
    if "*" not in vary and "accept-encoding" not in vary:
        headers.append(("Vary", "Accept-Encoding"))
    if not accepts_gzip(accept_encoding):
        return headers, body
    from zlib import compressobj

    packer = compressobj(_LEVEL, wbits=_GZIP_FORMAT)
    packed = packer.compress(body) + packer.flush()
    if len(packed) >= len(body):
        return headers, body
    sent: list[Header] = []
    for name, value in headers:
        lower = name.lower()
        if lower == "content-length":
            value = str(len(packed))
        elif lower == "etag" and not value.startswith("W/"):
            value = "W/" + value
        elif lower == "accept-ranges":  # they would be ranges of the compressed body
            continue
        sent.append((name, value))
    sent.append(("Content-Encoding", "gzip"))
    return sent, packed


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header takes gzip, and not more gladly what is not encoded."""
    weights: dict[str, float] = {}
    for entry in accept_encoding.lower().split(","):
        coding, _, parameters = entry.partition(";")
        weight = 1.0
        name, _, number = parameters.partition("=")
        if name.strip() == "q":
            try:
                weight = float(number)
            except ValueError:
                weight = 0.0
        weights[coding.strip()] = weight
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)
