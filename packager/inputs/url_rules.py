"""Checks the paths of endpoints as werkzeug rules, and that no two routes of a group are one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packager.errors import Diagnostics, Place
from packager.inputs.suggestions import did_you_mean
from packager.model.plugin import Endpoint, EndpointGroup

if TYPE_CHECKING:
    from packager.inputs.recording_rule import RecordingRule

# Paths that werkzeug takes for certain; two of them are one route if they differ in the names of
# their variables alone.
_PLAIN = re.compile(r"/|(?:/(?:[A-Za-z0-9._~-]+|<[a-z][a-z0-9_]*>))+/?")
# <name> or <converter(arguments):name>, as werkzeug reads it.
_VARIABLE = re.compile(
    r"<(?:(?P<converter>[A-Za-z_]\w*)(?:\(.*?\))?:)?(?P<name>[A-Za-z_]\w*)>", re.ASCII
)
MAX_PATH = 2048  # characters; to read a rule takes time that grows with their square
_BLANKS = re.compile(r"\s{9}")  # with their cube
# Variables as others write them: Rails and Express, API Gateway and OpenAPI.
_FOREIGN = re.compile(r"(?<=/):(?P<colon>[A-Za-z_]\w*)|\{(?P<brace>[A-Za-z_]\w*)\+?\}", re.ASCII)
_FORM = "a variable is <name> or <converter:name>; a name is letters, digits and _"


def check_rules(group: EndpointGroup, diagnostics: Diagnostics) -> None:
    """Note every path of `group` that is not a werkzeug rule, and every route declared twice."""
    first: dict[tuple[str, object], Endpoint] = {}
    plain = all(is_plain(endpoint.path) for endpoint in group.endpoints)
    for endpoint in group.endpoints:
        if plain:
            shape: object = _VARIABLE.sub("<>", endpoint.path)
        else:
            rule = _read_rule(endpoint.path, endpoint.method, endpoint.path_place, diagnostics)
            if rule is None:
                continue
            _warn_of_foreign(endpoint, diagnostics)
            shape = _shape(rule)
        other = first.setdefault((endpoint.method, shape), endpoint)
        if other is not endpoint:
            diagnostics.error(
                "duplicate",
                f"the route {endpoint.method} {endpoint.path} is declared twice; "
                f"first at {other.path_place}"
                + (f" as {other.path}" if other.path != endpoint.path else ""),
                endpoint.path_place,
                key="path",
                hint="only the first could ever be reached; remove one or change its path",
            )


def _warn_of_foreign(endpoint: Endpoint, diagnostics: Diagnostics) -> None:
    """Warn of a variable that werkzeug takes as it is written; a published plugin means that."""
    found = _FOREIGN.search(_VARIABLE.sub("", endpoint.path))
    if found:
        name = found["colon"] or found["brace"]
        diagnostics.warn(
            "literal-variable",
            f"{found[0]} is not a variable: only a URL with these very characters is answered",
            endpoint.path_place,
            key="path",
            hint=f"a variable is written <{name}>",
        )


def check_path(path: str, place: Place, diagnostics: Diagnostics) -> None:
    """Note a path that is not a werkzeug rule, of an endpoint that is faulty in other ways, too."""
    if not is_plain(path):
        _read_rule(path, "GET", place, diagnostics)


def is_rule(path: str, method: str) -> bool:
    """Whether werkzeug takes `path` as a rule, and any request to match it against."""
    return is_plain(path) or _read_rule(path, method, Place(""), Diagnostics()) is not None


def is_plain(path: str) -> bool:
    """Whether a path is a rule at first sight, so that werkzeug needs not be asked."""
    if len(path) > MAX_PATH or not _PLAIN.fullmatch(path):  # first: finding variables takes longer
        return False
    names = [found["name"] for found in _VARIABLE.finditer(path)]
    return len(names) == len({*names})


def _read_rule(
    path: str, method: str, place: Place, diagnostics: Diagnostics
) -> RecordingRule | None:
    from packager.inputs.recording_rule import RecordingRule

    if len(path) > MAX_PATH:
        diagnostics.error(
            "invalid-path",
            f"the path has {len(path)} characters; at most {MAX_PATH} are possible",
            place,
            key="path",
        )
        return None
    if _BLANKS.search(path):
        diagnostics.error(
            "invalid-path", "the path holds many blanks in a row; expected none", place, key="path"
        )
        return None
    try:
        rule = RecordingRule(path, method)
        rule.bind_alone()
    except Exception as error:  # a rule can make werkzeug, re or a converter raise anything
        _explain(path, place, error, diagnostics)
        return None
    return rule


def _shape(rule: RecordingRule) -> object:
    """Return what a rule matches: equal for two rules that differ in their variables' names
    only."""
    static = _VARIABLE.sub("<>", re.sub("/{2,}", "/", rule.rule))  # as merge_slashes does
    converters = []
    for converter in rule.converters.values():
        state = {key: value for key, value in vars(converter).items() if key != "map"}
        converters.append((type(converter), converter.regex, repr(sorted(state.items()))))
    return static, tuple(converters)


def _explain(path: str, place: Place, error: Exception, diagnostics: Diagnostics) -> None:
    from packager.inputs.recording_rule import CONVERTERS

    hint: str | None = None
    variables = list(_VARIABLE.finditer(path))
    names = [variable["name"] for variable in variables]
    converters = [variable["converter"] for variable in variables if variable["converter"]]
    unknown = next((name for name in converters if name not in CONVERTERS), None)
    if not path.startswith("/"):
        problem = f"{path!r} does not start with /; expected a URL path such as /{path}"
    elif isinstance(error, LookupError) and unknown:
        problem = f"there is no converter {unknown!r}; expected one of {', '.join(CONVERTERS)}"
        hint = did_you_mean(unknown, CONVERTERS)
    elif isinstance(error, SyntaxError) and len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        problem = f"the variable {twice!r} occurs twice in {path}; expected different names"
    elif isinstance(error, ValueError) and str(error).startswith("malformed"):
        problem = f"{path!r} is not a werkzeug rule; expected < and > around each variable"
        hint = _FORM
    else:
        why = error.msg if isinstance(error, re.error) else error
        problem = f"{path!r} is not a werkzeug rule: {why}"
        hint = "see URL Routing in werkzeug's documentation"
    diagnostics.error("invalid-path", problem, place, key="path", hint=hint)
