"""An endpoint as its store has it, and what it may be called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from packager.dataclass import dataclass
from packager.model.options import AwsSource

MOST_CHARACTERS = 100  # of a name; it is in the log's lines


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A configured endpoint of a group.

    `settings` are the values that its store shows, `references` say where others are kept, and
    `sealed` are those that it does not show. `version` counts edits, `revision` is what the store
    compares. `space` is the first hook id it had, if that was another. `created` and `updated` are
    in ISO 8601, UTC.
    """

    hook_id: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    references: Mapping[str, AwsSource] = field(default_factory=dict)
    sealed: bytes | None = field(default=None, repr=False)
    enabled: bool = True
    root: bool = False
    space: str | None = None
    version: int = 1
    created: str = ""
    updated: str = ""
    revision: int = field(default=0, compare=False, repr=False)


def name_problem(name: str) -> str | None:
    """Return what an endpoint's name should be where `name` is not that; None if it can be one."""
    if not name or len(name) > MOST_CHARACTERS:
        return f"expected a name of 1 to {MOST_CHARACTERS} characters"
    if name != name.strip():
        return "expected a name without blanks around it"
    if not name.isprintable():
        return "expected a name of characters that can be seen"
    return None
