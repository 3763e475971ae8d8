"""Matches requests against the routes of the group with werkzeug's own rules.

Imported for what `plain_routes` leaves open.
"""

from __future__ import annotations

from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Map, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from werkzeug.wrappers import Request


def make_map(routes: Iterable[Sequence[str]]) -> Map:
    """Make ONE map of all routes (rule, method, source), as the reference implementation does.

    A rule's endpoint is its source. A GET rule answers HEAD too, unless a HEAD endpoint is
    declared for the same path, wherever it stands.
    """
    routes = [*routes]
    heads = {_shape(path) for path, method, _ in routes if method == "HEAD"}
    rules = []
    for path, method, source in routes:
        rule = Rule(path, methods=[method], endpoint=source)
        if method == "GET" and rule.methods and heads and _shape(path) in heads:
            rule.methods = {"GET"}
        rules.append(rule)
    return Map(rules)


def match(url_map: Map, request: Request) -> tuple[Rule, dict[str, Any]]:
    """Find the rule of a request and its values.

    Raises werkzeug's NotFound, MethodNotAllowed or RequestRedirect (an absolute, public URL).
    `request.path` has one leading slash however many came, so `//a` matches `/a`. An `Upgrade`
    header changes nothing: a WebSocket can't reach a function this way.
    """
    adapter = url_map.bind(
        request.host,
        request.root_path,
        None,
        request.scheme,
        request.method,
        request.path,
        request.query_string.decode("latin-1"),
    )
    try:
        rule, values = adapter.match(return_rule=True)
    except MethodNotAllowed as fault:
        fault.valid_methods = sorted(fault.valid_methods or ())  # werkzeug keeps them in a set
        raise
    return rule, {**values}


def _shape(path: str) -> str:
    """A rule without its variables' names: `/<a>` and `/<string:b>` match the same requests."""
    import re

    path = re.sub(r"<(?:string|default):", "<", re.sub("/{2,}", "/", path))
    return re.sub(r"(?<=[<:])[a-zA-Z_][a-zA-Z0-9_]*(?=>)", "", path)
