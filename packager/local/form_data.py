"""Encodes a form as `curl -F` sends it (multipart/form-data, RFC 7578)."""

from __future__ import annotations

import mimetypes
import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import PurePath

from packager.dataclass import dataclass
from packager.errors import UsageError

_BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a form: a file where it has a `filename`, which may be empty."""

    name: str
    content: bytes
    filename: str | None = None
    content_type: str = ""


def encode_parts(parts: Sequence[Part]) -> tuple[str, bytes]:
    """Return the content type and the body of a form."""
    boundary = uuid.uuid4().hex
    body = bytearray()
    for part in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(part.name)}"'
        if part.filename is not None:
            head += f'; filename="{_quoted(part.filename)}"'
        if part.content_type:
            head += f"\r\nContent-Type: {part.content_type}"
        body += os.fsencode(head + "\r\n\r\n") + part.content + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", bytes(body) + f"--{boundary}--\r\n".encode()


def encode_form(fields: Sequence[str], read: Callable[[str], bytes]) -> tuple[str, bytes]:
    """Return the content type and the body of a form with `fields`, as curl's option -F has them.

    `read` gives the content of a file by its name. Raises `UsageError` for what is not a field.
    """
    return encode_parts([_part(field, read) for field in fields])


def guessed_type(filename: str) -> str:
    """Return the type that a file of that name probably has."""
    return mimetypes.guess_type(filename)[0] or _BINARY


def _part(field: str, read: Callable[[str], bytes]) -> Part:
    name, equals, rest = field.partition("=")
    if not equals or not name:
        raise UsageError(
            f"a form's field is NAME=VALUE or NAME=@FILE, not {field!r}",
            hint="for example -F file=@picture.png",
        )
    value, given = _parameters(rest)
    content_type = given.get("type", "")
    if value.startswith("@"):
        shown = given.get("filename", PurePath(value[1:]).name)
        return Part(name, read(value[1:]), shown, content_type or guessed_type(shown))
    if value.startswith("<"):
        return Part(name, read(value[1:]), None, content_type)
    return Part(name, os.fsencode(value), given.get("filename"), content_type)


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
