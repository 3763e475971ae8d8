"""Reads one operation of an HTTP API from its OpenAPI document (OpenAPI Specification 3)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml

from packager.inputs.fetched import FetchFault, fetch
from packager.inputs.suggestions import did_you_mean
from packager.model.calls import Operation, OperationName

_METHODS = ("get", "put", "post", "delete", "patch")
_PLACES = ("path", "query", "header")
_MAX_SIZE = 20 << 20  # bytes
_BODIES = ("application/json", "application/x-www-form-urlencoded")
_DEEPEST = 20  # references that lead to each other
_KEPT = 60.0  # seconds that what was fetched, or could not be, is taken for what it is


class OpenApiFault(Exception):
    """A document is not one, or has no such operation; `hint` says what there is."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class OpenApiDocument:
    """A document, and the URL that it was fetched from, "" for a file's."""

    content: Mapping[str, Any]
    url: str = ""


_fetched: dict[str, tuple[float, OpenApiDocument | OpenApiFault]] = {}


def read_document(file: Path) -> OpenApiDocument:
    """Return the document that a file holds. Raises OpenApiFault."""
    try:
        if file.stat().st_size > _MAX_SIZE:
            raise OpenApiFault(f"the document has more than {_MAX_SIZE} bytes")
        return OpenApiDocument(_parsed(file.read_bytes()))
    except OSError as fault:
        raise OpenApiFault(f"can't be read: {fault.strerror}") from None


def fetch_document(url: str) -> OpenApiDocument:
    """Return the document at a URL, fetched once for all tools of it. Raises OpenApiFault."""
    at, held = _fetched.get(url, (0.0, None))
    if held is None or time.monotonic() - at > _KEPT:
        try:
            found = fetch(url, _MAX_SIZE)
            held = OpenApiDocument(_parsed(found.content), found.url)
        except FetchFault as fault:
            held = OpenApiFault(str(fault), "a copy in the plugin's folder will do, by its path")
        except OpenApiFault as fault:
            held = fault
        _fetched[url] = time.monotonic(), held
    if isinstance(held, OpenApiFault):
        raise OpenApiFault(str(held), held.hint)
    return held


def read_operation(source: OpenApiDocument, name: OperationName) -> Operation:
    """Return the operation that a name is of, by its `operationId`. Raises OpenApiFault."""
    document, wanted = source.content, name.wanted
    operations = dict(_operations(document))
    if wanted is None:
        if len(operations) != 1:
            names = ", ".join(list(operations)[:20]) or "none"
            raise OpenApiFault("say which operation is meant", f"there are: {names}")
        wanted = next(iter(operations))
    if wanted not in operations:
        names = ", ".join(list(operations)[:20]) or "none"
        hint = did_you_mean(wanted, operations) or f"there are: {names}"
        raise OpenApiFault(f"the document has no operation {wanted!r}", hint)
    method, path, shared, operation = operations[wanted]
    url = name.base_url or _server(document, source.url)
    found = [_resolved(document, each) for each in (*shared, *(operation.get("parameters") or ()))]
    parameters = {
        (str(each.get("name")), str(each.get("in"))): each.get("required") is True
        for each in found
        if each.get("in") in _PLACES and each.get("name")
    }
    return Operation(
        url=url.rstrip("/"),
        method=method.upper(),
        path=path,
        parameters=tuple((name, place, must) for (name, place), must in parameters.items()),
        body=_body(document, operation),
    )


def _parsed(content: bytes) -> Mapping[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # JSON is YAML; what it loads is plain data.
        found = yaml.load(content, Loader=loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        raise OpenApiFault("is neither YAML nor JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
        raise OpenApiFault("is not an OpenAPI document: it has no paths")
    return found


def _operations(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, tuple[str, str, list[Any], Mapping[str, Any]]]]:
    """Yield each operation by its id, or else its method and path, as Dify names it then."""
    for path, item in document["paths"].items():
        found = _resolved(document, item)
        shared = found.get("parameters")
        for method in _METHODS:
            operation = found.get(method)
            if isinstance(operation, dict):
                name = operation.get("operationId") or f"{method.upper()} {path}"
                many = shared if isinstance(shared, list) else []
                yield str(name), (method, str(path), many, operation)


def _server(document: Mapping[str, Any], at: str) -> str:
    """Return the first server's URL; one without a host is of the server that has the document.

    Where a document says none, it is that server's root (OpenAPI Specification 3, "servers").
    """
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else {}
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
    held = _resolved(document, operation.get("requestBody") or {}).get("content")
    if not isinstance(held, dict) or not held:
        return None
    kind = next((each for each in held if str(each).partition(";")[0] in _BODIES), None)
    if kind is None:
        raise OpenApiFault(f"the operation takes no JSON and no form, but {', '.join(held)}")
    schema = _resolved(document, _resolved(document, held[kind]).get("schema") or {})
    properties = _properties(document, schema, 0)
    return str(kind).partition(";")[0], tuple(properties) or None


def _properties(
    document: Mapping[str, Any], schema: Mapping[str, Any], depth: int
) -> dict[str, None]:
    names = schema.get("properties")
    found = dict.fromkeys(map(str, names if isinstance(names, dict) else ()))
    for part in ("allOf", "anyOf", "oneOf"):
        for each in schema.get(part) or () if depth < _DEEPEST else ():
            found |= _properties(document, _resolved(document, each), depth + 1)
    return found


def _resolved(document: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """Return what a value, or the reference that it is, stands for."""
    for _ in range(_DEEPEST):
        if not isinstance(value, dict):
            return {}
        if "$ref" not in value:
            return value
        place: Any = document
        reference = str(value["$ref"])
        if not reference.startswith("#/"):
            raise OpenApiFault(f"the reference {reference!r} leaves the document")
        for part in reference[2:].split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            place = place.get(part) if isinstance(place, dict) else None
        value = place
    return {}
