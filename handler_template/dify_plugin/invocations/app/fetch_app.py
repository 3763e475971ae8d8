"""The SDK's own place of `FetchAppInvocation`."""

from __future__ import annotations

from dify_plugin.invocations.app import FetchAppInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FetchAppInvocation"]


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
