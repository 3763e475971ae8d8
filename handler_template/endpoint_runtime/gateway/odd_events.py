"""What is looked at in an event that is not as nearly all are; `environ` has the rest."""

from __future__ import annotations

from endpoint_runtime.gateway.errors import MalformedEvent
from endpoint_runtime.gateway.paths import HTTP_2, URL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def method_of(event: dict[str, Any], source: str) -> str:
    """Return the method of an event, in upper case as werkzeug has it. Raises `MalformedEvent`.

    It is never guessed: payload 1.0 and load balancers have it in `httpMethod`. So has what is
    otherwise payload 2.0 where that is the one place that says it, or says the same.
    """
    method = event.get("httpMethod")
    if source in (HTTP_2, URL):
        details = event.get("requestContext")
        http = details.get("http") if isinstance(details, dict) else None
        stated = http.get("method") if isinstance(http, dict) else None
        if stated is not None:
            if method is not None and method != stated:
                raise MalformedEvent("the event has two methods that differ")
            method = stated
    if method is None or method == "":
        raise MalformedEvent("the event has no method")
    if not isinstance(method, str):
        raise MalformedEvent("the event's method is not a string")
    return method.upper()


def path_of(event: dict[str, Any], source: str) -> str:
    """Return the path of an event as it came. Raises `MalformedEvent` for one without."""
    if source in (HTTP_2, URL):
        path = event.get("rawPath")
        if path is None or path == "":
            details = event.get("requestContext")
            http = details.get("http") if isinstance(details, dict) else None
            path = (http.get("path") if isinstance(http, dict) else None) or path
    else:
        path = event.get("path")
    if path is None:
        raise MalformedEvent("the event has no path")
    if not isinstance(path, str):
        raise MalformedEvent("the event's path is not a string")
    return path or "/"


def lacks_method(event: dict[str, Any], context: dict[str, Any]) -> bool:
    """Whether an event is a request of payload 1.0, or a load balancer's, but for its method."""
    return "elb" in context or (
        "path" in event and ("resource" in event or "resourcePath" in context)
    )


def is_payload_1(event: dict[str, Any], context: dict[str, Any]) -> bool:
    """Whether an event with keys of both payloads is one of the older: its version decides.

    Without one it is what it has the method of.
    """
    if "elb" in context:
        return True
    version, http = event.get("version"), context.get("http")
    if version == "2.0" or (version != "1.0" and isinstance(http, dict) and "method" in http):
        return False
    return "path" in event


def forwarded_for(event: dict[str, Any]) -> str:
    """A load balancer's X-Forwarded-For, its values joined in order."""
    values: list[str] = []
    for headers in (event.get("multiValueHeaders"), event.get("headers")):
        for name, value in headers.items() if headers and not values else ():
            if name.lower() == "x-forwarded-for":
                values += value if isinstance(value, list) else [value]
    return ", ".join(value for value in values if isinstance(value, str))


def last_hop(forwarded: str) -> str:
    """The address that a load balancer appended to X-Forwarded-For, without a port."""
    address = forwarded.rpartition(",")[2].strip()
    if address[:1] == "[":
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
