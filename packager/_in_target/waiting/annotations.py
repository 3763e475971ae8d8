"""Reads annotations: modules write the same few again and again, so each is read once."""

from __future__ import annotations

import ast
from contextlib import suppress

from packager._in_target.waiting.nodes import nodes_of
from packager._in_target.waiting.text import Text

_read: dict[bytes, Annotation] = {}  # by their texts, of all modules


class Annotation:
    """What an annotation says."""

    def __init__(self, expression: ast.expr) -> None:
        nodes = nodes_of(expression)
        self.names = _names(nodes)
        self.mere = isinstance(expression, ast.Name)
        # It asks another module for a name, which may wait there.
        self.dotted = any(isinstance(each, ast.Attribute) for each in nodes)
        # What those parts say that are text: the names, and whether one is all that a part is.
        self.texts: list[tuple[frozenset[str], bool]] = []
        for each in nodes:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                with suppress(SyntaxError, ValueError):
                    part = ast.parse(each.value, mode="eval").body
                    self.texts.append((_names(nodes_of(part)), isinstance(part, ast.Name)))
        self.in_texts = frozenset(name for names, _ in self.texts for name in names)
        self._unparsed = ""

    def unparsed(self, expression: ast.expr) -> str:
        """Return the annotation, which is this `expression` here, as text."""
        self._unparsed = self._unparsed or ast.unparse(expression)
        return self._unparsed


def read(expression: ast.expr, text: Text) -> Annotation:
    """Return what an annotation in a module says."""
    part = text.part(expression)
    found = _read.get(part)
    if found is None:
        found = Annotation(expression)
        if part:
            _read[part] = found
    return found


def _names(nodes: list[ast.AST]) -> frozenset[str]:
    return frozenset(each.id for each in nodes if isinstance(each, ast.Name))
