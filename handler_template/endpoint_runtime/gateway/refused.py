"""What is known of a request that is refused before its route is: for the reply and the log.

Imported for such a request, and by the adapters, which hand none of them to their libraries.
"""

from __future__ import annotations

from endpoint_runtime.gateway.environ import environ_of, http_source_of
from endpoint_runtime.gateway.errors import BodyTooLarge, MalformedEvent
from endpoint_runtime.gateway.odd_events import method_of, path_of
from endpoint_runtime.gateway.paths import decode
from endpoint_runtime.logs.masking import mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST = 200  # characters of a path


def method_and_path(
    event: dict[str, Any], source: str, endpoints: object = None
) -> tuple[str, str]:
    """Return the method of an event, and its path as the log has it; `-` for what can't be read.

    `endpoints` are the bundle's: an address of a managed one is as good as a password.
    """
    try:
        method = method_of(event, source)
    except MalformedEvent:
        method = "-"
    try:
        return method, shown(decode(source, path_of(event, source)), endpoints)
    except ValueError:  # no path, one that is not text
        return method, "-"


def is_readable(event: object, max_body: int) -> bool:
    """Whether an event is an HTTP request that is not answered with 400 or 413 at once."""
    source = http_source_of(event)
    if not source:
        return False
    try:
        environ_of(event, None, source, max_body=max_body)  # type: ignore[arg-type]
    except (MalformedEvent, BodyTooLarge):
        return False
    return True


def shown(path: str, endpoints: object = None) -> str:
    """Return a path, a WSGI string, as a line of the log may hold it, whatever a client sent.

    It is percent-encoded, of a bounded length, and without known secrets; nothing follows `/e/`
    where `endpoints` are managed.
    """
    if endpoints is not None:
        before, managed, _ = path.partition("/e/")
        path = before + managed
    from urllib.parse import quote

    # Before and after: a secret may be spelt either way.
    text = mask(quote(mask(path), safe="/!$&'()*+,:;=@~", encoding="latin-1", errors="replace"))
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."
