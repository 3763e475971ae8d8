"""A request's headers in the environ, and what follows from them: scheme, server, public URLs.

And what names and values headers have at all.

Those that a client could forge something with stay out (docs/events.md says which).
"""

from __future__ import annotations

from endpoint_runtime.gateway.paths import ALB, wsgi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Dify's daemon drops these, as a client can forge them; the address is in REMOTE_ADDR.
# Transfer-Encoding describes a framing that is gone: the body arrives whole.
FORGEABLE = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED", "HTTP_TRANSFER_ENCODING")
FORGEABLE_PREFIX = "HTTP_X_ORIGINAL_"
# Set here, whatever a client sends.
OURS = ("HTTP_DIFY_HOOK_ID", "HTTP_DIFY_HOOK_URL")

# The environ's keys of header names seen before, for the life of the process.
_KEYS: dict[str, str] = {}
_MAX_KEYS = 512
# What follows from source, Host, X-Forwarded-Proto and -Port, for as long: a function has few.
_SERVERS: dict[tuple[str | None, ...], tuple[str, str, str, str]] = {}
_MAX_SERVERS = 64
_isascii = str.isascii  # a TypeError for what is no text
_TOKEN_MARKS = frozenset("!#$%&'*+-.^_`|~")  # what a header's name holds besides letters, digits
_SINGLE = ("HTTP_HOST", "CONTENT_TYPE", "CONTENT_LENGTH")  # the first value counts
_NOT_HTTP = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}


def add_headers(environ: dict[str, Any], event: dict[str, Any]) -> None:
    """Add HTTP_* of the multi-value map, what only the single-value map has, and the cookies."""
    many = event.get("multiValueHeaders")
    one = event.get("headers")
    keys = _KEYS
    if many:
        size = len(environ) + len(many)
        try:  # as nearly all come: names that are known, one value each, in ASCII
            for name, (value,) in many.items():
                if _isascii(value):
                    environ[keys[name]] = value
        except (KeyError, TypeError, ValueError):
            size = -1
        if len(environ) != size:
            _add_many(environ, many)
        if one and [*one] != [*many]:  # comparing views of their keys takes three times as long
            seen = {_key(name) for name in many}
            for name, value in one.items():
                if _key(name) not in seen:
                    _add(environ, name, value)
    elif one:
        size = len(environ) + len(one)
        try:
            for name, value in one.items():
                if _isascii(value):
                    environ[keys[name]] = value
        except (KeyError, TypeError):
            size = -1
        if len(environ) != size:
            _drop(environ, one)
            for name, value in one.items():
                _add(environ, name, value)
    cookies = event.get("cookies")
    if cookies:
        environ["HTTP_COOKIE"] = wsgi("; ".join(cookies))
    environ.pop("", None)  # where those went that must not get in


def _add_many(environ: dict[str, Any], many: dict[str, Any]) -> None:
    """Add headers of any number of values, in place of what is there of them."""
    _drop(environ, many)
    for name, values in many.items():
        if isinstance(values, list):
            _add_all(environ, name, values)
        else:
            _add(environ, name, values)


def _drop(environ: dict[str, Any], names: Iterable[str]) -> None:
    for name in names:
        environ.pop(_key(name), None)


def _key(name: str) -> str:
    """The environ's key of a header, or "" for one that must not get in.

    `X_Y` and `X-Y` would be the same key, so a header with an underscore could forge the one
    with a hyphen; the reference implementation refuses such requests, servers drop the header.
    """
    key = _KEYS.get(name)
    if key is not None:
        return key
    if "_" in name or not name or not name.isascii():
        key = ""
    else:
        key = "HTTP_" + name.upper().replace("-", "_")
        key = _NOT_HTTP.get(key, key)
        if key in FORGEABLE or key in OURS or key.startswith(FORGEABLE_PREFIX):
            key = ""
    if len(_KEYS) < _MAX_KEYS:
        _KEYS[name] = key
    return key


