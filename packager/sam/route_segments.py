"""Reads a werkzeug rule as the path segments a gateway would have to tell apart."""

from __future__ import annotations

import re

from packager.dataclass import dataclass

# A variable part of a rule: `<name>`, `<int:name>`, `<any("a", b):name>` (werkzeug, URL Routing).
VARIABLE = re.compile(
    r"<(?:(?P<converter>[a-zA-Z_]\w*)(?:\((?P<arguments>.*?)\))?:)?(?P<name>[a-zA-Z_]\w*)>",
    re.ASCII,
)
# Converters of werkzeug that never match a slash. Others may, so they get the rest of the path.
_ONE_SEGMENT = {"default", "string", "int", "float", "uuid", "any"}
# What both gateways take in a resource's path, less what only one of them takes.
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Literal:
    """A segment that a gateway can compare."""

    text: str


@dataclass(frozen=True, slots=True)
class AnyText:
    """A segment of any text. `why` is set where the rule takes less than that."""

    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rest:
    """One or more segments up to the end. `why` is set where the rule takes less than that."""

    why: str = ""


Segment = Literal | AnyText | Rest


def gateway_segments(rule: str) -> tuple[Segment, ...]:
    """Return the narrowest segments that let through all that `rule` matches.

    A `Rest` is always last. The root, `/`, has no segments.
    """
    segments: list[Segment] = []
    texts = _split(rule)
    if texts == [""]:
        return ()
    for number, text in enumerate(texts):
        if not text:
            # `/a/` is not a route key of an HTTP API, and `/a/{proxy+}` may not take `/a/`: what
            # surely takes it is the variable one segment up.
            return (*segments[:-1], Rest("a trailing slash is not expressible"))
        segment = _segment(text, last=number == len(texts) - 1)
        segments.append(segment)
        if isinstance(segment, Rest):
            break
    return tuple(segments)


def _split(rule: str) -> list[str]:
    """Split at the slashes outside of `<...>`, the leading one taken off.

    Several slashes in a row are one, as for werkzeug.
    """
    texts = [""]
    position = 0
    for variable in VARIABLE.finditer(rule):
        first, *more = rule[position : variable.start()].split("/")
        texts[-1] += first
        texts += more
        texts[-1] += variable.group()
        position = variable.end()
    first, *more = rule[position:].split("/")
    texts[-1] += first
    texts += more
    return [*filter(None, texts[:-1]), texts[-1]]


def _segment(text: str, *, last: bool) -> Segment:
    variables = list(VARIABLE.finditer(text))
    for variable in variables:
        converter = variable["converter"] or "default"
        if converter not in _ONE_SEGMENT or "/" in (variable["arguments"] or ""):
            if variable.group() == text and last and converter == "path":
                return Rest()
            return Rest(f"{variable.group()} may hold slashes" + ("" if last else " midway"))
    if not variables:
        if _PLAIN.fullmatch(text):
            return Literal(text)
        return AnyText("part", f"{text!r} holds characters that a gateway's route can't")
    first = variables[0]
    if first.group() != text:
        return AnyText(first["name"], f"{text!r} is only partly variable")
    if first["arguments"] or first["converter"] not in (None, "default", "string"):
        return AnyText(first["name"], f"{text} takes only some texts")
    return AnyText(first["name"])
