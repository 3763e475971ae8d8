"""What SAM takes for a function and its API, what of it the packager writes, and the merging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.sam import property_shapes
from packager.sam.shapes import is_intrinsic

# Properties that the packager decides, and the key that says how to change them.
OWNED_BY_FUNCTION = {
    "Architectures": "architecture",
    "AssumeRolePolicyDocument": None,
    "CodeUri": None,
    "Events": None,
    "Handler": None,
    "ImageConfig": None,
    "ImageUri": None,
    "InlineCode": None,
    "MemorySize": "memory",
    "PackageType": None,
    "ProvisionedConcurrencyConfig": "provisioned_concurrency",
    "Role": None,
    "Runtime": "runtime",
    "SnapStart": "snapstart",
    "Timeout": "timeout",
}
OWNED_BY_API = {
    "BinaryMediaTypes": None,
    "DefinitionBody": None,
    "DefinitionUri": None,
    "MergeDefinitions": None,
    "Mode": None,
    "OpenApiVersion": None,
}
# Properties of AWS::Serverless::Function that `template` says for the function's role.
ROLE_PROPERTIES = ("Policies", "PermissionsBoundary", "RolePath")

FUNCTION_PROPERTIES = frozenset(property_shapes.FUNCTION)
API_PROPERTIES = {kind: frozenset(shapes) for kind, shapes in property_shapes.API.items()}


def merge(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return `mine` with `theirs` laid over it, mapping by mapping; lists and the rest are
    replaced.

    The order of `mine` stays, what only `theirs` has follows.
    """
    merged = dict(mine)
    for key, new in theirs.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping) and not is_intrinsic(new):
            merged[key] = merge(old, new)
        else:
            merged[key] = new
    return merged
