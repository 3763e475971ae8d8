"""Whether GitHub made a delivery: the HMAC of its body, with the secret both sides know."""

import hmac

PREFIX = "sha256="


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Return whether `header` (X-Hub-Signature-256) is the signature of exactly these bytes.

    The comparison takes the same time wherever the first difference is.
    (GitHub's documentation: Validating webhook deliveries.)
    """
    wanted = PREFIX + hmac.new(secret.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(wanted.encode(), header.encode("utf-8", "surrogateescape"))
