"""Writes bodies of forms with a file: the `multipart/form-data` of RFC 7578."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def form_data(
    fields: Mapping[str, str], filename: str, content: bytes, mimetype: str
) -> tuple[bytes, str]:
    """Return the body of a form whose last field, `file`, is a file, and its content type."""
    boundary = os.urandom(16).hex()
    parts: list[bytes] = []
    for name, value in fields.items():
        parts += [_head(boundary, f'name="{name}"'), value.encode()]
    head = _head(boundary, f'name="file"; filename="{_quoted(filename)}"', mimetype)
    parts += [head, content, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts).removeprefix(b"\r\n"), f"multipart/form-data; boundary={boundary}"


def _head(boundary: str, disposition: str, mimetype: str = "") -> bytes:
    lines = [f"\r\n--{boundary}", f"Content-Disposition: form-data; {disposition}"]
    if mimetype:
        lines.append(f"Content-Type: {' '.join(mimetype.split())}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _quoted(name: str) -> str:
    """Escape a file's name as browsers do (HTML, "multipart form data")."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def file_bytes(content: Any) -> bytes:
    """Return the bytes of a file: of text, of what can be read, as `requests` takes them."""
    if isinstance(content, str):
        return content.encode()
    return bytes(content.read() if hasattr(content, "read") else content)
