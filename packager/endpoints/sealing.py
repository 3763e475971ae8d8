"""Seals the secret settings of an endpoint for a store that shows what it keeps, and opens them.

SHAKE-256 of a key and a nonce makes the keystream, HMAC-SHA256 with another key the tag
(encrypt-then-MAC), which binds it to the endpoint's hook id. docs/security.md says why; the
runtime's half is endpoint_runtime/managed/sealed.py.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from packager.contract import (
    SEAL_AUTHENTICATION,
    SEAL_ENCRYPTION,
    SEAL_NONCE,
    SEAL_TAG,
    SEAL_VERSION,
)
from packager.errors import PackagerError

_VERSION = bytes([SEAL_VERSION])


def seal(values: Mapping[str, Any], hook_id: str, key: str) -> bytes:
    """Return `values` such that only who has `key` can read them, and for this endpoint alone."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    nonce = secrets.token_bytes(SEAL_NONCE)
    head = _VERSION + nonce
    hidden = _xor(text, _stream(key, nonce, len(text)))
    return head + hidden + _tag(key, head, hook_id, hidden)


def unseal(sealed: bytes, hook_id: str, key: str) -> dict[str, Any]:
    """Return the values in `sealed`.

    Raises `PackagerError` where they are not sealed with `key`, or for another endpoint.
    """
    if len(sealed) < len(_VERSION) + SEAL_NONCE + SEAL_TAG or sealed[:1] != _VERSION:
        raise PackagerError("its sealed settings are of a form that this packager does not know")
    end = len(_VERSION) + SEAL_NONCE
    head, hidden, tag = sealed[:end], sealed[end:-SEAL_TAG], sealed[-SEAL_TAG:]
    if not hmac.compare_digest(_tag(key, head, hook_id, hidden), tag):
        raise PackagerError(
            "its secrets were sealed with another key, or were changed since",
            hint="give them again: packager endpoints edit",
        )
    text = _xor(hidden, _stream(key, head[len(_VERSION) :], len(hidden)))
    values: dict[str, Any] = json.loads(text)
    return values


def _stream(key: str, nonce: bytes, length: int) -> bytes:
    return hashlib.shake_256(_derived(key, SEAL_ENCRYPTION) + nonce).digest(length)


def _tag(key: str, head: bytes, hook_id: str, hidden: bytes) -> bytes:
    signed = head + hook_id.encode() + b"\0" + hidden
    return hmac.digest(_derived(key, SEAL_AUTHENTICATION), signed, hashlib.sha256)


def _derived(key: str, purpose: str) -> bytes:
    return hmac.digest(key.encode(), purpose.encode(), hashlib.sha256)


def _xor(text: bytes, stream: bytes) -> bytes:
    number = int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")
    return number.to_bytes(len(text), "big")
