"""Writes the command line that sends a request."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

_BODIES = ("POST", "PUT")
# What curl says by itself, or works out.
_OWN_HEADERS = ("accept", "content-length", "host", "user-agent", "connection", "accept-encoding")


def curl_line(method: str, url: str) -> str:
    """Return how an interface is called from a shell, in its simplest form."""
    words = ["curl", *_of_method(method), url]
    if method in _BODIES:
        words += ["-H", "Content-Type: application/json", "-d", "{}"]
    return shlex.join(words)


def curl_of(method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> str | None:
    """Return how a request that came is sent again from a shell; None where it can't be typed."""
    words = ["curl", *(() if body and method == "POST" else _of_method(method)), url]
    for name, value in headers:
        if name.lower() not in _OWN_HEADERS:
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if body:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return None
        if "\0" in text:
            return None
        words += ["--data-raw", text]
    return shlex.join(words)


def _of_method(method: str) -> list[str]:
    if method == "GET":
        return []
    return ["--head"] if method == "HEAD" else ["-X", method]
