"""Matches requests against a group's rules as werkzeug's Map does, without importing it.

Imported for what plain rules leave open: another way down, a converter, a redirect. It follows the
Map's own search (StateMachineMatcher in werkzeug/routing/matcher.py), for rules whose variables
have a segment each, or the rest of the path. A group with any other is the Map's, which costs a
cold start more than all the rest, and so are hosts that are not plain.
"""

from __future__ import annotations

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from werkzeug.routing import Map
    from werkzeug.sansio.response import Response
    from werkzeug.wrappers import Request

    Match = tuple[str, str, dict[str, Any]]

_SAFE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~!$&'()*+,/:;=@"
)
_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}
_WEIGHTS = {"string": 100, "any": 100, "uuid": 100, "int": 50, "float": 50, "path": 200}
_HEX = frozenset("0123456789abcdefABCDEF")
_UUID = [8, 4, 4, 4, 12]


class Redirect(HTTPException):
    """The same request is to be made at another URL: werkzeug's RequestRedirect."""

    code = 308

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.new_url = url

    def get_response(self, *_: object, **__: object) -> Response:  # type: ignore[override]
        """Return werkzeug's page of a redirect."""
        from werkzeug.wrappers import Response

        shown = self.new_url.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
        shown = shown.replace("'", "&#39;").replace('"', "&#34;")
        page = (
            "<!doctype html>\n"
            "<html lang=en>\n"
            "<title>Redirecting...</title>\n"
            "<h1>Redirecting...</h1>\n"
            "<p>You should be redirected automatically to the target URL: "
            f'<a href="{shown}">{shown}</a>. If not, click the link.\n'
        )
        response = Response(page, self.code, mimetype="text/html")
        response.headers["Location"] = self.new_url
        return response


class _SlashRequired(Exception):
    pass


class _Unknown(Exception):
    """Only the Map knows what a rule means."""


class _State:
    """Where rules that begin alike have come to."""

    __slots__ = ("dynamic", "fixed", "rules")

    def __init__(self) -> None:
        self.fixed: dict[str, _State] = {}
        self.dynamic: list[tuple[_Kind, _State]] = []
        self.rules: list[_Rule] = []


class _Kind(tuple):  # type: ignore[type-arg]
    """A converter's name and its arguments."""

    @property
    def weight(self) -> int:
        return _WEIGHTS[self[0]]


class _Rule:
    __slots__ = ("methods", "names", "source", "text")

    def __init__(
        self, text: str, source: str, methods: set[str], names: list[tuple[str, _Kind]]
    ) -> None:
        self.text, self.source, self.methods, self.names = text, source, methods, names


class AllRules:
    """A group's routes (rule, method, source). `known`: none needs the Map."""

    def __init__(self, routes: Sequence[Sequence[str]]) -> None:
        self._root = _State()
        self._routes = routes
        self._map: Map | None = None  # made when a request needs it
        self.known = True
        try:
            parsed = [(_parsed(rule), rule, method.upper(), to) for rule, method, to in routes]
        except _Unknown:
            self.known = False
            return
        heads = {parts[1] for parts, _, method, _ in parsed if method == "HEAD"}
        states = [self._root]
        for (segments, shape), text, method, source in parsed:
            state = self._root
            names: list[tuple[str, _Kind]] = []
            for segment in segments:
                if isinstance(segment, str):
                    following = state.fixed.get(segment)
                    if following is None:
                        following = state.fixed[segment] = _State()
                        states.append(following)
                else:
                    names.append(segment)
                    kind = segment[1]
                    following = next((at for each, at in state.dynamic if each == kind), None)
                    if following is None:
                        following = _State()
                        state.dynamic.append((kind, following))
                        states.append(following)
                state = following
            implied = method == "GET" and shape not in heads
            methods = {"GET", "HEAD"} if implied else {method}
            state.rules.append(_Rule(text, source, methods, names))
        for state in states:
            state.dynamic.sort(key=lambda entry: entry[0].weight)

    def match(self, request: Request, is_plain_host: bool) -> Match:
        """Return the rule of a request, its source, and its values.

        Raises NotFound, MethodNotAllowed or a redirect.
        """
        if not (is_plain_host and self.known):
            return self._match_by_map(request)
        path, method = request.path, request.method
        allowed: set[str] = set()
        for merged in (False, True):
            if merged:
                if "//" not in path:
                    break
                while "//" in path:
                    path = path.replace("//", "/")
            try:
                found = _search(self._root, path[1:].split("/"), [], method, allowed)
            except _SlashRequired:
                raise Redirect(_url(request, path + "/")) from None
            if found is not None:
                if merged:
                    raise Redirect(_url(request, path))
                rule, texts = found
                try:
                    values = {
                        name: _value(kind, text)
                        for (name, kind), text in zip(rule.names, texts, strict=True)
                    }
                except ValueError:
                    break
                return rule.text, rule.source, values
        raise MethodNotAllowed(sorted(allowed)) if allowed else NotFound()

    def _match_by_map(self, request: Request) -> Match:
        from endpoint_runtime.routes.werkzeug_routes import make_map, match

        if self._map is None:
            self._map = make_map(self._routes)
        rule, values = match(self._map, request)
        return rule.rule, rule.endpoint, values


