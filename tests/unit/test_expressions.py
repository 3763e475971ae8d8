"""The regular expressions of the tool: none of them takes long over any text."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable

import pytest

import packager
from tests.support.timing import soon

# Expressions that only what is ours or the user's own, and short, is matched against.
SHORT = {
    ("packager.dependencies.source_builds", "_KEPT"),  # names of this shell's variables
    ("packager.bundle.known_secrets", "_PASSWORD"),  # their values
    ("packager.host.uv_failures", "_GIT_ADDRESS"),  # what uv says of a failure, a few KB
}
LENGTH = 5_000
SECONDS = 1 / 16  # of CPU: what takes as long as the square of the length takes 1 s for 20,000
SIGNS = " a1A./-_:=@#<>'\"($%\n\t,[&{!*\\~;"


def expressions() -> dict[tuple[str, str], re.Pattern[str] | re.Pattern[bytes]]:
    found: dict[tuple[str, str], re.Pattern[str] | re.Pattern[bytes]] = {}
    for module in pkgutil.walk_packages(packager.__path__, "packager."):
        if "._in_" in module.name or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and value not in found.values():
                found[module.name, name] = value
    return {key: value for key, value in found.items() if key not in SHORT}


EXPRESSIONS = expressions()


def texts(pattern: str) -> list[str]:
    """Return long texts that an expression starts to match again and again."""
    words = re.findall(r"[A-Za-z=&:/#-]{3,}", pattern)
    units = [*SIGNS, *(word + sign for word in words for sign in " a[(<=")]
    units += [f"{one}{other}" for one in " a1./<[(" for other in " a1./<[(\n#=@:" if one != other]
    return [start + unit * (LENGTH // len(unit)) for unit in units for start in ("", "a", "a=")]


@pytest.mark.parametrize("key", EXPRESSIONS, ids=".".join)
def test_no_expression_takes_long(key: tuple[str, str]) -> None:
    expression = EXPRESSIONS[key]
    source = expression.pattern
    whole = source if isinstance(source, str) else source.decode("latin-1")
    for text in texts(whole):
        for call in calls(expression, text):
            soon(SECONDS, text[:20], call)


def calls(
    expression: re.Pattern[str] | re.Pattern[bytes], text: str
) -> tuple[Callable[[], object], ...]:
    """Return what an expression is used for: `match` where it could start anywhere, else both."""
    subject = text if isinstance(expression.pattern, str) else text.encode()
    if expression.pattern[:3] in (r"\s*", rb"\s*", "[a-"):
        return (lambda: expression.match(subject),)  # type: ignore[arg-type]
    return (
        lambda: expression.fullmatch(subject),  # type: ignore[arg-type]
        lambda: expression.search(subject),  # type: ignore[arg-type]
    )
