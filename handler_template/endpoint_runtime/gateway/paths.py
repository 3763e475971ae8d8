"""Splits an event's path into SCRIPT_NAME and PATH_INFO, so that URLs made of them are public.

Paths are decoded exactly once, by where they come from:

- REST APIs, function URLs and load balancers deliver the path as the client sent it, still
  percent-encoded: it is decoded here.
- HTTP APIs deliver it already decoded, payload 1.0 (`path`) and 2.0 (`rawPath`) alike; a second
  decoding would turn `%2541` into `A`. Sources: live captures in hotsock/voker#8, quoted by
  middleapi/standard-server#93; fastify/aws-lambda-fastify#169 and honojs/hono#2156 show `%2F`
  arriving as `/`; aws/aws-lambda-dotnet#1901 measured the same.

What comes before the group's root (SCRIPT_NAME), on segment boundaries only:

- REST API on its own domain: `/stage`, which `path` lacks and `requestContext.path` has.
- HTTP API: `/stage`, which the path starts with, unless the stage is `$default`.
- A custom domain: its base path, which is in `path` (and in `rawPath`). It is what remains when the
  resource (or the route key) with its path parameters filled in is taken off the end, or what
  `requestContext.customDomain.basePathMatched` says (REST APIs; "(none)" for none).
  localstack/localstack#12296 lists the cases, CodeGenieApp/serverless-express#216 and
  vincentsarago/lambda-proxy#16 the complaints. The `$default` route of an HTTP API tells nothing:
  then only the configured base path helps.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REST = "rest"
HTTP_1 = "http-1.0"
HTTP_2 = "http-2.0"
URL = "url"
ALB = "alb"

_DECODED = (HTTP_1, HTTP_2)


def wsgi(text: str) -> str:
    """Text as WSGI wants it: its UTF-8 bytes, each as one character (PEP 3333)."""
    return text if text.isascii() else text.encode("utf-8").decode("latin-1")


def split_path(
    source: str,
    raw: str,
    event: dict[str, Any],
    context: dict[str, Any],
    domain: str,
    base_path: str,
) -> tuple[str, str]:
    """Return SCRIPT_NAME and PATH_INFO of an event, both decoded, as WSGI strings.

    `raw` is the path as the event has it, `context` the event's `requestContext`, `domain` the host
    the client called, `base_path` the configured one (`""` for none).
    """
    path = raw if "%" not in raw and raw.isascii() else decode(source, raw)
    if path[0] != "/":
        path = "/" + path
    prefix = ""
    if source not in (URL, ALB):
        stage = context.get("stage")
        if stage == "$default":
            if ".execute-api." in domain and not base_path:
                return "", path
        elif (  # as below, of a REST API on its own domain
            source == REST
            and isinstance(stage, str)
            and stage.isascii()
            and context.get("path") == f"/{stage}{raw}"
            and stage
        ):
            return "/" + stage, path
        if not isinstance(stage, str) or not stage or stage == "$default":
            stage = ""
        else:
            stage = "/" + wsgi(stage)
        if source == REST and stage and _stage_is_public(stage, raw, context.get("path"), domain):
            return stage, path
        if ".execute-api." not in domain:
            prefix = _base_path_of(source, event, context, path)
            if "domainName" not in context and prefix != stage:
                prefix = ""  # an event that tells nothing of its domain proves nothing else
        if not prefix and stage and source != REST and starts_with(path, stage):
            prefix = stage
    if not prefix and base_path and starts_with(path, base_path):
        prefix = base_path
    return prefix, path[len(prefix) :] or "/"


def decode(source: str, raw: str) -> str:
    """Decode a path by where it comes from, into a WSGI string."""
    if source in _DECODED or "%" not in raw:
        return wsgi(raw)
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(raw).decode("latin-1")


def starts_with(path: str, prefix: str) -> bool:
    """Whether `prefix` is the whole of `path` or ends where one of its segments does."""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def _stage_is_public(stage: str, raw: str, whole: object, domain: str) -> bool:
    """Whether a REST API's client had the stage in its URL.

    `whole` is `requestContext.path`. Where it has nothing to do with the path (the console's test
    event and `sam local` have the resource there) the domain decides.
    """
    if isinstance(whole, str):
        if whole == stage + raw or (raw == "/" and whole == stage):
            return True
        if whole == raw:
            return False
    return domain.find(".execute-api.") >= 0


def _base_path_of(source: str, event: dict[str, Any], context: dict[str, Any], path: str) -> str:
    """The base path that a custom domain puts before the path, "" for none."""
    route = event.get("routeKey" if source == HTTP_2 else "resource")
    if source == HTTP_2 and isinstance(route, str):
        route = route.partition(" ")[2]
    prefix = _before_route(event, route, path)
    if not prefix:
        custom = context.get("customDomain")
        matched = custom.get("basePathMatched") if isinstance(custom, dict) else None
        if isinstance(matched, str) and matched and starts_with(path, "/" + wsgi(matched)):
            prefix = "/" + wsgi(matched)
    return prefix


def _before_route(event: dict[str, Any], route: object, path: str) -> str:
    """What of `path` lies before a resource or route with its path parameters filled in."""
    if not isinstance(route, str) or route[:1] != "/":
        return ""
    parameters = event.get("pathParameters")
    segments = []
    room = 3 * len(path)  # what is longer is not part of the path, percent-encoded or not
    for segment in route.strip("/").split("/"):
        if segment[:1] == "{" and segment[-1:] == "}":
            value = parameters.get(segment[1:-1].rstrip("+")) if parameters else None
            if not isinstance(value, str):
                return ""
            segment = value.strip("/")
        segments.append(segment)
        room -= len(segment)
        if room < 0:  # parameters that are named again and again could make it of any length
            return ""
    whole = path.rstrip("/")
    filled = "/" + "/".join(segments) if segments != [""] else ""
    # Gateways differ in whether path parameters arrive decoded.
    for tail in (wsgi(filled), decode(URL, filled)):
        if whole.endswith(tail):
            # More slashes than one before the route are the path's own.
            return whole[: len(whole) - len(tail)].rstrip("/")
    return ""
