"""Reads the forms that the console's own pages send."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from packager.console.pages import pages_of

TOKEN_FIELD = "form"  # noqa: S105 - the name of a field
MOST_BYTES = 16 * 1024 * 1024
_MOST_FIELDS = 2000
_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, each as often as it was sent."""

    fields: tuple[tuple[str, str], ...]

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
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415, "expected a form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "the form is too large")
    try:
        fields = parse_qsl(
            bytes(body).decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise HTTPException(400, "the form can't be read") from None
    form = Form(tuple(fields))
    token = pages_of(request).console.form_token
    if not hmac.compare_digest(form.text(TOKEN_FIELD).encode(), token.encode()):
        raise HTTPException(403, "the page is of an earlier run: load it again, then repeat this")
    return form