def _search(
    state: _State, parts: list[str], values: list[str], method: str, allowed: set[str]
) -> tuple[_Rule, list[str]] | None:
    if not parts:
        for rule in state.rules:
            if method in rule.methods:
                return rule, values
            allowed |= rule.methods
        slash = state.fixed.get("")
        if slash is not None and any(method in rule.methods for rule in slash.rules):
            raise _SlashRequired
        return None
    part, rest = parts[0], parts[1:]
    if part in state.fixed:
        found = _search(state.fixed[part], rest, values, method, allowed)
        if found is not None:
            return found
    for kind, following in state.dynamic:
        target = "/".join(parts) if kind[0] == "path" else part
        if _takes(kind, target):
            left = [] if kind[0] == "path" else rest
            found = _search(following, left, [*values, target], method, allowed)
            if found is not None:
                return found
    return None


def _takes(kind: _Kind, text: str) -> bool:
    """Whether a converter's pattern matches the whole of `text`."""
    name = kind[0]
    if name == "int":
        return text.isdecimal()
    if name == "float":
        whole, _, fraction = text.partition(".")
        return whole.isdecimal() and fraction.isdecimal()
    if name == "any":
        return text in kind[1]
    if name == "path":
        return text[:1] not in ("", "/") and "\n" not in text[1:]
    if name == "uuid":
        parts = text.split("-")
        return [*map(len, parts)] == _UUID and all(_HEX.issuperset(part) for part in parts)
    return text != ""


def _value(kind: _Kind, text: str) -> Any:
    """Return what an endpoint gets. Raises ValueError for a number of too many digits."""
    name = kind[0]
    if name == "int":
        return int(text)
    if name == "float":
        return float(text)
    if name == "uuid":
        from uuid import UUID

        return UUID(text)
    return text


def _parsed(rule: str) -> tuple[list[str | tuple[str, _Kind]], str]:
    """Return a rule's segments, and the rule without its variables' names. Raises `_Unknown`."""
    while "//" in rule:
        rule = rule.replace("//", "/")
    if rule[:1] != "/":
        raise _Unknown
    segments: list[str | tuple[str, _Kind]] = []
    shape = ""
    seen = set()
    texts = rule[1:].split("/")
    for index, text in enumerate(texts):
        if not any(each in text for each in "<>|"):
            segments.append(text)
            shape += f"/{text}"
            continue
        converter, colon, name = text[1:-1].rpartition(":")
        if text[0] != "<" or text[-1] != ">" or not (name.isascii() and name.isidentifier()):
            raise _Unknown
        kind = _kind(converter if colon else "string")
        if name in seen or (kind[0] == "path" and index != len(texts) - 1):
            raise _Unknown
        seen.add(name)
        segments.append((name, kind))
        shape += "/<>" if kind[0] == "string" else f"/<{converter}:>"
    return segments, shape


def _kind(converter: str) -> _Kind:
    name, parenthesis, arguments = converter.partition("(")
    if name == "any" and arguments[-1:] == ")":
        items = tuple(item.strip(" ") for item in arguments[:-1].split(","))
        if all(map(_is_word, items)):
            return _Kind(("any", items))
    elif not parenthesis and name in _WEIGHTS and name != "any":
        return _Kind((name,))
    elif converter == "default":
        return _Kind(("string",))
    raise _Unknown


def _is_word(item: str) -> bool:
    """Whether an argument of `any` is itself: some words are constants or numbers."""
    if not item.isascii() or not item.isidentifier() or item in ("None", "True", "False"):
        return False
    try:
        float(item)
    except ValueError:
        return True
    return False


def _url(request: Request, path: str) -> str:
    """Return the URL of another path, as MapAdapter.match and make_redirect_url make it."""
    if not _SAFE.issuperset(path):
        from urllib.parse import quote

        path = quote(path, safe="!$&'()*+,/:;=@")
    host = request.headers["Host"].removesuffix(_PORTS.get(request.scheme, " ")).lower()
    prefix = request.root_path.strip("/")
    url = f"{request.scheme or 'http'}://{host}/{prefix and prefix + '/'}{path.lstrip('/')}"
    query = request.query_string.decode("latin-1")
    return f"{url}?{query}" if query else url
