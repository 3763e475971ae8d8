"""Tells which imports of `dify_plugin` the light one in bundles does not have, by trying them.

Run as a script (`python -I -S sdk_names.py FOLDER`): FOLDER holds `dify_plugin`. Standard input
has a JSON list of [module, name or null]; standard output gets the list of those that fail. What
the SDK's modules hold of other packages' counts as there: the bundle brings it, or not.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping


def missing(module: str, name: str | None, elsewhere: Mapping[str, str]) -> bool:
    """Return whether an import fails."""
    try:
        held = importlib.import_module(module)
    except ImportError:
        return True
    if name is None or hasattr(held, name) or (name in elsewhere and module != "dify_plugin"):
        return False
    try:
        importlib.import_module(f"{module}.{name}")
    except ImportError:
        return True
    return False


def main() -> None:
    """Read the imports, write those that fail."""
    sys.path.insert(0, sys.argv[1])
    from dify_plugin._lazy_names import ELSEWHERE

    asked = json.loads(sys.stdin.buffer.read())
    failed = [each for each in asked if missing(each[0], each[1], ELSEWHERE)]
    sys.stdout.write(json.dumps(failed))


if __name__ == "__main__":
    main()
