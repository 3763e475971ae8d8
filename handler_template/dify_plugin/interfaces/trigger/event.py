"""The base class of events, each of which makes variables of a request."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from werkzeug.wrappers import Request

    from dify_plugin.entities.parameters import ParameterOption
    from dify_plugin.entities.trigger import Variables
    from dify_plugin.interfaces.trigger.runtime import EventRuntime

__all__ = ["Event"]


class Event(ABC):
    """An event; made again for every workflow that it is to start."""

    runtime: EventRuntime

    def __init__(self, runtime: EventRuntime) -> None:
        self.runtime = runtime

    @abstractmethod
    def _on_event(
        self, request: Request, parameters: Mapping[str, Any], payload: Mapping[str, Any]
    ) -> Variables:
        """Return the variables of a request; raise `EventIgnoreError` to start nothing.

        `parameters` are the workflow's, `payload` is what the trigger has dispatched.
        """

    def _fetch_parameter_options(self, parameter: str) -> list[ParameterOption]:
        """Return what a parameter may be."""
        raise NotImplementedError(
            "This plugin should implement `_fetch_parameter_options` method "
            "to enable dynamic select parameter"
        )

    def on_event(
        self, request: Request, parameters: Mapping[str, Any], payload: Mapping[str, Any]
    ) -> Variables:
        """Return the variables through `_on_event`; for whoever runs the event."""
        return self._on_event(request=request, parameters=parameters, payload=payload)

    def fetch_parameter_options(self, parameter: str) -> list[ParameterOption]:
        """Return what a parameter may be, through `_fetch_parameter_options`."""
        return self._fetch_parameter_options(parameter=parameter)


__getattr__ = lazy(__name__)
