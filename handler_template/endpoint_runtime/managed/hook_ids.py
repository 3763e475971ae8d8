"""Tells hook ids that were given out from those that somebody made up, without a call.

A hook id is 16 random characters and 8 that check them: the first 40 bits of their HMAC-SHA256 in
base32. The key is the function's own, so nobody else can make one that passes.
"""

from __future__ import annotations

from _operator import _compare_digest

from endpoint_runtime.aws.sigv4 import hmac_sha256

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # base32 (RFC 4648), in lower case
RANDOM, CHECK = 16, 8  # characters
LENGTH = RANDOM + CHECK
# What goes before a hook id in a URL.
PATH = "/e/"
_BITS = 5  # of a character


def is_genuine(hook_id: str, key: bytes) -> bool:
    """Return whether `hook_id` was made with `key`."""
    if len(hook_id) != LENGTH or not hook_id.isascii():
        return False
    return _compare_digest(check_of(hook_id[:RANDOM], key), hook_id[RANDOM:])


def check_of(characters: str, key: bytes) -> str:
    """Return the characters that follow the random ones of a hook id."""
    bits = CHECK * _BITS
    digest = hmac_sha256(key, characters.encode("ascii"))
    number = int.from_bytes(digest[: bits // 8], "big")
    shifts = range(bits - _BITS, -1, -_BITS)
    return "".join([ALPHABET[number >> shift & 31] for shift in shifts])
