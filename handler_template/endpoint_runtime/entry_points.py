"""Says whether any distribution names entry points of a group, without `importlib.metadata`.

Contract: bytecode that packager has made of a package's modules calls this, where the package asks
for plugins of its own that are hardly ever there (pydantic's, of logfire); importing
`importlib.metadata` for that takes three times as long as the rest of the question.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def of_group(group: str, find: "Callable[[str], Iterable[Any]]") -> "Iterable[Any]":
    """Return `find(group)`, which asks `importlib.metadata`, or nothing where that would be it.

    That is where nobody has imported that module, to patch it, and no distribution has the group.
    """
    if "importlib.metadata" in sys.modules or _is_named(f"[{group}]".encode()):
        return find(group)
    return ()


def _is_named(section: bytes) -> bool:
    """Whether a distribution has such a section, or may have."""
    if any(
        hasattr(finder, "find_distributions") and getattr(finder, "__name__", "") != "PathFinder"
        for finder in sys.meta_path
    ):
        return True
    for folder in sys.path:
        if folder.endswith((".egg", ".whl", ".zip")) and os.path.exists(folder):
            return True
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.lower().endswith((".dist-info", ".egg-info")):
                try:
                    with open(f"{folder or '.'}/{name}/entry_points.txt", "rb") as file:
                        if section in file.read():
                            return True
                except OSError:
                    continue
    return False
