"""Finds the tool that a call names, among those that the bundle is configured with."""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.keys import KeyHeader, read_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.tools.own import Declared, Load
    from endpoint_runtime.settings.keys import Keys

ALL = "*"  # in place of a tool's name: all tools of the provider


class Tools:
    """TOOLS and OWN_TOOLS of the bundle; threads share one."""

    name = "[tools]"

    def __init__(self, bundle: Any, keys: Keys, load: Load) -> None:
        self._tools: Mapping[str, tuple[str, dict[str, Any]]] = bundle.TOOLS
        self._own: Mapping[str, Declared] = bundle.OWN_TOOLS
        self._defaults: Mapping[str, dict[str, Any]] = bundle.OWN_DEFAULTS
        self._plugin: str = bundle.PLUGIN
        self._keys = keys
        self._load = load
        self._made: dict[str, Any] = {}

    def find(self, provider: str, tool: str) -> str | None:
        """Return the name under which a tool is configured; None for one that is not.

        Providers are named in full or by their last part: Dify writes `author/plugin/provider`.
        """
        short = provider.rpartition("/")[2]
        for named in (tool, ALL):
            for name in (f"{provider}/{named}", f"{short}/{named}"):
                if name in self._tools:
                    return name
        own = f"{short}/{tool}"
        return own if own in self._own else None

    def is_own(self, name: str | None) -> bool:
        """Return whether what is configured under a name is a tool of the plugin's own."""
        return name is not None and (name in self._own or self._tools[name][0] == "plugin")

    def invoke(
        self, session: Session, kind: str, data: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the messages that answer a call; raises CallError."""
        provider, tool = str(data["provider"]), str(data["tool"])
        name = self.find(provider, tool)
        if name is None:
            known = ", ".join([*self._tools, *self._own]) or "none"
            message = f"there is no tool {provider}/{tool}"
            raise CallError(message, detail=f"{message}; configured are: {known}")
        how, given = self._tools.get(name, ("own", {}))
        own = f"{provider.rpartition('/')[2]}/{tool}"
        key = name
        if how in ("own", "plugin"):
            key = f"{name} {own}" if "other" in given else own
        made = self._made.get(key)
        if made is None:
            made = self._made.setdefault(key, self._make(how, given, provider, own))
        return made.call(session, given.get("tool") or tool, data["tool_parameters"] or {})  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the connections that are kept."""
        for each in self._made.values():
            each.close()

    def _make(self, kind: str, given: Mapping[str, Any], provider: str, own: str) -> Any:
        if kind == "mcp":
            from endpoint_runtime.calls.tools.mcp import McpServer

            return McpServer(given["url"], self._authorization(given), self._plugin)
        if kind == "openapi":
            if "document" in given:
                message = "its OpenAPI document was not there when the function was built"
                raise CallError(message, detail=f"{message}: {given['document']}")
            from endpoint_runtime.calls.tools.http_api import Operation

            return Operation(given, self._authorization(given), self._keys)
        if kind == "lambda":
            from endpoint_runtime.calls.tools.aws_lambda import Function

            return Function(given["function"], provider)
        sources: Mapping[str, Declared] = given.get("sources", self._own)
        if own not in sources:
            raise CallError(f"the plugin has no tool {own}")
        from endpoint_runtime.calls.tools.own import OwnTool

        load = self._load
        if "other" in given:
            from endpoint_runtime.calls.tools.other import other_plugin

            load = other_plugin(given["other"], given["names"]).load
        credentials = given.get("credentials") or {}
        defaults = given.get("defaults", self._defaults).get(own.partition("/")[0]) or {}

        def read(session: Session) -> dict[str, Any]:
            deadline = session.call_deadline()
            said = {each: read_key(self._keys, key, deadline) for each, key in credentials.items()}
            return {**defaults, **said}

        return OwnTool(sources[own], load, read)

    def _authorization(self, given: Mapping[str, Any]) -> KeyHeader | None:
        key, header = given.get("key"), given.get("header")
        if key is None or "security" in given:  # which an operation has at its own place
            return None
        return KeyHeader(self._keys, key, header, "") if header else KeyHeader(self._keys, key)
