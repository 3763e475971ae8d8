"""The base of the calls back to Dify, and what those raise that nothing answers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from typing import Any, NoReturn, Protocol

    class Session(Protocol):
        """What calls ask of a session (`core.runtime`, which makes them)."""

        backends: Any

        def call_deadline(self) -> float | None:
            """Return when a call must be over, in seconds since the epoch; None for no limit."""


# What a call is named in messages, by the SDK's `InvokeType`.
CALLS = {
    "llm": "model.llm.invoke",
    "llm_structured_output": "model.llm_structured_output.invoke",
    "moderation": "model.moderation.invoke",
    "multimodal_embedding": "model.text_embedding.invoke_multimodal",
    "multimodal_rerank": "model.rerank.invoke_multimodal",
    "node_parameter_extractor": "workflow_node.parameter_extractor.invoke",
    "node_question_classifier": "workflow_node.question_classifier.invoke",
    "rerank": "model.rerank.invoke",
    "speech2text": "model.speech2text.invoke",
    "system_summary": "model.summary.invoke",
    "text_embedding": "model.text_embedding.invoke",
    "tool": "tool.invoke",
    "tts": "model.tts.invoke",
}
# Where the configuration says what answers, by the session's parts; others are answered by models.
_TABLES = {
    "app": "[apps]",
    "file": "[apps]",
    "storage": "storage",
    "tool": "[tools]",
}


class InvocationUnavailable(Exception):
    """A call back to Dify that nothing here can answer."""


class BackwardsInvocation:
    """Base of the calls back to Dify; made with a session, by it or by a plugin."""

    def __init__(self, session: Session | None = None) -> None:
        self.session = session

    def _backend(self, part: str, call: str) -> Any:
        """Return what answers the calls of a part of the session; raise where nothing does."""
        backend = getattr(getattr(self.session, "backends", None), part, None)
        if backend is None:
            self._unavailable(call)
        return backend

    def _answered(self, kind: str, call: str = "") -> Any:
        """Return what answers calls of a kind (an `InvokeType`); raise where nothing does."""
        call = call or CALLS.get(kind, kind)
        backend = self._backend("calls", call)
        if not backend.answers(kind):
            self._unavailable(call)
        return backend

    def _backwards_invoke(
        self, type: Any, data_type: Any, data: Mapping[str, Any]
    ) -> Generator[Any, None, None]:
        """Call back, as the SDK sends it: a generator of what is answered, made into `data_type`.

        Where nothing is there to answer, it raises at once; all else happens once the first answer
        is asked for.
        """
        kind = getattr(type, "value", type)
        answers = self._answered(kind).invoke(self.session, kind, data)
        return _made(answers, data_type)

    def _first(self, type: Any, data_type: Any, data: Mapping[str, Any], what: str) -> Any:
        """Call back for one answer; raise an Exception that names `what` where none comes."""
        for answer in self._backwards_invoke(type, data_type, data):
            return answer
        raise Exception(f"No response from {what}")

    def _unavailable(self, call: str) -> NoReturn:
        part = call.partition(".")[0]
        would = _TABLES.get(part, "[models]")
        if part != "storage":
            would += " or dify.inner_url"
        raise InvocationUnavailable(
            f"session.{call} is not available: this plugin runs outside Dify, and nothing is "
            f"configured to answer the call ({would} would)"
        )

    def __class_getitem__(cls, item: object) -> type:
        return cls


def dumped(content: Any) -> Any:
    """Return content as plain data."""
    dump = getattr(content, "model_dump", None)
    return content if dump is None else dump()


def _made(answers: Iterator[Mapping[str, Any]], data_type: Any) -> Generator[Any, None, None]:
    try:
        for answer in answers:
            try:
                made = answer if isinstance(answer, data_type) else data_type(**answer)
            except Exception as fault:
                raise Exception(f"Failed to parse response: {fault!s}") from fault
            yield made
    finally:
        close = getattr(answers, "close", None)
        if close is not None:
            close()
