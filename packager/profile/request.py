"""Chooses the request that a cold start answers, where none is given."""

from __future__ import annotations

import re
from collections.abc import Sequence

# A parameter of a werkzeug rule: `<name>`, `<int:n>`, `<any(a, b):name>`.
_PARAMETER = re.compile(r"<(?:(\w+)(?:\(([^)]*)\))?:)?\w+>")
_VALUES = {"int": "1", "float": "1.0", "uuid": "00000000-0000-0000-0000-000000000000"}


def default_request(routes: Sequence[tuple[str, str, str]]) -> tuple[str, str]:
    """Return method and target: the first GET without parameters, else the first, else any route.

    `routes` are paths, methods and sources, as a bundle has them. Parameters get a value that
    their converter takes. A trigger provider has no routes: what services send it is posted.
    """
    gets = [path for path, method, _ in routes if method == "GET"]
    plain = [path for path in gets if "<" not in path]
    if plain or gets:
        return "GET", _PARAMETER.sub(_value, (plain or gets)[0])
    for path, method, _ in routes:
        return method, _PARAMETER.sub(_value, path)
    return "POST", "/"


def _value(match: re.Match[str]) -> str:
    converter, arguments = match.groups()
    if converter == "any" and arguments:
        return arguments.split(",")[0].strip().strip("'\"")
    length = re.search(r"(?:length|minlength)=(\d+)", arguments or "")
    return _VALUES.get(converter or "", "x" * int(length[1]) if length else "x")
