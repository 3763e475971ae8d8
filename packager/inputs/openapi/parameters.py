"""Reads how an operation of an OpenAPI document takes parameters, and a key.

Sources: OpenAPI Specification 3.1, "Parameter Object" (styles), "Security Scheme Object".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from packager.inputs.openapi.document import OpenApiFault, resolved
from packager.model.calls import KeyPlace, ParameterForm

_PLACES = ("path", "query", "header", "cookie")
_IGNORED = ("accept", "content-type", "authorization")  # headers that no parameter describes
# By place and style: how lists and objects are written without `explode`, and with it.
_FORMS: Mapping[tuple[str, str], tuple[ParameterForm, ParameterForm]] = {
    ("path", "simple"): ("comma", "pairs"),
    ("header", "simple"): ("comma", "pairs"),
    ("cookie", "form"): ("comma", "comma"),
    ("query", "form"): ("comma", "repeat"),
    ("query", "spaceDelimited"): ("space", "repeat"),
    ("query", "pipeDelimited"): ("pipe", "repeat"),
    ("query", "deepObject"): ("deep", "deep"),
}


def parameters_of(
    document: Mapping[str, Any], given: Iterable[Any]
) -> tuple[tuple[str, str, bool, ParameterForm], ...]:
    """Return name, place, whether it is required, and the form of each parameter.

    The last of a name and a place holds. Raises OpenApiFault.
    """
    found: dict[tuple[str, str], tuple[bool, ParameterForm]] = {}
    for each in given:
        parameter = resolved(document, each)
        name, place = str(parameter.get("name") or ""), str(parameter.get("in"))
        if not name or place not in _PLACES or (place == "header" and name.lower() in _IGNORED):
            continue
        required = place == "path" or parameter.get("required") is True
        found[name, place] = required, _form(name, place, parameter)
    return tuple((name, place, *rest) for (name, place), rest in found.items())


def _form(name: str, place: str, parameter: Mapping[str, Any]) -> ParameterForm:
    if isinstance(parameter.get("content"), dict):
        return "json"
    style = str(parameter.get("style") or ("form" if place in ("query", "cookie") else "simple"))
    forms = _FORMS.get((place, style))
    if forms is None:
        raise OpenApiFault(f"the parameter {name} has the style {style!r}, which tools don't take")
    return forms[bool(parameter.get("explode", style == "form"))]


def security_of(
    document: Mapping[str, Any], operation: Mapping[str, Any]
) -> tuple[KeyPlace, str] | None:
    """Return where an operation takes its one key; None for a bearer token, or nothing at all.

    An `Authorization` that is declared as an API key's header is a bearer's, too: most mean that.
    """
    wanted = operation.get("security", document.get("security"))
    components = resolved(document, document.get("components"))
    schemes = resolved(document, components.get("securitySchemes"))
    for requirement in wanted if isinstance(wanted, list) else ():
        names = list(requirement) if isinstance(requirement, dict) else []
        if len(names) != 1:
            continue
        scheme = resolved(document, schemes.get(names[0]))
        kind, name, place = scheme.get("type"), scheme.get("name"), scheme.get("in")
        if kind == "http" and str(scheme.get("scheme")).lower() == "basic":
            return "basic", ""
        if kind != "apiKey":
            return None
        for known in ("header", "query", "cookie"):
            if place == known and isinstance(name, str) and name and name != "Authorization":
                return known, name
    return None
