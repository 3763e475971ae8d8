"""Makes hook ids, and tells those that were made with a key from all others.

The runtime does the latter for each request, before it asks the store
(endpoint_runtime/managed/hook_ids.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from packager.contract import HOOK_ID_ALPHABET, HOOK_ID_CHECK, HOOK_ID_RANDOM

_BYTES = HOOK_ID_CHECK * 5 // 8  # of the digest: a character is five bits


def new_hook_id(key: str) -> str:
    """Return a hook id that nobody can guess, with a check made with `key`."""
    characters = "".join(secrets.choice(HOOK_ID_ALPHABET) for _ in range(HOOK_ID_RANDOM))
    return characters + _check(characters, key)


def is_genuine(hook_id: str, key: str) -> bool:
    """Return whether `hook_id` was made with `key`."""
    characters = hook_id[:HOOK_ID_RANDOM]
    return hook_id.isascii() and hmac.compare_digest(characters + _check(characters, key), hook_id)


def _check(characters: str, key: str) -> str:
    digest = hmac.digest(key.encode(), characters.encode(), hashlib.sha256)
    return base64.b32encode(digest[:_BYTES]).decode().lower()
