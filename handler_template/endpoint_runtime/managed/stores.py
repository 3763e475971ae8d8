"""Opens the store of managed endpoints that a function has."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.managed.documents import Store

# The variable with the table's name or the parameters' prefix, ...
VARIABLE = "PACKAGER_ENDPOINTS"
# ... the one with the key of the check in hook ids, and a file in place of it all: for local runs.
KEY_VARIABLE = "PACKAGER_ENDPOINTS_KEY"
LOCAL = "PACKAGER_LOCAL_ENDPOINTS"


def open_store(bundle: Any) -> Store:
    """Return the store that a bundle's ENDPOINTS says, where the environment says it is."""
    kind, place = bundle.ENDPOINTS["store"], os.environ.get(VARIABLE)
    local = os.environ.get(LOCAL)
    if local:
        kind, place = "file", local
    if not place:
        raise ValueError(f"the environment variable {VARIABLE} does not say where endpoints are")
    if kind == "dynamodb":
        from endpoint_runtime.managed.dynamodb import TableStore

        return TableStore(place)
    if kind == "ssm":
        from endpoint_runtime.managed.ssm import ParameterStore

        return ParameterStore(place)
    if kind == "file":
        from endpoint_runtime.managed.file import FileStore

        return FileStore(place, f"{bundle.PLUGIN}/{bundle.GROUP}")
    raise ValueError(f"the bundle's endpoints are in {kind!r}, which this runtime does not know")
