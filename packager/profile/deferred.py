"""Says what the import diet put off: names by module, and modules that no import needed."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from packager.profile.facts import Deferred

_NAMES = re.compile(r'(?m)(?:^|; )_lazy\["\w+"\] = |^def _lazy_\w+\(\):$')
_MODULES = re.compile(r'_lazy\["\w+"\] = \("([\w.]+)"')


def deferred_in(folder: Path, label: str, loaded: Collection[str]) -> Deferred | None:
    """Return what waits in the bundle in `folder`; None if nothing was put on the diet.

    `label` is what the bundle says of its diet (`werkzeug 3.1.9`), `loaded` the names of the
    modules that a start has imported.
    """
    if not label:
        return None
    names, modules = 0, set()
    for path in (folder / label.split()[0]).rglob("*.py"):
        text = path.read_text("utf-8", "replace")
        names += len(_NAMES.findall(text))
        modules |= {*_MODULES.findall(text)}
    return Deferred(names, tuple(sorted(modules - {*loaded})))
