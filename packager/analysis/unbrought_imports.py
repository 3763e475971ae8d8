"""Warns, with nothing installed, of imports that no dependency will bring."""

from __future__ import annotations

import sys
from collections.abc import Collection

from packager.analysis.missing_imports import (
    ELSEWHERE,
    code_of,
    hint_on,
    library_changes,
    misplaced,
    misplaced_hint,
    required,
)
from packager.analysis.reached_code import ReachedCode
from packager.analysis.sdk_distributions import DISTRIBUTIONS
from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.model.declared import Declared

# Distributions that need one whose name says what it brings, where Python does not have it.
_NEEDING = {"cgi": ("webob",)}


@dataclass(frozen=True, slots=True)
class Brought:
    """What brings modules to a function: the Python it runs on, and the normalised names of the
    `distributions` that are required or locked. `declared` is what the manifest says of Python."""

    python: str
    distributions: Collection[str]
    declared: Declared


def warn_of_unbrought(code: ReachedCode, brought: Brought, diagnostics: Diagnostics) -> None:
    """Warn of each import of what Python's library has no more, or of a module that the plugin has
    in another folder than its root.

    A distribution may bring what its name says; `packager build` knows what each brings.
    """
    python = brought.python
    gone, there = library_changes(python)
    library = (sys.stdlib_module_names | there) - gone
    known = code.top_names | library | ELSEWHERE | DISTRIBUTIONS.keys()
    for path, each in required(code):
        top = (each.module or "").partition(".")[0]
        if not top or top in known or _may_bring(brought.distributions, top):
            continue
        elsewhere = misplaced(code, top, path)
        if top in gone:
            what = f"Python {python}'s library has no {top} any more"
            hint = _older_hint(top, brought) or hint_on(top, python)
        elif elsewhere:
            what, hint = f"there is no module {top} in the plugin's root", misplaced_hint(elsewhere)
        else:
            continue
        diagnostics.warn(
            code_of(path, each, code),
            f"{what}: the import fails",
            Place(code.folder.display_of(path), each.line, each.column),
            hint=hint,
        )


def _older_hint(module: str, brought: Brought) -> str | None:
    declared = brought.declared
    if declared.python is None or module in library_changes(declared.python)[0]:
        return None
    return declared.hint_for(brought.python, newer=False)


def _may_bring(distributions: Collection[str], module: str) -> bool:
    name = module.lower().replace("_", "-")
    return any(
        each in _NEEDING.get(module, ()) or each.endswith(name) or _says(each, name)
        for each in distributions
    )


def _says(distribution: str, name: str) -> bool:
    """Whether parts of `distribution` are `name`, together: linebot of line-bot-sdk."""
    parts, joined = distribution.split("-"), name.replace("-", "")
    return any(
        "".join(parts[start:end]) == joined
        for start in range(len(parts))
        for end in range(start + 1, len(parts) + 1)
    )
