"""Sends requests to Dify's Service API with an app's key: deadlines, retries, errors.

Sources: Dify's documentation of the Service API, and api/controllers/service_api of
langgenius/dify: errors are JSON objects with `code`, `message` and `status`.
"""

from __future__ import annotations

import os
from time import sleep

from endpoint_runtime.dify.errors import AppError
from endpoint_runtime.dify.keys import STAND_IN, AppKeys
from endpoint_runtime.http_client import pool
from endpoint_runtime.http_client.connection import CertificateRefused, HttpError
from endpoint_runtime.json_codec import decode_json, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.http_client.connection import Connection, Response

BASE_URL = "https://api.dify.ai/v1"
_MAX_MESSAGE = 500  # characters of an error that is not JSON


class ServiceApi:
    """The Service API as one bundle is configured for it; threads share one.

    Literals of the bundle: DIFY_BASE_URL, APPS (see `keys`), PLUGIN.
    """

    def __init__(self, bundle: Any) -> None:
        self.keys = AppKeys(bundle)
        self._pool = pool.Pool(os.environ.get(STAND_IN) or bundle.DIFY_BASE_URL or BASE_URL)
        # What the apps see as their user where the plugin names none: conversations and files are a
        # user's, so it is one for all functions of a plugin, always.
        self.user = f"dify-plugin-{bundle.PLUGIN}"

    def request(
        self,
        session: Session,
        app_id: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
    ) -> tuple[Response, Connection]:
        """Send a request and return its answer, whose status is below 300; the caller releases it.

        `body` is sent as JSON, bytes as they are. Raises AppError. Repeated are requests that
        cannot have reached Dify, those that it refused with 429 and a `Retry-After` that fits in
        the time, GETs that the server failed at, and what was sent with a key that has changed.
        """
        deadline = pool.deadline_of(session)
        key = self.keys.get(app_id, deadline)
        headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json, text/event-stream",
            "User-Agent": pool.AGENT,
        }
        content = self._encoded(app_id, body)
        if content:
            headers["Content-Type"] = content_type
        for number in range(1, pool.TRIES + 1):
            pause = pool.pause_after(number)
            last = number == pool.TRIES
            connection = self._pool.take(session, deadline)
            try:
                answer = connection.request(
                    method, self._pool.path + path, headers, content, deadline=deadline
                )
            except HttpError as fault:
                again = not fault.sent or method == "GET"
                if last or not again or isinstance(fault, CertificateRefused):
                    raise failure(app_id, fault) from None
                if not pool.fits(pause, deadline):
                    raise failure(app_id, fault) from None
            except ValueError as fault:  # a key with a line break, a proxy that can't be used
                raise AppError(app_id, str(fault)) from None
            else:
                if answer.status < 300:
                    return answer, connection
                error = self._error(app_id, answer, connection)
                if answer.status == 401 and not last and self.keys.renew(app_id, key, deadline):
                    key = self.keys.get(app_id, deadline)
                    headers["Authorization"] = f"Bearer {key}"
                    continue
                if answer.status == 429:
                    wait = pool.asked_wait(answer)
                    again, pause = wait is not None, max(pause, wait or 0.0)
                else:
                    again = method == "GET" and answer.status >= 500
                if last or not again or not pool.fits(pause, deadline):
                    raise error
            sleep(pause)
        raise AssertionError("every try returns or raises")

    def read_json(
        self,
        session: Session,
        app_id: str,
        method: str,
        path: str,
        body: Any = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Send a request and return the JSON object that answers it; raises AppError."""
        answer, connection = self.request(session, app_id, method, path, body, **options)
        data = self.read(app_id, answer, connection)
        try:
            found = decode_json(data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise AppError(app_id, f"Dify's answer to {path} is not a JSON object")
        return found

    def read(self, app_id: str, answer: Response, connection: Connection) -> bytes:
        """Return an answer's whole body, and release the connection; raises AppError."""
        try:
            return answer.read()
        except HttpError as fault:
            raise failure(app_id, fault) from None
        finally:
            self.release(answer, connection)

    def release(self, answer: Response, connection: Connection) -> None:
        """Keep a connection for the next request if its answer is read, else close it."""
        self._pool.release(answer, connection)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()

    def _encoded(self, app_id: str, body: Any) -> bytes:
        if body is None or isinstance(body, bytes):
            return body or b""
        try:
            return encode_json(body)
        except (TypeError, ValueError, RecursionError) as fault:
            raise AppError(app_id, f"what it is called with is not valid JSON: {fault}") from fault

    def _error(self, app_id: str, answer: Response, connection: Connection) -> AppError:
        text = self._pool.read_refusal(answer, connection)
        try:
            found = decode_json(text)
        except ValueError:
            found = None
        if isinstance(found, dict):
            code, message = found.get("code"), found.get("message")
            if code or message:
                return AppError(
                    app_id, str(message or code), status=answer.status, code=str(code or "")
                )
        detail = ""
        if answer.status < 400:
            target = answer.headers.get("location", "-")
            message = f"Dify redirects to {target}: check dify.base_url"
        elif answer.headers.get("content-type", "").startswith("text/html") or not text:
            message = f"Dify answered with status {answer.status}"
            detail = "Dify's answer says no more"
        else:
            message = text.decode("utf-8", "replace")[:_MAX_MESSAGE]
        return AppError(app_id, message, status=answer.status, detail=detail)


def failure(app_id: str, fault: HttpError) -> AppError:
    """Return the error for a call without a whole answer; one that waited has the SDK's words."""
    message, detail = pool.words_of(fault)
    return AppError(app_id, message, detail=detail)
