"""The plugin's own tools: their classes run in this process, as endpoints do."""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.tools.parameters import as_declared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.tools.parameters import Parameters

    Load = Callable[[str], ModuleType]  # of a source, by its path in the plugin
    Declared = tuple[str, Parameters]  # a source, and what it takes


class OwnTool:
    """One tool, as it is `declared`; `credentials` returns those it is configured with."""

    def __init__(
        self, declared: Declared, load: Load, credentials: Callable[[Session], dict[str, Any]]
    ) -> None:
        self._source, self._parameters = declared
        self._load = load
        self._credentials = credentials
        self._class: type[Any] | None = None

    def call(self, session: Session, tool: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the tool's messages; raises CallError for whatever it raises."""
        from dify_plugin.entities.tool import ToolRuntime

        cls = self._class = self._class or self._found()
        runtime = ToolRuntime(
            credentials=self._credentials(session), user_id=None, session_id=session.session_id
        )
        try:
            given = as_declared(parameters, self._parameters)
            yield from cls(runtime=runtime, session=session).invoke(given) or ()
        except CallError:
            raise
        except Exception as fault:
            raise CallError(str(fault) or type(fault).__name__) from fault

    def close(self) -> None:
        """Do nothing: it has no connections."""

    def _found(self) -> type[Any]:
        from dify_plugin.interfaces.tool import Tool

        found = [
            each
            for each in vars(self._load(self._source)).values()
            if isinstance(each, type) and issubclass(each, Tool) and each is not Tool
        ]
        if len({*found}) != 1:
            raise CallError(f"{self._source} has not one subclass of dify_plugin.Tool")
        return found[0]
