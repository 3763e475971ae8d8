"""Opens the secret settings of an endpoint that the table has sealed.

`sealed` is a version (one byte), a nonce, the ciphertext and a tag: SHAKE-256 of a key and the
nonce makes the keystream, HMAC-SHA256 with another key the tag, over version, nonce, hook id, a
zero byte and ciphertext (encrypt-then-MAC, bound to its endpoint). Both keys are made of the data
key. The standard library has no AES; docs/security.md has the reasons. The digests come straight
from OpenSSL's module, as `aws.sigv4` has them.
"""

from __future__ import annotations

import os
from _operator import _compare_digest
from _thread import allocate_lock

from endpoint_runtime import process
from endpoint_runtime.aws import client
from endpoint_runtime.aws.sigv4 import hmac_sha256
from endpoint_runtime.json_codec import decode_json

try:
    from _hashlib import openssl_shake_256 as shake_256
except ImportError:  # an interpreter without OpenSSL's hashes
    from hashlib import shake_256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The variable that names the secret with the data key.
VARIABLE = "PACKAGER_ENDPOINTS_SECRET"
VERSION = 1
ENCRYPTION, AUTHENTICATION = "packager endpoint enc 1", "packager endpoint mac 1"
NONCE, TAG = 24, 32  # bytes


class SealError(Exception):
    """Sealed settings can't be opened; the message says why, and no value."""


class DataKey:
    """What settings are sealed with: read at the first that are, and kept by the process."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._key: bytes | None = None

    def open(self, sealed: bytes, hook_id: str, deadline: float | None) -> dict[str, Any]:
        """Return the settings in `sealed`, which is of the endpoint `hook_id`.

        Raises `SealError`, and AwsError where the key can't be read.
        """
        return open_sealed(sealed, hook_id, self.read(deadline))

    def read(self, deadline: float | None) -> bytes:
        """Return the key itself; raises as `open` does."""
        if self._key is None:
            with self._lock:
                if self._key is None:
                    self._key = _read_key(deadline)
        return self._key


def open_sealed(sealed: bytes, hook_id: str, key: bytes) -> dict[str, Any]:
    """Return the settings in `sealed`; raise `SealError` where that is not sealed with `key`."""
    if len(sealed) < 1 + NONCE + TAG or sealed[0] != VERSION:
        raise SealError("its sealed settings are of a form that this runtime does not know")
    head, text, tag = sealed[: 1 + NONCE], sealed[1 + NONCE : -TAG], sealed[-TAG:]
    if not _compare_digest(tag_of(head, text, hook_id, key), tag):
        raise SealError("its sealed settings were sealed with another key, or changed since")
    settings = decode_json(crossed(text, head[1:], key))
    if not isinstance(settings, dict):
        raise SealError("its sealed settings are not an object")
    return settings


def tag_of(head: bytes, text: bytes, hook_id: str, key: bytes) -> bytes:
    """Return the tag of version and nonce, hook id and ciphertext."""
    signed = head + hook_id.encode() + b"\0" + text
    return hmac_sha256(hmac_sha256(key, AUTHENTICATION.encode()), signed)


def crossed(text: bytes, nonce: bytes, key: bytes) -> bytes:
    """Return `text` with the keystream over it: plain text for the ciphertext, and the reverse."""
    stream = shake_256(hmac_sha256(key, ENCRYPTION.encode()) + nonce).digest(len(text))
    number = int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")
    return number.to_bytes(len(text), "big")


def _read_key(deadline: float | None) -> bytes:
    name = os.environ.get(VARIABLE)
    if not name:
        raise SealError(f"the environment variable {VARIABLE} does not name the key of its secrets")
    answer = client("secretsmanager").call("GetSecretValue", {"SecretId": name}, deadline)
    key = answer.get("SecretString")
    if not isinstance(key, str) or not key:
        raise SealError("the key of its secrets is not text")
    process.add_secret(key)
    return key.encode()
