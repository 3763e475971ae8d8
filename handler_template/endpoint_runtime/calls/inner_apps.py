"""`session.app` and `session.file` by a self-hosted Dify's inner API, where no app has a key."""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.answering import Calls


class InnerApps:
    """The apps of the workspace; threads share one."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def invoke(self, session: Session, kind: str, app_id: str, given: Mapping[str, Any]) -> Any:
        """Call an app as the SDK's call is `given`: a generator of events, or one dict."""
        filled = {"app_id": app_id, **{name: each or "" for name, each in given.items()}}
        events = self._calls.invoke(session, "app", filled | {"inputs": given["inputs"] or {}})
        streams = given["response_mode"] == "streaming"
        return _without_pings(events) if streams else _only(events, "app")

    def fetch(self, session: Session, app_id: str) -> dict[str, Any]:
        """Describe an app: its parameters, which the daemon takes out of `data`; also as that."""
        found = _only(self._calls.invoke(session, "fetch_app", {"app_id": app_id}), "fetch app")
        parameters = found.get("data")
        if not isinstance(parameters, dict):
            raise CallError("fetch app failed: data is nil")
        return {**parameters, "data": parameters}


class InnerFiles:
    """Files of the workspace; threads share one."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def upload(
        self, session: Session, filename: str, content: Any, mimetype: str
    ) -> dict[str, Any]:
        """Hand a file to Dify, at an address that it gives for that; return what it is there."""
        from endpoint_runtime.calls.server import server_and_path
        from endpoint_runtime.http_client.form_data import file_bytes, form_data

        asked = {"filename": filename, "mimetype": mimetype}
        url = str(_only(self._calls.invoke(session, "upload_file", asked), "upload file")["url"])
        scheme, _, rest = url.partition("://")
        if scheme not in ("http", "https") or rest[:1] in ("", "/"):
            message = "Dify gives no address for uploads: its FILES_URL is not set"
            raise CallError(message, call="upload file")
        server, path = server_and_path(url)
        body, kind = form_data({}, filename, file_bytes(content), mimetype)
        try:
            return server.read_json(session, path, body, kind=kind)
        finally:
            server.close()


def _without_pings(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for event in events:
        if event.get("event") != "ping":
            yield event


def _only(answers: Iterator[dict[str, Any]], what: str) -> dict[str, Any]:
    for answer in answers:
        return answer
    raise CallError(f"No response from {what}")
