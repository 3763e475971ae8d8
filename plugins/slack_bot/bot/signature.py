"""Whether Slack sent a request: the HMAC of its time and body, with the app's signing secret.

(Slack's documentation: Verifying requests from Slack.)
"""

import hmac

VERSION = "v0"
MAX_AGE = 300  # seconds; an older request may be a recording that somebody sends again


def is_signed(secret: str, timestamp: str, body: bytes, signature: str, now: float) -> bool:
    """Return whether `signature` is of exactly these bytes, sent at a `timestamp` not long ago.

    The comparison takes the same time wherever the first difference is.
    """
    if not (timestamp.isascii() and timestamp.isdecimal()) or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > MAX_AGE:
        return False
    signed = f"{VERSION}:{timestamp}:".encode() + body
    wanted = f"{VERSION}=" + hmac.new(secret.encode(), signed, "sha256").hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "surrogateescape"))
