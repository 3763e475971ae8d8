"""Fetches what a configuration names by its URL, within bounds of size and time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from packager.dataclass import dataclass

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

SECONDS = 20.0  # for all of it: names, redirects, the last byte
_REDIRECTS = 5
_SCHEMES = ("http", "https")


class FetchFault(Exception):
    """Nothing could be fetched; the message says why, without the URL."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched, and the URL that had it in the end."""

    content: bytes
    url: str


def fetch(url: str, most: int, seconds: float = SECONDS) -> Fetched:
    """Return what a GET of `url` answers with, of at most `most` bytes.

    No credentials are sent: neither those of a URL, nor a netrc file's, nor cookies. Raises
    FetchFault.
    """
    check_url(url)
    done: list[Fetched | FetchFault] = []

    def run() -> None:
        try:
            done.append(_got(url, most, seconds))
        except FetchFault as fault:
            done.append(fault)
        except Exception as error:  # servers can make urllib and http.client raise anything
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            done.append(FetchFault(f"can't be fetched: {reason}"))

    # A server that sends a byte now and then, and a slow resolver, are bounded by nothing else.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not done:
        raise FetchFault(f"can't be fetched: it was not there within {seconds:g} seconds")
    if isinstance(done[0], FetchFault):
        raise done[0]
    return done[0]


def check_url(url: str) -> None:
    """Raise FetchFault for what `fetch` would not ask for."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it may be no number
    except ValueError:
        raise FetchFault("is not a URL") from None
    if parts.username is not None or parts.password is not None:
        raise FetchFault("expected a URL without a user and a password")
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in _SCHEMES or not parts.hostname or not plain:
        raise FetchFault("is not a URL such as https://api.example.com/openapi.json")


def _got(url: str, most: int, seconds: float) -> Fetched:
    from urllib.error import HTTPError
    from urllib.request import Request

    headers = {"Accept": "application/json, application/yaml, */*", "User-Agent": "packager"}
    request = Request(url, headers=headers)  # noqa: S310 - of http or https
    try:
        with _opener().open(request, timeout=seconds) as answer:
            content = answer.read(most + 1)
            if len(content) > most:
                raise FetchFault(f"has more than {most} bytes")
            if answer.length:
                raise FetchFault("can't be fetched: the answer broke off")
            return Fetched(content, answer.geturl())
    except HTTPError as error:
        with error:
            raise FetchFault(f"can't be fetched: the server answered {error.code}") from None


def _opener() -> OpenerDirector:
    """Return what opens http and https alone, through the proxies of the environment."""
    from urllib import request as library

    class Redirects(library.HTTPRedirectHandler):
        max_redirections = _REDIRECTS

        def redirect_request(self, *given: Any) -> library.Request | None:
            asked, answer, new = given[0], given[1], str(given[-1])
            try:
                check_url(new)
                if asked.type == "https" and urlsplit(new).scheme != "https":
                    raise FetchFault("can't be fetched: it leads from https to http")
            except FetchFault:
                answer.close()
                raise
            return super().redirect_request(*given)

    opener = library.OpenerDirector()
    for handler in (
        library.ProxyHandler(),
        library.HTTPHandler(),
        library.HTTPSHandler(),
        library.HTTPDefaultErrorHandler(),
        Redirects(),
        library.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
