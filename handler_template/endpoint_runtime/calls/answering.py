"""Finds what answers a call: models, tools and nodes, each from where the bundle says.

Calls come as the SDK sends them to Dify's daemon, by their InvokeType and with plain data, and
answers are what the daemon gives: dicts. So the light SDK and the real one are served alike.
"""

from __future__ import annotations

import os

from endpoint_runtime.calls.errors import CallError, log
from endpoint_runtime.calls.values import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.settings.keys import Keys

# The address of a stand-in that answers everything: for local runs.
STAND_IN = "PACKAGER_DIFY"
MODEL_KINDS = {
    *("llm", "llm_structured_output", "text_embedding", "rerank", "moderation", "speech2text"),
    *("tts", "multimodal_embedding", "multimodal_rerank", "system_summary"),
}
NODE_KINDS = {"node_parameter_extractor", "node_question_classifier"}


# What has calls that not every provider has, besides Dify's inner API, and where it is configured.
_ENDPOINT = ("an OpenAI-compatible endpoint", "models.base_url")
_OTHERS = {
    "moderation": _ENDPOINT,
    "speech2text": _ENDPOINT,
    "tts": _ENDPOINT,
    "multimodal_embedding": ("Amazon Bedrock", "models.provider"),
    "system_summary": ('a model that is named for "summary"', "models.names"),
}


class Calls:
    """What a bundle is configured with: MODELS, TOOLS, OWN_TOOLS, OWN_DEFAULTS, DIFY_INNER, KEYS.

    `load` imports a source of the plugin by its path. Threads share one.
    """

    def __init__(self, bundle: Any, load: Any = None) -> None:
        self._bundle = bundle
        self._load = load
        self._made: dict[str, Any] = {}
        self._kept_keys: Keys | None = None
        self._stand_in = bool(os.environ.get(STAND_IN))

    def answers(self, kind: str) -> bool:
        """Return whether anything is configured that calls of a kind (InvokeType) are for."""
        if self._stand_in or self._bundle.DIFY_INNER is not None:
            return True
        if kind == "tool":
            return bool(self._bundle.TOOLS or self._bundle.OWN_TOOLS)
        return kind in MODEL_KINDS | NODE_KINDS and self._bundle.MODELS is not None

    def invoke(
        self, session: Session, kind: str, data: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the answers to a call; nothing happens before the first is asked for.

        Raises CallError, which is in the log then.
        """
        try:
            found = plain(data)
            yield from _understood(self._answering(kind, found).invoke(session, kind, found))
        except CallError as fault:
            fault.call = fault.call or _called(kind, data)
            log(fault)
            raise

    def close(self) -> None:
        """Close the connections that are kept."""
        for each in self._made.values():
            each.close()

    def _answering(self, kind: str, data: Mapping[str, Any]) -> Any:
        """Return what answers a call; raises CallError where nothing has calls of that kind."""
        if kind == "tool" and (self._bundle.TOOLS or self._bundle.OWN_TOOLS):
            tools = self._part("tools")
            found = tools.find(str(data["provider"]), str(data["tool"]))
            elsewhere = self._stand_in or self._bundle.DIFY_INNER is not None
            if not elsewhere or (found and not self._stand_in) or tools.is_own(found):
                return tools
        if self._stand_in:
            return self._part("inner")
        name = ""
        by_models = kind in NODE_KINDS or (kind == "system_summary" and self._has_summaries())
        if by_models and self._bundle.MODELS is not None:
            return self._part("nodes")
        if kind in MODEL_KINDS and self._bundle.MODELS is not None:
            models = self._part("models")
            if models.answers(kind):
                return models
            name = models.name
        if self._bundle.DIFY_INNER is not None:
            return self._part("inner")
        would = "Dify's inner API (dify.inner_url) has"
        other = _OTHERS.get(kind)
        if other is not None and other[0] != name:
            would = f"{other[0]} ({other[1]}) and Dify's inner API have"
        raise CallError(f"{name} has no calls of {kind}; {would}")

    def _part(self, name: str) -> Any:
        found = self._made.get(name)
        if found is None:
            make = {
                "models": self._make_models,
                "inner": self._make_inner,
                "tools": self._make_tools,
                "nodes": self._make_nodes,
            }
            found = self._made.setdefault(name, make[name]())  # threads may race: one is kept
        return found

    def _keys(self) -> Keys:
        if self._kept_keys is None:
            from endpoint_runtime.calls.keys import keys_of

            self._kept_keys = keys_of(self._bundle)
        return self._kept_keys

    def _make_models(self) -> Any:
        if self._bundle.MODELS["provider"] == "bedrock":
            from endpoint_runtime.calls.bedrock.api import Bedrock

            return Bedrock(self._bundle.MODELS)
        from endpoint_runtime.calls.openai.api import OpenAi

        return OpenAi(self._bundle.MODELS, self._keys())

    def _has_summaries(self) -> bool:
        """Return whether a model is named that writes summaries, in place of Dify's own."""
        models = self._bundle.MODELS
        return models is not None and not {"dify/summary", "summary", "*"}.isdisjoint(
            models["names"]
        )

    def _make_nodes(self) -> Any:
        from endpoint_runtime.calls.nodes import Nodes

        return Nodes(self._part("models"))

    def _make_tools(self) -> Any:
        from endpoint_runtime.calls.tools.find import Tools

        return Tools(self._bundle, self._keys(), self._load)

    def _make_inner(self) -> Any:
        from endpoint_runtime.calls.inner import Inner

        return Inner(self._bundle.DIFY_INNER, self._keys())


def _understood(answers: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield answers; one of another form than its API says raises CallError, as other faults do."""
    try:
        yield from answers
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
        message = f"the answer has another form than expected: {type(fault).__name__}: {fault}"
        raise CallError(message) from fault


def _called(kind: str, data: Mapping[str, Any]) -> str:
    """Name what was called, for the log."""
    if kind == "tool":
        return f"tool {data.get('provider')}/{data.get('tool')}"
    if "app_id" in data:
        return f"app {data['app_id']}"
    if kind.startswith("node_") or kind == "upload_file" or kind == "system_summary":
        return kind.removeprefix("node_").removeprefix("system_").replace("_", " ")
    return f"model {data.get('provider')}/{data.get('model')}"
