"""Secrets are masked however they are spelt."""

from __future__ import annotations

import base64
from urllib.parse import quote

from packager.serve.masking import mask_of

SECRET = "a/b+c secret 123"


def test_spellings() -> None:
    mask = mask_of([SECRET, "another-secret-456"])
    encoded = base64.b64encode(b"x:" + SECRET.encode()).decode()
    text = f"1 {SECRET} 2 {quote(SECRET)} 3 another-secret-456 4".encode()
    assert mask(text) == b"1 *** 2 *** 3 *** 4"
    assert SECRET.encode() not in base64.b64decode(
        mask(encoded.encode()).replace(b"*", b"") + b"==="
    )
    assert mask(b"nothing") == b"nothing"


def test_nothing_to_mask() -> None:
    assert mask_of([])(b"text") == b"text"
