"""Takes werkzeug's development server and debugger out of a bundle whose code names neither.

They are a tenth of a small bundle, and there is nobody on Lambda to use them. Only a werkzeug on
the import diet can be without: as it ships, it imports its server with everything else.
"""

from __future__ import annotations

import re
from pathlib import Path

from packager.dependencies.prune import KeepRules
from packager.inputs.gitignore import Patterns

# Each imports others of these alone, and is imported by none of the rest.
_PARTS = (
    *("werkzeug/_reloader.py", "werkzeug/serving.py", "werkzeug/testapp.py"),
    *("werkzeug/debug/", "werkzeug/middleware/lint.py", "werkzeug/middleware/profiler.py"),
)
_NAMES = rb"(?:_reloader|serving|testapp|debug|lint|profiler|run_simple)\b"
_NAMED = re.compile(
    rb"\bwerkzeug\b[^\n]*\b"
    + _NAMES
    + rb"|\bwerkzeug\s+import\s*\([^)]*\b"
    + _NAMES
    # By whatever way it came to these.
    + rb"|\brun_simple\b|\bDebuggedApplication\b|\b(?:Lint|Profiler)Middleware\b"
)


def names_development_parts(source: bytes) -> bool:
    """Return whether a file, Python or compiled, may use one of the parts."""
    return _NAMED.search(source) is not None


def remove_development_parts(folder: Path, kept: KeepRules) -> None:
    """Remove the parts from the packages in `folder`, unless something of them is used or kept."""
    if kept.development:
        return
    for path in folder.rglob("*"):
        if path.relative_to(folder).parts[0] == "werkzeug" or path.suffix not in (".py", ".so"):
            continue
        if path.is_file() and names_development_parts(path.read_bytes()):
            return
    wanted = Patterns(kept.globs)
    for path in (folder / "werkzeug").rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name.startswith(_PARTS) and path.is_file() and not wanted.match(name):
            path.unlink()
    for path in sorted((folder / "werkzeug").rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
