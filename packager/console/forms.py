"""Reads the forms that the console's own pages send."""

from __future__ import annotations

import hmac
import io
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from werkzeug.exceptions import HTTPException as Refused
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from packager.console.pages import pages_of
from packager.dataclass import dataclass
from packager.local.form_data import Part, guessed_type

TOKEN_FIELD = "form"  # noqa: S105 - the name of a field
MOST_BYTES = 16 * 1024 * 1024
_MOST_FIELDS = 2000
_PLAIN, _WITH_FILES = "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, each as often as it was sent, and the files that were chosen in it."""

    fields: tuple[tuple[str, str], ...]
    files: tuple[Part, ...] = ()

    def text(self, name: str, default: str = "") -> str:
        """Return the first value of a field, with line breaks as files have them."""
        for field, value in self.fields:
            if field == name:
                return value.replace("\r\n", "\n")
        return default

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return [value for field, value in self.fields if field == name]

    def has(self, name: str) -> bool:
        """Return whether there is such a field."""
        return any(field == name for field, _ in self.fields)


async def read_form(request: Request) -> Form:
    """Return what a page of this console has sent; refuse what any other page could have."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind.lower() not in (_PLAIN, _WITH_FILES):
        raise HTTPException(415, "expected a form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "the form is too large")
    read = _plain if kind.lower() == _PLAIN else _with_files
    try:
        form = read(bytes(body), options)
    except (ValueError, Refused):
        raise HTTPException(400, "the form can't be read") from None
    token = pages_of(request).console.form_token
    if not hmac.compare_digest(form.text(TOKEN_FIELD).encode(), token.encode()):
        raise HTTPException(403, "the page is of an earlier run: load it again, then repeat this")
    return form


def _plain(body: bytes, options: dict[str, str]) -> Form:
    text = body.decode("ascii")
    return Form(tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)))


def _with_files(body: bytes, options: dict[str, str]) -> Form:
    parser = FormDataParser(
        max_form_memory_size=MOST_BYTES, max_form_parts=_MOST_FIELDS, silent=False
    )
    _, fields, files = parser.parse(io.BytesIO(body), _WITH_FILES, len(body), options)
    parts = []
    for name, file in files.items(multi=True):
        if file.filename:  # else none was chosen
            kind = file.mimetype or guessed_type(file.filename)
            parts.append(Part(name, file.read(), file.filename, kind))
        file.close()
    return Form(tuple(fields.items(multi=True)), tuple(parts))
