"""Matches requests against plain rules, sooner than werkzeug's Map and without importing it.

A plain rule is made of fixed segments and of `<x>` or `<string:x>`, each a segment of its own. The
Map (StateMachineMatcher in werkzeug/routing/matcher.py) goes depth first, segment by segment, fixed
before variable, the rules of one place as they were declared. `find` is its first way down: where
that ends at a rule, the Map would end there too. `refusal` goes all its ways and says where none
ends at a rule. Whatever else may come of a request (another way down, a redirect, a rule with
another converter that might go first) is left to the Map.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Hosts found to be plain, for the life of the process: a function has few.
HOSTS: set[str] = set()
_MOST_HOSTS = 64


class Route:
    """One endpoint's rule, its source, and the names of its variables in order."""

    __slots__ = ("names", "rule", "source")

    def __init__(self, rule: str, source: str, names: tuple[str, ...] = ()) -> None:
        self.rule, self.source, self.names = rule, source, names


class _Node:
    """Where rules that begin alike have come to. `unsure`: one goes on that is not plain."""

    __slots__ = ("fixed", "routes", "unsure", "variable")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.routes: dict[str, Route] = {}  # by method
        self.unsure = False


class PlainRoutes:
    """The plain ones of a group's routes (rule, method, source)."""

    def __init__(self, routes: Iterable[Sequence[str]]) -> None:
        self._root = _Node()
        self._whole: dict[str, dict[str, Route]] = {}  # of rules without variables, by path
        self._places = {"": self._root}  # what fixed segments alone lead to, by path
        places = [self._root]
        for rule, method, source in routes:
            self._add(rule, method.upper(), source, places)
        for place in places:
            if "GET" in place.routes:  # an explicit HEAD goes before GET's implied one
                place.routes.setdefault("HEAD", place.routes["GET"])

    def _add(self, rule: str, method: str, source: str, places: list[_Node]) -> None:
        path = rule
        while "//" in path:  # as the Map merges them in rules
            path = path.replace("//", "/")
        names: list[str] = []
        place, head = self._root, ""
        for segment in path[1:].split("/"):
            name = _variable(segment)
            if name == "" or name in names or path[0] != "/":
                place.unsure = True
                return
            if name is None:
                following = place.fixed.get(segment)
            else:
                following = place.variable
                names.append(name)
            if following is None:
                following = _Node()
                places.append(following)
                if name is None:
                    place.fixed[segment] = following
                    if not names:
                        self._places[f"{head}/{segment}"] = following
                else:
                    place.variable = following
            place, head = following, f"{head}/{segment}"
        place.routes.setdefault(method, Route(rule, source, tuple(names)))
        if not names:
            self._whole[path] = place.routes

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route that `path` (decoded, one slash in front) matches, and its values.

        None where only the Map can tell.
        """
        routes = self._whole.get(path)
        if routes is not None:
            route = routes.get(method)
            return None if route is None else (route, {})
        # Most have their one variable at the end.
        head, _, segment = path.rpartition("/")
        last = self._places.get(head)
        if last is not None and segment and segment not in last.fixed:
            if last.variable is None or last.unsure:
                return None
            route = last.variable.routes.get(method)
            return None if route is None else (route, {route.names[0]: segment})
        place = self._root
        values = []
        for segment in path[1:].split("/"):
            following = place.fixed.get(segment)
            if following is None:
                following = place.variable
                if following is None or place.unsure or not segment:
                    return None
                values.append(segment)
            place = following
        route = place.routes.get(method)
        if route is None:
            return None
        names = route.names
        if len(names) == 1:
            return route, {names[0]: values[0]}
        return route, dict(zip(names, values))  # noqa: B905 - as many, by the way here

    def refusal(self, method: str, path: str) -> set[str] | None:
        """Return the methods that `path` may be asked with instead, none for a path of no route.

        None where there may be a match or a redirect, which is for the Map to say.
        """
        if "//" in path:  # may be redirected
            return None
        places = [self._root]
        for segment in path[1:].split("/"):
            following = []
            for place in places:
                if place.unsure:
                    return None
                if segment in place.fixed:
                    following.append(place.fixed[segment])
                if segment and place.variable is not None:
                    following.append(place.variable)
            places = following
        allowed: set[str] = set()
        for place in places:
            slash = place.fixed.get("")  # a rule with one more slash is redirected to
            if place.unsure or method in place.routes or (slash and method in slash.routes):
                return None
            allowed.update(place.routes)
        return allowed


def is_plain_host(host: str | None) -> bool:
    """Whether a Host header is one that the Map takes as it is."""
    if host in HOSTS:
        return True
    if not host or not host.isascii():
        return False
    name, colon, port = host.partition(":")
    for label in name.split("."):
        if not 0 < len(label) < 64 or not label.replace("-", "a").isalnum():
            return False
    if colon and not port.isdigit():
        return False
    if len(HOSTS) < _MOST_HOSTS:
        HOSTS.add(host)
    return True


def _variable(segment: str) -> str | None:
    """The name of a segment's variable, None for a fixed segment, "" for one that is not plain."""
    if segment[:1] == "<" and segment[-1:] == ">":
        name = segment[1:-1].removeprefix("string:")
        return name if name.isascii() and name.isidentifier() else ""
    return "" if "<" in segment or ">" in segment or "|" in segment else None
