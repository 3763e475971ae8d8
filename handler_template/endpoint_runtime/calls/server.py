"""Sends requests to one HTTP API that answers calls: deadlines, retries, errors.

Sent again is what cannot have been done: requests that did not reach the server, those that it
refused with 429 and a `Retry-After` that fits in the time, and what was sent with a key that has
changed since.
"""

from __future__ import annotations

from time import sleep

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.http_client import pool
from endpoint_runtime.http_client.connection import CertificateRefused, HttpError
from endpoint_runtime.json_codec import decode_json, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Protocol

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.http_client.connection import Connection, Response
    from endpoint_runtime.http_client.tls import Trust

    class Authorization(Protocol):
        """What requests are authorized by: asked before each try, which ends at a deadline.

        After an answer of the status `renew_at` it is asked once for another key than was `sent`.
        """

        renew_at: int

        def headers(
            self, method: str, path: str, body: bytes, deadline: float | None
        ) -> Mapping[str, str]:
            """Return the headers of one try."""

        def renew(self, sent: Mapping[str, str], deadline: float | None) -> bool:
            """Return whether there is another key now."""


_LINGER = 0.05  # seconds that the end of an answer may take after its last word
_MOST_REST = 1 << 16  # bytes


class Server:
    """An API at `url`; threads share one.

    `trust` says which roots are trusted (see `http_client`).
    """

    def __init__(
        self,
        url: str,
        authorization: Authorization | None = None,
        trust: Sequence[Trust] | None = None,
    ) -> None:
        self._pool = pool.Pool(url, trust)
        self._authorization = authorization

    def send(
        self,
        session: Session,
        path: str,
        body: Any,
        *,
        method: str = "POST",
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Send a request and return its answer, whose status is below 300; the caller closes it.

        `body` is sent as JSON, or bytes of the content type `kind`; `headers` go with it. Raises
        CallError.
        """
        deadline = pool.deadline_of(session)
        content = body if isinstance(body, bytes) else _encoded(body)
        kind = kind or ("application/json" if content else "")
        target = self._pool.path + path or "/"
        authorization, renewed = self._authorization, False
        for number in range(1, pool.TRIES + 1):
            pause = pool.pause_after(number)
            sent = {"User-Agent": pool.AGENT, **({"Content-Type": kind} if kind else {})}
            sent |= headers or {}
            if authorization is not None:
                sent |= authorization.headers(method, target, content, deadline)
            connection = self._pool.take(session, deadline)
            try:
                answer = connection.request(method, target, sent, content, deadline=deadline)
            except HttpError as fault:
                refused = fault.sent or isinstance(fault, CertificateRefused)
                if refused or number == pool.TRIES or not pool.fits(pause, deadline):
                    raise failure(fault) from None
            except ValueError as fault:  # a key with a line break, a proxy that can't be used
                raise CallError(str(fault)) from None
            else:
                if answer.status < 300:
                    return Exchange(self._pool, answer, connection)
                from endpoint_runtime.calls.refusals import refusal  # few calls need it

                text = self._pool.read_refusal(answer, connection)
                error = refusal(self._pool.host, answer.status, answer.headers, text, sent)
                if authorization is not None and not renewed and number < pool.TRIES:
                    refused = error.status == authorization.renew_at
                    renewed = refused and authorization.renew(sent, deadline)
                    if renewed:
                        continue
                wait = pool.asked_wait(answer)
                if wait is None and "x-amzn-requestid" in answer.headers:
                    wait = 0.0  # AWS says no time, and is asked again
                if error.status != 429 or wait is None or number == pool.TRIES:
                    raise error
                pause = max(pause, wait)
                if not pool.fits(pause, deadline):
                    raise error
            sleep(pause)
        raise AssertionError("every try returns or raises")

    def read_json(self, session: Session, path: str, body: Any, **options: Any) -> dict[str, Any]:
        """Send a request and return the JSON object that answers it; raises CallError."""
        with self.send(session, path, body, **options) as exchange:
            return exchange.read_json()

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()


def server_and_path(url: str, authorization: Authorization | None = None) -> tuple[Server, str]:
    """Return the server of a URL that is no base of others, and the path there as it is said:
    servers tell `/mcp` from `/mcp/`."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return Server(f"{scheme}://{host}", authorization), slash + path


class Exchange:
    """An answer whose status is good: read it, then leave the context, which releases it."""

    def __init__(self, kept: pool.Pool, answer: Response, connection: Connection) -> None:
        self.headers = answer.headers
        self.status = answer.status
        self.is_encrypted = kept.is_encrypted
        self._pool = kept
        self._answer = answer
        self._connection = connection

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Keep the connection if all was read, else close it."""
        self._pool.release(self._answer, self._connection)

    def drain(self) -> None:
        """Read the rest of an answer that is over, if it comes at once: the connection is kept."""
        self._connection.stall = _LINGER
        try:
            self._answer.read(_MOST_REST)
        except HttpError:
            pass  # which has closed it

    def chunks(self) -> Iterator[bytes]:
        """Yield the body's bytes as they come; raises CallError."""
        try:
            yield from self._answer.iter_chunks()
        except HttpError as fault:
            raise failure(fault) from None

    def read(self) -> bytes:
        """Return the whole body; raises CallError."""
        try:
            return self._answer.read()
        except HttpError as fault:
            raise failure(fault) from None

    def read_json(self) -> dict[str, Any]:
        """Return the JSON object that the body is; raises CallError."""
        return json_object(self.read())


def json_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object that `data` is; raises CallError."""
    try:
        found = decode_json(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        said = data[:80].decode("utf-8", "replace")
        raise CallError(f"the answer is not a JSON object: {said!r}")
    return found


def failure(fault: HttpError) -> CallError:
    """Return the error for a call without a whole answer; one that waited has the SDK's words."""
    message, detail = pool.words_of(fault)
    return CallError(message, detail=detail)


def _encoded(body: Any) -> bytes:
    if body is None:
        return b""
    try:
        return encode_json(body)
    except (TypeError, ValueError, RecursionError) as fault:
        raise CallError(f"what it is called with is not valid JSON: {fault}") from fault