def _add(environ: dict[str, Any], name: str, value: object) -> None:
    """Add one value of a header, joined to those before it."""
    key = _key(name)
    if value is None or not key:
        return
    text = wsgi(value if isinstance(value, str) else str(value))
    if key not in environ:
        environ[key] = text
    elif key == "HTTP_COOKIE":
        environ[key] += "; " + text
    elif key not in _SINGLE:
        environ[key] += ", " + text


def _add_all(environ: dict[str, Any], name: str, values: list[object]) -> None:
    """Add all values of a header, in one go: one by one, very many take their number squared."""
    key = _key(name)
    there = [value for value in values if value is not None]
    if not key or not there:
        return
    if key in _SINGLE:
        _add(environ, name, there[0])
    else:
        texts = [value if isinstance(value, str) else str(value) for value in there]
        _add(environ, name, ("; " if key == "HTTP_COOKIE" else ", ").join(texts))


def add_server(environ: dict[str, Any], details: dict[str, Any], source: str) -> str:
    """Set the scheme, SERVER_NAME and SERVER_PORT, and a Host where there is none.

    Returns the server's root URL. Gateways set X-Forwarded-Proto and -Port themselves; where a
    proxy before them did too, the last entry is theirs.
    """
    get = environ.get
    known = (
        source,
        get("HTTP_HOST"),
        get("HTTP_X_FORWARDED_PROTO"),
        get("HTTP_X_FORWARDED_PORT"),
    )
    server = _SERVERS.get(known)
    if server is None:
        for key in ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_PORT"):
            if "," in environ.get(key, ""):
                environ[key] = environ[key].rpartition(",")[2].strip()
        server = _server(environ, details, source)
        # What was put right here has to be put right every time.
        right = "," not in (known[2] or "") + (known[3] or "") and environ["HTTP_HOST"] == known[1]
        if right and len(_SERVERS) < _MAX_SERVERS:
            _SERVERS[known] = server
    environ["wsgi.url_scheme"], environ["SERVER_NAME"], environ["SERVER_PORT"], url = server
    return url


def _server(
    environ: dict[str, Any], details: dict[str, Any], source: str
) -> tuple[str, str, str, str]:
    """The scheme, SERVER_NAME, SERVER_PORT and root URL; sets a Host where there is none."""
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").lower()
    if scheme not in ("http", "https"):
        scheme = "http" if source == ALB else "https"
    host: str = environ.get("HTTP_HOST", "")
    if not host:
        domain = details.get("domainName")
        host = wsgi(domain) if isinstance(domain, str) and domain else "localhost"
        environ["HTTP_HOST"] = host
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdigit():
        name = host
        port = environ.get("HTTP_X_FORWARDED_PORT", "")
    if not port.isdigit():
        port = "443" if scheme == "https" else "80"
    return scheme, name, port, root_url(scheme, host)


def root_url(scheme: str, host: str) -> str:
    """A server's URL, without the port that its scheme implies, without a slash or a line break."""
    host = host.replace("\r", " ").replace("\n", " ")
    return f"{scheme}://{host.removesuffix(':443' if scheme == 'https' else ':80')}"


def as_header(url: str) -> str:
    """What `Dify-Hook-Url` says: the public URL of this request, without its query.

    The path in it stays decoded, as it does in Dify: internal/service/endpoint.go of
    langgenius/dify-plugin-daemon puts the path that gin decoded behind the hook's URL, and Go's
    net/http makes blanks of line breaks in a header's value and takes blanks off its end.
    """
    return url.replace("\r", " ").replace("\n", " ").rstrip(" \t")


def is_field_name(name: str) -> bool:
    """Whether a header may have this name: a token of RFC 9110."""
    if type(name) is not str or not name or not name.isascii():
        return False
    return all(mark.isalnum() or mark in _TOKEN_MARKS for mark in name)


def is_field_value(value: str) -> bool:
    """Whether a header may have this value: no control characters but tabs, no half of a pair."""
    if type(value) is not str:
        return False
    return value.isprintable() or not any(
        (mark < " " and mark != "\t") or mark == "\x7f" or "\ud800" <= mark <= "\udfff"
        for mark in value
    )
