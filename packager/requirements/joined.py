"""Joins what several plugins require that run in one function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from packaging.requirements import InvalidRequirement, Requirement

from packager.errors import Diagnostics
from packager.requirements.requirements import Requirements
from packager.requirements.requirements_txt import Declared


def joined(own: Requirements, others: Iterable[Requirements]) -> Requirements:
    """Return what a plugin and the `others` require together.

    The plugin's own lock, pins of the SDK, workspace and policy hold for all.
    """
    others = tuple(others)
    if not others:
        return own
    lines = [line for other in others for line in other.without_sdk]
    constraints = [line for other in others for line in other.constraints]
    return replace(
        own,
        declared=tuple(dict.fromkeys((*own.declared, *lines))),
        constraints=tuple(dict.fromkeys((*own.constraints, *constraints))),
        options=(*own.options, *(each for other in others for each in other.options)),
        indexes=(*own.indexes, *(each for other in others for each in other.indexes)),
        others=tuple(other.file for other in others if other.file),
    )


def check_together(own: Requirements, other: Requirements, diagnostics: Diagnostics) -> None:
    """Note each line of `other` that no version can meet together with one of the plugin's own.

    Only lines for one version are looked at: all else is for uv to find out.
    """
    for mine in own.without_sdk:
        for line in other.without_sdk:
            if line.name == mine.name and mine.name and _exclude_each_other(mine, line):
                diagnostics.error(
                    "conflicting-requirements",
                    f"{line.text} can't be in one function with {mine.text} ({mine.place})",
                    line.place,
                    hint="deploy the other plugin's tools of their own, and name them by lambda or "
                    "mcp; or require versions that both can run with",
                )


def _exclude_each_other(one: Declared, two: Declared) -> bool:
    try:
        first, second = Requirement(one.text), Requirement(two.text)
    except InvalidRequirement:
        return False
    if first.marker or second.marker:  # one of them may not hold
        return False
    if first.url or second.url:
        return bool(first.url and second.url and first.url != second.url)
    return any(
        not b.specifier.contains(version, prereleases=True)
        for a, b in ((first, second), (second, first))
        for version in _pinned(a)
    )


def _pinned(requirement: Requirement) -> Iterator[str]:
    for each in requirement.specifier:
        if each.operator == "==" and not each.version.endswith(".*"):
            yield each.version
