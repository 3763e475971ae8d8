"""The apps of the Dify stand-in: what they answer, and the events of it, by rule.

A chat answers with the query, numbered by its turn in the conversation; a workflow gives its inputs
as outputs; a completion gives its inputs as text.
"""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from packager.local.fake_dify.events import (
    CREATED_AT,
    NAMESPACE,
    StreamedAnswer,
    chat_events,
    message_events,
    pieces_of,
    workflow_events,
)
from packager.local.fake_dify.refusals import ApiRefusal, inputs_of, is_streaming, user_of
from packager.local.fake_dify.script import MODES, Script, Turn

_USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 5,
    "total_tokens": 8,
    "total_price": "0.0000080",
    "currency": "USD",
    "latency": 0.1,
}


class Workspace:
    """All apps, and the conversations and files that they share between requests.

    They answer as the `script` says, and by rule where it says nothing. `reply` is what every chat
    answers, in place of the rule; `events` how many pieces a streamed answer has, in place of one
    per word. An older Dify does not say an app's mode (`tells_mode`).
    """

    def __init__(
        self,
        modes: Mapping[str, str],
        *,
        reply: str | None = None,
        events: int | None = None,
        tells_mode: bool = True,
        script: Script | None = None,
    ) -> None:
        self._modes = modes
        self._script = script or Script()
        self._reply = reply
        self._events = events
        self._tells_mode = tells_mode
        self._namespace = NAMESPACE
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.conversations: dict[str, tuple[str, str, list[str]]] = {}  # app, user, queries
        self.files: dict[str, bytes] = {}

    def continue_with(self, conversations: Mapping[str, tuple[str, str, list[str]]]) -> None:
        """Take up conversations of an earlier workspace; ids are none of those it gave."""
        self.conversations |= conversations
        self._namespace = uuid.uuid4()

    def mode(self, app_id: str) -> str | None:
        """Return an app's mode; None for one that is whatever it is called as."""
        said = self._script.mode(app_id) or self._modes.get(app_id)
        if said is not None:
            return said
        return next((mode for mode in MODES if app_id.startswith(mode)), None)

    def chat(self, app_id: str, body: Mapping[str, Any]) -> Any:
        """Answer `POST /chat-messages`."""
        mode = self.mode(app_id) or "chat"
        user = user_of(body)
        if mode not in ("chat", "agent-chat", "advanced-chat"):
            raise ApiRefusal(
                400, "not_chat_app", "Please check if your app mode matches the right API route."
            )
        inputs = inputs_of(body)
        query = body.get("query")
        if not isinstance(query, str):
            raise ApiRefusal(400, "invalid_param", "query is required")
        streaming = is_streaming(body)
        if not query:
            raise ApiRefusal(400, "invalid_param", "query is required")
        if mode == "agent-chat" and not streaming:
            message = "Agent Chat App does not support blocking mode"
            raise ApiRefusal(400, "invalid_param", message)
        self._check_files(inputs)
        with self._lock:
            conversation_id, queries = self._conversation(app_id, user, body)
            turn = self._script.turn(app_id, query, len(queries) + 1)
            _refuse_as(turn)
            queries.append(query)
            answer = self._reply if self._reply is not None else f"[{len(queries)}] {query}"
            answer = turn.text(query, len(queries)) if turn is not None else answer
            ids = {
                "task_id": self._id(),
                "message_id": self._id(),
                "conversation_id": conversation_id,
            }
            run_id = self._id()
        metadata = {"usage": _USAGE, "retriever_resources": []}
        if not streaming:
            return {
                "event": "message",
                **ids,
                "id": ids["message_id"],
                "mode": mode,
                "answer": answer,
                "metadata": metadata,
                "created_at": CREATED_AT,
            }
        return chat_events(mode, self._streamed(ids, answer, metadata), run_id, query)

    def completion(self, app_id: str, body: Mapping[str, Any]) -> Any:
        """Answer `POST /completion-messages`."""
        user_of(body)
        if (self.mode(app_id) or "completion") != "completion":
            message = "App unavailable, please check your app configurations."
            raise ApiRefusal(400, "app_unavailable", message)
        inputs = inputs_of(body)
        self._check_files(inputs)
        said = ", ".join(f"{name}={value}" for name, value in inputs.items())
        turn = self._script.turn(app_id, said)
        _refuse_as(turn)
        answer = said if self._reply is None else self._reply
        answer = turn.text(said, 1) if turn is not None else answer
        with self._lock:
            ids = {"task_id": self._id(), "message_id": self._id()}
        metadata = {"usage": _USAGE}
        if not is_streaming(body):
            return {
                "event": "message",
                **ids,
                "id": ids["message_id"],
                "mode": "completion",
                "answer": answer,
                "metadata": metadata,
                "created_at": CREATED_AT,
            }
        return message_events("message", self._streamed(ids, answer, metadata))

    def workflow(self, app_id: str, body: Mapping[str, Any]) -> Any:
        """Answer `POST /workflows/run`."""
        user_of(body)
        if (self.mode(app_id) or "workflow") != "workflow":
            message = "Please check if your app mode matches the right API route."
            raise ApiRefusal(400, "not_workflow_app", message)
        inputs = inputs_of(body)
        self._check_files(inputs)
        text = ", ".join(f"{name}={value}" for name, value in inputs.items())
        turn = self._script.turn(app_id, text)
        outputs = dict(inputs)
        if turn is not None:
            text = turn.text(text, 1)
            outputs = {"text": text} if turn.outputs is None else dict(turn.outputs)
        with self._lock:
            task_id, run_id = self._id(), self._id()
        # A workflow that ends in an error is no error of the call.
        error = turn.error.message if turn is not None and turn.error else inputs.get("fail")
        data = {
            "id": run_id,
            "workflow_id": str(uuid.uuid5(NAMESPACE, app_id)),
            "status": "failed" if error else "succeeded",
            "outputs": {} if error else outputs,
            "error": str(error) if error else None,
            "elapsed_time": 0.1,
            "total_tokens": 8,
            "total_steps": 2,
            "created_at": CREATED_AT,
            "finished_at": CREATED_AT + 1,
        }
        if not is_streaming(body):
            return {"task_id": task_id, "workflow_run_id": run_id, "data": data}
        ids = {"task_id": task_id, "workflow_run_id": run_id}
        return workflow_events(ids, data, pieces_of(text, self._events))

    def upload(self, app_id: str, form: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `POST /files/upload`."""
        file = form.get("file")
        if not isinstance(file, dict):
            raise ApiRefusal(400, "no_file_uploaded", "Please upload your file.")
        if not form.get("user"):
            raise ApiRefusal(400, "invalid_param", "Arg user must be provided.")
        with self._lock:
            file_id, user_id = self._id(), self._id()
            self.files[file_id] = file["content"]
        _, dot, extension = file["filename"].rpartition(".")
        return {
            "id": file_id,
            "name": file["filename"],
            "size": len(file["content"]),
            "extension": extension if dot else "",
            "mime_type": file["mime_type"],
            "created_by": user_id,
            "created_at": CREATED_AT,
            "preview_url": None,
        }

    def info(self, app_id: str) -> dict[str, Any]:
        """Answer `GET /info`."""
        found = {"name": f"App {app_id}", "description": "", "tags": []}
        if self._tells_mode:
            found |= {"mode": self.mode(app_id) or "chat", "author_name": "Fake Dify"}
        return found

    def parameters(self, app_id: str) -> dict[str, Any]:
        """Answer `GET /parameters`."""
        off = {"enabled": False}
        return {
            "opening_statement": f"Hello from {app_id}",
            "suggested_questions": [],
            "suggested_questions_after_answer": off,
            "speech_to_text": off,
            "text_to_speech": {"enabled": False, "language": "", "voice": ""},
            "retriever_resource": {"enabled": True},
            "annotation_reply": off,
            "more_like_this": off,
            "user_input_form": [
                {
                    "text-input": {
                        "label": "Name",
                        "variable": "name",
                        "required": False,
                        "default": "",
                    }
                }
            ],
            "sensitive_word_avoidance": off,
            "file_upload": {
                "image": {
                    "enabled": True,
                    "number_limits": 3,
                    "transfer_methods": ["remote_url", "local_file"],
                }
            },
            "system_parameters": {
                "image_file_size_limit": 10,
                "video_file_size_limit": 100,
                "audio_file_size_limit": 50,
                "file_size_limit": 15,
                "workflow_file_upload_limit": 10,
            },
        }

    def site(self, app_id: str) -> dict[str, Any]:
        """Answer `GET /site`."""
        return {"title": f"App {app_id}", "default_language": "en-US", "description": ""}

    def _conversation(
        self, app_id: str, user: str, body: Mapping[str, Any]
    ) -> tuple[str, list[str]]:
        wanted = body.get("conversation_id")
        if not wanted:
            conversation_id = self._id()
            _, _, queries = self.conversations[conversation_id] = (app_id, user, [])
            return conversation_id, queries
        try:
            conversation_id = str(uuid.UUID(wanted))
        except (ValueError, TypeError, AttributeError):
            raise ApiRefusal(400, "invalid_param", f"{wanted} is not a valid uuid.") from None
        of_app, of_user, queries = self.conversations.get(conversation_id, ("", "", []))
        if (of_app, of_user) != (app_id, user):
            raise ApiRefusal(404, "not_found", "Conversation Not Exists.")
        return conversation_id, queries

    def _check_files(self, value: Any) -> None:
        """Refuse inputs with files that were not uploaded here."""
        if isinstance(value, dict):
            method = value.get("transfer_method")
            if method == "tool_file" or (
                method == "local_file" and value.get("upload_file_id") not in self.files
            ):
                raise ApiRefusal(400, "invalid_param", "Invalid upload file")
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                self._check_files(item)

    def _streamed(self, ids: dict[str, str], text: str, metadata: dict[str, Any]) -> StreamedAnswer:
        return StreamedAnswer(ids, text, pieces_of(text, self._events), metadata)

    def _id(self) -> str:
        return str(uuid.uuid5(self._namespace, str(next(self._numbers))))


def _refuse_as(turn: Turn | None) -> None:
    """Raise `ApiRefusal` where an error is scripted."""
    if turn is not None and turn.error is not None:
        raise ApiRefusal(turn.error.status, turn.error.code, turn.error.message)
