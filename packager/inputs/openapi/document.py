"""Reads and fetches OpenAPI documents (OpenAPI Specification 3), and the references in them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from packager.dataclass import dataclass
from packager.inputs.fetched import FetchFault, fetch

_MAX_SIZE = 20 << 20  # bytes
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


def _parsed(content: bytes) -> Mapping[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # JSON is YAML; what it loads is plain data.
        found = yaml.load(content, Loader=loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        raise OpenApiFault("is neither YAML nor JSON") from None
    if isinstance(found, dict) and "swagger" in found:
        raise OpenApiFault("is of Swagger 2", "expected OpenAPI 3: converters are at hand")
    if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
        raise OpenApiFault("is not an OpenAPI document: it has no paths")
    return found


def resolved(document: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
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
        for part in unquote(reference[2:]).split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            place = place.get(part) if isinstance(place, dict) else None
        value = place
    return {}
