"""`session.app`: calls of Dify's apps, streaming and blocking, by each app's real kind.

In Dify a call goes by what the app is, not by the name of the call (`invoke_app` in
api/core/plugin/backwards_invocation/app.py of langgenius/dify), so plugins call `chat.invoke` of
workflows, too. The Service API has a route for each kind, and refuses the others' apps.
"""

from __future__ import annotations

from endpoint_runtime.dify.errors import AppError, Logged, log
from endpoint_runtime.dify.service_api import failure
from endpoint_runtime.http_client.connection import HttpError
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.dify.service_api import ServiceApi
    from endpoint_runtime.http_client.connection import Connection, Response

_ROUTES = {
    "chat": "/chat-messages",
    "workflow": "/workflows/run",
    "completion": "/completion-messages",
}
# What `GET /info` calls an app's mode, where it says so: Dify 1.4 and later.
_KINDS = {
    "chat": "chat",
    "agent-chat": "chat",
    "advanced-chat": "chat",
    "workflow": "workflow",
    "completion": "completion",
}
# How a route refuses an app of another kind. That of completions says the same of broken apps.
_REFUSALS = {
    "chat": ("not_chat_app",),
    "workflow": ("not_workflow_app",),
    "completion": ("not_completion_app", "app_unavailable"),
}


class Apps:
    """The apps that a bundle has keys for. Threads share one."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api
        self._kinds: dict[str, str] = {}  # by app id, as far as they are known

    def invoke(self, session: Session, kind: str, app_id: str, given: Mapping[str, Any]) -> Any:
        """Call an app: a generator of events if `response_mode` is "streaming", else one dict.

        `given` are the arguments of the SDK's call. Nothing happens before the generator's first
        event is asked for, as in the SDK, whose `ping` events are dropped. An `error` event is the
        last. Raises AppError.
        """
        body: dict[str, Any] = {
            "inputs": _as_uploads(given["inputs"] or {}),
            "response_mode": given["response_mode"],
            "user": given["user"] or self._api.user,
        }
        for_chats = {name: given.get(name) or "" for name in ("query", "conversation_id")}
        if body["response_mode"] == "streaming":
            return self._stream(session, kind, app_id, body, for_chats)
        with Logged():
            answer, connection = self._call(session, kind, app_id, body, for_chats)
            return _object(app_id, self._api.read(app_id, answer, connection), "answer")

    def fetch(self, session: Session, app_id: str) -> dict[str, Any]:
        """Describe an app: its parameters as in Dify, also as `data`; name, mode and the like."""
        with Logged():
            found = self._info(session, app_id)
            parameters = self._api.read_json(session, app_id, "GET", "/parameters")
            return {**parameters, **found, "data": parameters}

    def _call(
        self,
        session: Session,
        kind: str,
        app_id: str,
        body: dict[str, Any],
        for_chats: dict[str, Any],
    ) -> tuple[Response, Connection]:
        """Send a call by the route of the app's kind, which the first answer may have to tell."""
        kind = self._kinds.get(str(app_id), kind)
        untried = [other for other in _ROUTES if other != kind]
        while True:
            content = body | for_chats if kind == "chat" else body
            try:
                answer = self._api.request(session, app_id, "POST", _ROUTES[kind], content)
            except AppError as fault:
                if fault.status != 400 or fault.code not in _REFUSALS[kind] or not untried:
                    raise
                kind = self._kind_told(session, app_id, kind, untried, fault)
                continue
            self._kinds[app_id] = kind
            return answer

    def _kind_told(
        self, session: Session, app_id: str, kind: str, untried: list[str], refusal: AppError
    ) -> str:
        """Return the kind of an app that refused to be called as `kind`."""
        told = _KINDS.get(self._info(session, app_id).get("mode", ""))
        if told == kind:  # it is of that kind, and broken
            raise refusal
        if told is None:  # an older Dify does not tell
            told = untried[0]
        elif told not in untried:
            raise refusal
        untried.remove(told)
        return told

    def _info(self, session: Session, app_id: str) -> dict[str, Any]:
        return self._api.read_json(session, app_id, "GET", "/info")

    def _stream(
        self,
        session: Session,
        kind: str,
        app_id: str,
        body: dict[str, Any],
        for_chats: dict[str, Any],
    ) -> Iterator[dict[str, Any]]:
        with Logged():
            answer, connection = self._call(session, kind, app_id, body, for_chats)
            try:
                yield from _events(app_id, answer)
            except HttpError as fault:
                raise failure(app_id, fault) from None
            finally:
                self._api.release(answer, connection)


def _events(app_id: str, answer: Response) -> Iterator[dict[str, Any]]:
    """Yield the events of a streamed answer, but for pings, up to an `error`."""
    from endpoint_runtime.http_client.event_stream import EventTooLarge, read_events

    if answer.headers.get("content-type", "").startswith("application/json"):
        yield _object(app_id, answer.read(), "answer")
        return
    try:
        for name, data in read_events(answer.iter_chunks()):
            if name == "ping":
                continue
            event = _object(app_id, data.encode(), "event")
            if event.get("event") == "ping":
                continue
            if event.get("event") == "error":
                # No exception: in Dify it comes like any other, and plugins look for it.
                log(_event_error(app_id, event))
                yield event
                return
            yield event
    except EventTooLarge as fault:
        raise AppError(app_id, str(fault)) from None


def _as_uploads(value: Any) -> Any:
    """Return inputs with the files of `session.file.upload` as the Service API knows them."""
    if isinstance(value, dict):
        if value.get("transfer_method") == "tool_file" and "tool_file_id" in value:
            rest = {key: item for key, item in value.items() if key != "tool_file_id"}
            return rest | {
                "transfer_method": "local_file",
                "upload_file_id": value["tool_file_id"],
            }
        return {key: _as_uploads(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_uploads(item) for item in value]
    return value


def _object(app_id: str, data: bytes, what: str) -> dict[str, Any]:
    try:
        found = decode_json(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        said = data[:80].decode("utf-8", "replace")
        raise AppError(app_id, f"Dify sent an {what} that is not a JSON object: {said!r}")
    return found


def _event_error(app_id: str, event: dict[str, Any]) -> AppError:
    status = event.get("status")
    return AppError(
        app_id,
        str(event.get("message") or "the app failed"),
        status=status if isinstance(status, int) else 0,
        code=str(event.get("code") or ""),
    )
