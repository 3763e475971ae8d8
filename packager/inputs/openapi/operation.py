"""Reads one operation of an HTTP API from its OpenAPI document (OpenAPI Specification 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from packager.inputs.openapi.document import OpenApiDocument, OpenApiFault, resolved
from packager.inputs.openapi.parameters import parameters_of, security_of
from packager.inputs.suggestions import did_you_mean
from packager.model.calls import Operation, OperationName

_METHODS = ("get", "put", "post", "delete", "patch")
_BODIES = ("application/json", "application/x-www-form-urlencoded")
_ANY_BODY = ("*/*", "application/*")


def read_operation(source: OpenApiDocument, name: OperationName) -> Operation:
    """Return the operation that a name is of, by its `operationId`. Raises OpenApiFault."""
    document, wanted = source.content, name.wanted
    operations = dict(_operations(document))
    there_are = f"there are: {', '.join(list(operations)[:20]) or 'none'}"
    if wanted is None:
        if len(operations) != 1:
            raise OpenApiFault("say which operation is meant", there_are)
        wanted = next(iter(operations))
    if wanted not in operations:
        hint = did_you_mean(wanted, operations) or there_are
        raise OpenApiFault(f"the document has no operation {wanted!r}", hint)
    method, path, item, operation = operations[wanted]
    url = name.base_url or _server((operation, item, document), source.url)
    shared = item.get("parameters")
    many = [*(shared if isinstance(shared, list) else ()), *(operation.get("parameters") or ())]
    parameters, security = parameters_of(document, many), security_of(document, operation)
    if security and security[0] == "cookie":
        if any(place == "cookie" and each != security[1] for each, place, *_ in parameters):
            raise OpenApiFault("the operation takes cookies beside the key's, which is too much")
        parameters = tuple(each for each in parameters if each[1] != "cookie")
    return Operation(
        url=url.rstrip("/"),
        method=method.upper(),
        path=path,
        parameters=parameters,
        body=_body(document, operation),
        security=security,
    )


def _operations(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]]:
    """Yield each operation by its id, or else its method and path, as Dify names it then."""
    for path, item in document["paths"].items():
        found = resolved(document, item)
        for method in _METHODS:
            operation = found.get(method)
            if isinstance(operation, dict):
                name = operation.get("operationId") or f"{method.upper()} {path}"
                yield str(name), (method, str(path), found, operation)


def _server(places: tuple[Mapping[str, Any], ...], at: str) -> str:
    """Return the first server's URL; one without a host is of the server that has the document.

    The first of the `places` that names servers holds; where none does, it is that server's root
    (OpenAPI Specification 3, "servers").
    """
    named = [each["servers"] for each in places if each.get("servers")]
    servers = named[0] if named else None
    first = servers[0] if isinstance(servers, list) else {}
    url = str(first.get("url", "")) if isinstance(first, dict) else ""
    variables = first.get("variables") if isinstance(first, dict) else None
    for name, each in variables.items() if isinstance(variables, dict) else ():
        if isinstance(each, dict):
            url = url.replace("{" + str(name) + "}", str(each.get("default", "")))
    try:
        url = urljoin(at, url or "/") if at else url
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or "{" in url:
        raise OpenApiFault(
            "the document says no server's URL",
            'say it: base_url = "https://api.example.com"',
        )
    return url


def _body(
    document: Mapping[str, Any], operation: Mapping[str, Any]
) -> tuple[str, tuple[str, ...] | None] | None:
    held = resolved(document, operation.get("requestBody") or {}).get("content")
    if not isinstance(held, dict) or not held:
        return None
    kinds = {str(each).partition(";")[0].strip().lower(): each for each in held}
    named = [each for each in kinds if each in _BODIES or each.endswith("+json")]
    named += [each for each in kinds if each in _ANY_BODY]
    if not named:
        raise OpenApiFault(f"the operation takes no JSON and no form, but {', '.join(kinds)}")
    kind = named[0]
    schema = resolved(document, resolved(document, held[kinds[kind]]).get("schema") or {})
    properties = _properties(document, schema, set())
    return (_BODIES[0] if kind in _ANY_BODY else kind), tuple(properties) or None


def _properties(
    document: Mapping[str, Any], schema: Mapping[str, Any], seen: set[int]
) -> dict[str, None]:
    """Return the names of a schema's properties; `seen` are schemas that were looked at."""
    seen.add(id(schema))
    names = schema.get("properties")
    found = dict.fromkeys(map(str, names if isinstance(names, dict) else ()))
    for part in ("allOf", "anyOf", "oneOf"):
        for each in schema.get(part) or ():
            inner = resolved(document, each)
            if id(inner) not in seen:
                found |= _properties(document, inner, seen)
    return found
