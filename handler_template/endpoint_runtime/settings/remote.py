"""Fetches settings from where they are kept outside of the function: AWS, or a local stand-in."""

from __future__ import annotations

from endpoint_runtime.json_codec import decode_json
from endpoint_runtime.settings.source_kinds import SourceError, label
from endpoint_runtime.settings.sources import read_sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_DOCUMENT = "settings_from"


def remote_settings(
    sources: Mapping[str, tuple[Any, ...]],
    document: tuple[Any, ...] | None,
    deadline: float | None,
) -> dict[str, Any]:
    """Return what AWS has of settings, by name: those of `sources`, and those in the document.

    A value is text, or what the JSON that it is from says; what is not there is absent. All is
    read together. Raises `SourceError`.
    """
    wanted = {f"setting {name}": source for name, source in sources.items() if _is_remote(source)}
    if document is not None:
        wanted[_DOCUMENT] = document
    found = read_sources(wanted, deadline)
    values: dict[str, Any] = {}
    if _DOCUMENT in found and document is not None:
        whole = json_object(found.pop(_DOCUMENT), f"{_DOCUMENT} ({label(document)})")
        values = {name: value for name, value in whole.items() if name not in sources}
    return values | {name.removeprefix("setting "): value for name, value in found.items()}


def _is_remote(source: tuple[Any, ...]) -> bool:
    return source[0] in ("ssm", "secret")


def json_object(text: str, what: str) -> dict[str, Any]:
    """Return the object that the JSON `text` is; raise `SourceError`, which calls it `what`."""
    try:
        value = decode_json(text.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise SourceError(f"{what} can't be read: its text is not valid JSON") from None
    if not isinstance(value, dict):
        raise SourceError(f"{what} can't be read: its JSON is not an object")
    return value
