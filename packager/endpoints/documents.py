"""Writes an endpoint as the JSON that stores keep, and reads it again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from packager.endpoints.endpoint import Endpoint
from packager.errors import PackagerError
from packager.model.options import AwsSource, SecretSource, SsmSource


def compact_json(value: Any) -> str:
    """Return JSON in as few bytes as possible."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def document_text(endpoint: Endpoint) -> str:
    """Return all of an endpoint but its hook id, and whether it answers at the root, as JSON."""
    document: dict[str, Any] = {
        "name": endpoint.name,
        "enabled": endpoint.enabled,
        "settings": dict(endpoint.settings),
        "version": endpoint.version,
        "created": endpoint.created,
        "updated": endpoint.updated,
    }
    if endpoint.references:
        document["references"] = reference_lists(endpoint.references)
    if endpoint.space is not None:
        document["space"] = endpoint.space
    # Parameter Store takes no text with {{ in it; in JSON there is another way to write that.
    return re.sub(r"(?<=\{)\{", r"\\u007b", compact_json(document))


def endpoint_of_text(hook_id: str, text: str, root: bool, revision: int | None = None) -> Endpoint:
    """Return the endpoint that `document_text` wrote; raise `PackagerError` for anything else."""
    try:
        document = json.loads(text)
        return Endpoint(
            hook_id=hook_id,
            name=str(document["name"]),
            settings=dict(document.get("settings") or {}),
            references=references_of(document.get("references") or {}),
            enabled=document["enabled"] is True,
            root=root,
            space=document.get("space"),
            version=int(document.get("version") or 1),
            created=str(document.get("created") or ""),
            updated=str(document.get("updated") or ""),
            revision=int(document.get("version") or 1) if revision is None else revision,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise unreadable(hook_id) from None


def unreadable(hook_id: str) -> PackagerError:
    """Return the error for an endpoint that its store has in another form than it should have."""
    return PackagerError(
        f"what its store has of the endpoint {hook_id} can't be read",
        hint="was it changed by other means than `packager endpoints`?",
    )


def reference_lists(references: Mapping[str, AwsSource]) -> dict[str, list[str | None]]:
    """Return references as stores have them: `["ssm", name]`, `["secret", name, key or null]`."""
    return {
        name: ["ssm", source.name]
        if isinstance(source, SsmSource)
        else ["secret", source.name, source.key]
        for name, source in references.items()
    }


def references_of(lists: Mapping[str, Any]) -> dict[str, AwsSource]:
    """Return the references that `reference_lists` wrote; raise ValueError for anything else."""
    found: dict[str, AwsSource] = {}
    for name, parts in lists.items():
        match parts:
            case ["ssm", str(place)]:
                found[name] = SsmSource(place)
            case ["secret", str(place), None | str() as key]:
                found[name] = SecretSource(place, key)
            case _:
                raise ValueError(name)
    return found
