"""Keeps other sites, and whoever has no token, away from the console's pages.

A page that the author of a plugin visits, or that a plugin serves, may send anything to any address
on this machine: DNS rebinding, forms and scripts of other origins are all refused here.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/_console"  # of every page
COOKIE = "packager_console"  # and the port: cookies do not know of ports
TOKEN = "token"  # noqa: S105 - the name of a parameter
_SAFE = ("GET", "HEAD")
_SAME = (None, "same-origin", "none")  # Sec-Fetch-Site of the console's own, or of who typed it
_OWN_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))
# What every answer has; a page may bring its own in place of them.
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    # Forms of pages without a referrer have no Origin that could be compared.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
_ENTER = """<!doctype html><html lang="en"><meta charset="utf-8"><title>packager</title>
<meta http-equiv="refresh" content="0; url={url}"><p><a href="{url}">Go on to the console</a></p>
"""


class Guard:
    """Lets requests through to `app` that its own pages make, or somebody at the address bar."""

    def __init__(
        self, app: ASGIApp, *, token: str | None = None, allowed_hosts: Collection[str] = ()
    ) -> None:
        """`allowed_hosts` are names besides those of this machine's loopback.

        With a `token` only those get in who have it in their URL once.
        """
        self._app = app
        self._token = token
        self._allowed = frozenset(name.lower() for name in allowed_hosts)
        self._session = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope)
        await (refused or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that goes no further."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_ours(_name_of(host), scope):
            return _refused(
                f"The console does not answer for the host {host[:100]!r}. Where that is its "
                "address, start it with --allow-host and the name.",
                421,
            )
        origin = headers.get("origin")
        if origin is not None and not self._is_same(origin, host):
            return _refused("Other sites may not ask the console for anything.", 403)
        if not _may_come_from(headers, scope["method"]):
            return _refused("Other sites may not use the console's pages.", 403)
        return self._stranger(scope, headers) if self._token is not None else None

    def _is_ours(self, name: str | None, scope: Scope) -> bool:
        """Whether a host is this machine, as far as names can't be pointed at it by others."""
        if name is None:
            return False
        if name in _OWN_NAMES or name in self._allowed:
            return True
        server = scope.get("server")  # the address that the connection came to
        return server is not None and name == str(server[0]).lower()

    def _is_same(self, origin: str, host: str) -> bool:
        """Whether a request comes from a page of the console: ports count, other than for sites."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if parts.scheme not in ("http", "https"):
            return False
        # A proxy of somebody's choice may call this server otherwise than the browser does.
        return parts.netloc.lower() == host.lower() or _name_of(parts.netloc) in self._allowed

    def _stranger(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to who has not shown the token, or shows it now."""
        server = scope.get("server") or ("", 0)
        cookie = f"{COOKIE}_{server[1]}"
        if _equal(cookie_parser(headers.get("cookie", "")).get(cookie, ""), self._session):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == TOKEN]
        if not given or scope["method"] not in _SAFE or not _equal(given[0], self._token or ""):
            return _refused(
                "Open the address with the token that `packager` wrote when it started.", 401
            )
        rest = urlencode([each for each in query if each[0] != TOKEN])
        # A page and no redirect: cookies of this kind don't follow a link from another site.
        path = "/" + scope["path"].lstrip("/")
        url = (urlencode({"": path}, safe="/")[1:] + ("?" + rest if rest else "")).replace(
            "&", "&amp;"
        )
        entered = HTMLResponse(_ENTER.format(url=url), headers={"referrer-policy": "no-referrer"})
        entered.set_cookie(cookie, self._session, path=PREFIX, httponly=True, samesite="strict")
        return entered


def _may_come_from(headers: Headers, method: str) -> bool:
    """Whether a browser says that a page of the console asks, or nobody's: "Sec-Fetch-Site"."""
    site = headers.get("sec-fetch-site")
    if site in _SAME:
        return True
    # A link to a page is no harm: nothing is changed, and nobody but the user sees it.
    return (
        method in _SAFE
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )


def _name_of(netloc: str) -> str | None:
    """Return the name or address in a host header, without the port; None if it is no host."""
    try:
        name = urlsplit(f"//{netloc}").hostname
    except ValueError:
        return None
    if not name or "@" in netloc or "/" in netloc:
        return None
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.removesuffix(".")


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _refused(message: str, status: int) -> Response:
    return PlainTextResponse(message + "\n", status)
