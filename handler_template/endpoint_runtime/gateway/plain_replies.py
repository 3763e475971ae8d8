"""Makes the reply of a plain response at once; `replies` has the rules, and makes all others.

Plain is a werkzeug Response (no subclass of it), with a body that HTTP allows, whose headers only
need copying: none twice, none that names hops, places, cookies or an encoding, and none that HTTP
does not allow. Every reply that is made here is the one that `replies.reply_of` makes; a property
test says so.
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from endpoint_runtime.gateway.headers import is_field_name
from endpoint_runtime.gateway.paths import ALB
from endpoint_runtime.gateway.replies import HOP_BY_HOP, MAX_REPLY, has_no_body, is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.gateway.replies import BodyTypes

# Names in lower case of headers that need more than copying.
_OTHERS = HOP_BY_HOP | {"content-encoding", "content-location", "set-cookie"}

# Seen before, for the life of the process. Names as they were spelled: in lower case, "" for those
# that need more than copying. Statuses of HTTP. Whether a body of a content type is text, by type
# and the bundle's own types.
_NAMES: dict[str, str] = {}
STATUSES: dict[str, int] = {}  # codes by status lines
_TEXT: dict[tuple[str, BodyTypes], bool] = {}
_MAX_KEPT = 512


def learn_status(response: Response) -> int:
    """Return the status of a werkzeug Response, 0 where HTTP has none such, or no body with it."""
    status, line = response.status_code, response.status
    if not (99 < status < 1000 and line.isprintable()) or has_no_body("", status):
        return 0
    if len(STATUSES) < _MAX_KEPT:
        STATUSES[line] = status
    return status


def plain_reply(
    source: str, response: Response, status: int, body: bytes, types: BodyTypes, is_whole: bool
) -> dict[str, Any] | None:
    """Return the reply to an event from `source`, or None for a response that is not plain.

    `response` is a werkzeug Response, no subclass's, `status` what `learn_status` returned, which
    is not 0. `body` is the response's body, read; it belongs to a response that may have one.
    `is_whole` says that it is a sequence, whose length werkzeug knows.
    """
    if source == ALB or response.autocorrect_location_header:
        return None
    names: dict[str, str] = {}  # as they are spelled, by lower case
    headers: dict[str, str] = {}
    for name, value in response.headers:
        lower = _NAMES.get(name)
        if lower is None:
            lower = _lower(name)
        if not lower or lower in names or not value.isprintable():
            return None
        names[lower] = name
        headers[name] = value
    if "location" in names:
        from endpoint_runtime.gateway.locations import is_plain_location

        if not is_plain_location(headers[names["location"]]):
            return None
    content_type = headers[names["content-type"]] if "content-type" in names else ""
    if "content-length" in names:
        headers[names["content-length"]] = str(len(body))
    elif is_whole and response.automatically_set_content_length:
        headers["Content-Length"] = str(len(body))

    as_text = _TEXT.get((content_type, types))
    if as_text is None:
        as_text = _is_text(content_type, types)
    # A reply that may be too large, one that is binary, bytes that are not text: not here.
    if body and (not as_text or len(body) * 6 > MAX_REPLY - 65536):
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return {"statusCode": status, "headers": headers, "body": text, "isBase64Encoded": False}


def _lower(name: str) -> str:
    lower = name.lower()
    if lower in _OTHERS or not is_field_name(name):
        lower = ""
    if len(_NAMES) < _MAX_KEPT:
        _NAMES[name] = lower
    return lower


def _is_text(content_type: str, types: BodyTypes) -> bool:
    as_text = is_text(content_type, "", types)
    if len(_TEXT) < _MAX_KEPT:
        _TEXT[content_type, types] = as_text
    return as_text
