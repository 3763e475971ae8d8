"""The base class of every endpoint."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from werkzeug.wrappers import Request, Response

    from dify_plugin.core.runtime import Session

__all__ = ["Endpoint"]


class Endpoint(ABC):
    """An HTTP interface; `self.session` is all it starts with. Made again for every request."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @abstractmethod
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        """Answer the request. `values` come from the path, `settings` from the endpoint's group."""

    def invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        """Answer the request through `_invoke`; for whoever runs the endpoint."""
        return self._invoke(r, values, settings)


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
