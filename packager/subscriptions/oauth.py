"""OAuth for a subscription: the address to authorize it at, and what the browser comes back with.

The browser is sent back to a server of this machine, or, where a service refuses such an address
or the browser is elsewhere, its user copies the address that it was sent to, or the code in it.
What comes back has to have the state that went out (RFC 6749, section 10.12).
"""

from __future__ import annotations

import hmac
import html
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

from packager.dataclass import dataclass
from packager.errors import PackagerError, UsageError
from packager.subscriptions.constructor import Constructor

PATH = "/oauth/callback"
PORT = 8976  # by default: services want the exact address of a redirect
WAIT = 300.0  # seconds for whoever is to consent
_CLOSE = "<p>You may close this page and go back to the terminal."
_GO_ON = '<meta http-equiv="refresh" content="0; url={0}"><p><a href="{0}">Go on</a>'


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a browser is to open, and what is to come back from there."""

    url: str
    state: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Granted:
    """The credentials that OAuth gave; `expires_at` in seconds since the epoch, -1: never."""

    credentials: Mapping[str, Any]
    expires_at: int


def begin(constructor: Constructor, client: Mapping[str, Any], redirect_uri: str) -> Authorization:
    """Return where the user consents; the state in it is the plugin's, or made here."""
    url = str(constructor.call("authorize", redirect_uri=redirect_uri, client=dict(client)))
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise PackagerError("the plugin's address to authorize it at is none for a browser")
    state = (parse_qs(parts.query).get("state") or [""])[0]
    if not state:
        state = secrets.token_urlsafe(24)
        query = "&".join(filter(None, (parts.query, urlencode({"state": state}))))
        url = urlunsplit(parts._replace(query=query))
    return Authorization(url, state, redirect_uri)


def finish(
    constructor: Constructor,
    client: Mapping[str, Any],
    authorization: Authorization,
    came_back: str,
) -> Granted:
    """Return the credentials for what came back: an address, or its code alone.

    Raises `UsageError` for an address without the state that went out.
    """
    url = returned_url(authorization, came_back)
    got = constructor.call(
        "credentials", redirect_uri=authorization.redirect_uri, client=dict(client), url=url
    )
    return Granted(dict(got["credentials"]), int(got["expires_at"]))


def returned_url(authorization: Authorization, came_back: str) -> str:
    """Return the address that a browser was sent back to; raise `UsageError` for another."""
    text = came_back.strip()
    if not text:
        raise UsageError("nothing was pasted", hint="paste the address, or the code in it")
    if not text.startswith(("https://", "http://")):
        code = urlencode({"code": text, "state": authorization.state}, quote_via=quote)
        return f"{authorization.redirect_uri}?{code}"
    query = parse_qs(urlsplit(text).query, keep_blank_values=True)
    state = (query.get("state") or [""])[0]
    if not hmac.compare_digest(state.encode(), authorization.state.encode()):
        raise UsageError(
            "what came back does not belong to this authorization: its state is another",
            hint="begin again, and use the page that is opened then",
        )
    return text


class Redirects:
    """A server on 127.0.0.1 that takes what browsers are sent back to."""

    def __init__(self, port: int) -> None:
        """Raise `PackagerError` where the port can't be had; 0 is any that is free."""
        self._came = threading.Event()
        self._landing = ""
        self._url: str | None = None
        self._state = ""
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        except OSError as error:
            raise PackagerError(
                f"port {port} of this machine can't be had: {error.strerror}",
                hint="choose another with --oauth-port, which the service has to know, or --paste",
            ) from None
        self._server.daemon_threads = True

    @property
    def redirect_uri(self) -> str:
        """The address that the service is to send browsers to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    @property
    def page(self) -> str:
        """What a browser is shown that came back: HTML."""
        return _GO_ON.format(html.escape(self._landing)) if self._landing else _CLOSE

    @property
    def came_back(self) -> str | None:
        """The address that a browser came back to; None while none did."""
        return self._url

    def expect(self, state: str, landing: str = "") -> None:
        """Take what has this state, and nothing else, from now on.

        The browser is sent on to `landing`, if there is one.
        """
        self._state, self._landing = state, landing

    def take(self, url: str) -> bool:
        """Take a request's address if it is what is waited for; return whether it is."""
        query = parse_qs(urlsplit(url).query, keep_blank_values=True)
        state = (query.get("state") or [""])[0]
        same = hmac.compare_digest(state.encode(), self._state.encode())
        if not self._state or not same or self._url is not None:
            return False
        self._url = url
        self._came.set()
        return True

    def wait(self, seconds: float = WAIT) -> str:
        """Return the address that a browser came back to; raise `PackagerError` if none does."""
        if not self._came.wait(seconds) or self._url is None:
            raise PackagerError(
                f"nobody came back from the service within {seconds:g} s",
                hint="where it refuses this machine's address, use --paste",
            )
        return self._url

    @contextmanager
    def serving(self) -> Iterator[Redirects]:
        """Serve for as long as the context."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _handler_of(redirects: Redirects) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            host = self.headers.get("Host", "")
            known = urlsplit(redirects.redirect_uri).netloc
            path = self.path.partition("?")[0]
            if host != known or path != PATH:
                self._answer(404, "<p>There is nothing here.")
            elif redirects.take(f"http://{host}{self.path}"):
                self._answer(200, redirects.page)
            else:
                self._answer(400, "<p>This does not belong to what was begun here. Begin again.")

        def _answer(self, status: int, text: str) -> None:
            body = f"<!doctype html><title>packager</title>{text}</p>\n".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a code is in the address."""

    return Handler
