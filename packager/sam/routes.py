"""Decides a gateway's routes for `routes = "declared"`: no request that a rule takes is lost.

What the gateways do with several routes that fit (API Gateway developer guide, "Create routes for
HTTP APIs"; a REST API picks the resource first, then its method, and never looks back): where that
could lose a request, or where a gateway can't express a rule, the route is widened, and says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

from packager.dataclass import dataclass
from packager.model.plugin import Endpoint
from packager.sam.route_segments import AnyText, Literal, Rest, gateway_segments

GREEDY = "proxy"  # The one greedy name SAM writes the right permission for on an HTTP API.
_ORDER = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """A method and path as the gateway writes it. `notes` say where it takes more than declared."""

    method: str
    path: str
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    methods: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    literals: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    variable_name: str = ""
    rest: _Node | None = None

    @property
    def is_leaf(self) -> bool:
        return not (self.literals or self.variable or self.rest)

    @property
    def children(self) -> list[_Node]:
        return [
            *self.literals.values(),
            *([self.variable] if self.variable else []),
            *([self.rest] if self.rest else []),
        ]


def gateway_routes(endpoints: Sequence[Endpoint], *, rest: bool) -> tuple[GatewayRoute, ...]:
    """Return the routes that pass every request the endpoints' rules take, and little more.

    `rest` is for a REST API, whose resources form a tree; otherwise for an HTTP API.
    """
    root = _Node()
    for endpoint in endpoints:
        _insert(root, endpoint)
    _widen(root, rest)
    return tuple(_routes(root, "", {GREEDY}))


def _insert(root: _Node, endpoint: Endpoint) -> None:
    node = root
    notes = []
    for segment in gateway_segments(endpoint.path):
        if isinstance(segment, Literal):
            node = node.literals.setdefault(segment.text, _Node())
            continue
        if isinstance(segment, AnyText):
            if node.variable is None:
                node.variable, node.variable_name = _Node(), segment.name
            node = node.variable
        if isinstance(segment, Rest):
            node.rest = node.rest or _Node()
            node = node.rest
        if segment.why:
            notes.append(f"widened for {endpoint.method} {endpoint.path}: {segment.why}")
    node.rules.append(f"{endpoint.method} {endpoint.path}")
    node.methods.add(endpoint.method)
    if endpoint.method == "GET":  # werkzeug answers HEAD where GET is declared
        node.methods.add("HEAD")
    node.notes += (note for note in notes if note not in node.notes)


def _widen(node: _Node, rest: bool) -> None:
    """Fold what the gateway could mix up below `node` into its `{proxy+}`."""
    for child in node.children:
        _widen(child, rest)
    deep = any(not child.is_leaf for child in node.children)
    if node.variable and node.literals and deep:
        _fold(node, "a variable segment stands beside literal ones that go on")
    elif rest and node.rest and (node.variable or node.literals):
        _fold(node, "a REST API has one variable below a resource and does not look back")
    if rest and node.variable:
        for literal in node.literals.values():
            missing = node.variable.methods - literal.methods
            if missing:
                literal.methods |= missing
                literal.notes.append(
                    f"{', '.join(sorted(missing))} added: a REST API does not look further "
                    "once a literal path fits"
                )


def _fold(node: _Node, why: str) -> None:
    folded = _Node()
    for child in node.children:
        for inner in _walk(child):
            folded.methods |= inner.methods
            folded.rules += inner.rules
            folded.notes += (note for note in inner.notes if note not in folded.notes)
    folded.notes.append(f"widened for {', '.join(folded.rules)}: {why}")
    node.literals, node.variable, node.rest = {}, None, folded


def _walk(node: _Node) -> Iterator[_Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _routes(node: _Node, path: str, taken: set[str]) -> Iterator[GatewayRoute]:
    for method in sorted(node.methods, key=_ORDER.index):
        yield GatewayRoute(method, path or "/", tuple(node.notes))
    for text, literal in node.literals.items():
        yield from _routes(literal, f"{path}/{text}", taken)
    if node.variable:
        name = node.variable_name
        while name in taken:
            name += "2"
        yield from _routes(node.variable, f"{path}/{{{name}}}", taken | {name})
    if node.rest:
        yield from _routes(node.rest, f"{path}/{{{GREEDY}+}}", taken)
