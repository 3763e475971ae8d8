"""Encodes a form as `curl -F` sends it (multipart/form-data, RFC 7578)."""

from __future__ import annotations

import mimetypes
import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import PurePath

from packager.errors import UsageError

_BINARY = "application/octet-stream"


def encode_form(fields: Sequence[str], read: Callable[[str], bytes]) -> tuple[str, bytes]:
    """Return the content type and the body of a form with `fields`, as curl's option -F has them.

    `read` gives the content of a file by its name. Raises `UsageError` for what is not a field.
    """
    boundary = uuid.uuid4().hex
    body = bytearray()
    for field in fields:
        name, equals, rest = field.partition("=")
        if not equals or not name:
            raise UsageError(
                f"a form's field is NAME=VALUE or NAME=@FILE, not {field!r}",
                hint="for example -F file=@picture.png",
            )
        value, given = _parameters(rest)
        disposition = f'form-data; name="{_quoted(name)}"'
        content_type = given.get("type", "")
        if value.startswith("@"):
            file = value[1:]
            shown = given.get("filename", PurePath(file).name)
            disposition += f'; filename="{_quoted(shown)}"'
            content_type = content_type or mimetypes.guess_type(shown)[0] or _BINARY
            content = read(file)
        elif value.startswith("<"):
            content = read(value[1:])
        else:
            content = os.fsencode(value)
            if "filename" in given:
                disposition += f'; filename="{_quoted(given["filename"])}"'
        head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n"
        if content_type:
            head += f"Content-Type: {content_type}\r\n"
        body += os.fsencode(head + "\r\n") + content + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", bytes(body) + f"--{boundary}--\r\n".encode()


def _parameters(text: str) -> tuple[str, dict[str, str]]:
    """Split `;type=` and `;filename=` off the end of a field's value."""
    given: dict[str, str] = {}
    while True:
        value, semicolon, last = text.rpartition(";")
        name, equals, setting = last.strip().partition("=")
        if not semicolon or not equals or name not in ("type", "filename") or name in given:
            return text, given
        given[name] = setting.strip('"')
        text = value


def _quoted(text: str) -> str:
    """Quote for a parameter in quotes, as browsers do (WHATWG HTML, multipart/form-data)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
