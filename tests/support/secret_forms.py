"""How a secret may be spelt, and how a reader would get it back; for masks and for leaks."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import json
import re
import shlex
import textwrap
import urllib.parse
from collections.abc import Callable, Iterator

import yaml

Encoder = Callable[[str], str]


def lower_escapes(text: str) -> str:
    return re.sub("%..|&#x..;", lambda found: found[0].lower(), text)


def swapped_escapes(text: str) -> str:
    """Quoted for a URL with hexadecimal digits of both cases."""
    quoted = urllib.parse.quote(text, "")
    return re.sub("%..", lambda found: "%" + found[0][1:].swapcase()[::1].title(), quoted)


def javascript(text: str) -> str:
    """As JSON encoders of other languages write it: `\\/`, and what HTML may not have."""
    written = json.dumps(text).replace("/", "\\/")
    for each in "<>&'":
        written = written.replace(each, f"\\u{ord(each):04X}")
    return written


# What may be done again and again, in any order.
QUOTING: dict[str, Encoder] = {
    "as it is": str,
    "repr": repr,
    "repr of what holds it": lambda s: repr({"k": [s, '"', "'"]}),
    "repr of a text that holds it": lambda s: repr(f'token {s} it\'s "so"'),
    "ascii": ascii,
    "bytes": lambda s: repr(s.encode("utf-8", "surrogatepass")),
    "json": json.dumps,
    "json, not ASCII": lambda s: json.dumps(s, ensure_ascii=False),
    "json in json": lambda s: json.dumps(json.dumps({"k": s})),
    "json of javascript": javascript,
    "json in capitals": lambda s: re.sub(
        r"\\(?:u....|.)",
        lambda found: "\\u" + found[0][2:].upper() if found[0][1] == "u" else found[0],
        json.dumps(s),
    ),
    "url": lambda s: quote(s, ""),
    "path": lambda s: quote(s, "/"),
    "address": lambda s: quote(s, "/:?=&@+$,;"),
    "form": lambda s: urllib.parse.quote_plus(s.encode("utf-8", "surrogatepass")),
    "encodeURIComponent": lambda s: quote(s, "!'()*"),
    "url, lower case": lambda s: lower_escapes(quote(s, "")),
    "every character of a url": lambda s: "".join(
        f"%{byte:02x}" for byte in s.encode("utf-8", "surrogatepass")
    ),
    "html": html.escape,
    "html without quotes": lambda s: html.escape(s, quote=False),
    "html of markupsafe": lambda s: (
        html.escape(s).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    ),
    "html by numbers": lambda s: "".join(f"&#{ord(c)};" if not c.isalnum() else c for c in s),
    "html in hexadecimal": lambda s: "".join(f"&#x{ord(c):X};" for c in s),
}
# Of these, what base64 and hexadecimal may hold.
HELD = (
    *("as it is", "repr", "repr of what holds it", "ascii", "bytes", "json", "json, not ASCII"),
    *("url", "form", "html", "html without quotes"),
)
# What can be done once.
ENCODING: dict[str, Encoder] = {
    "hex": lambda s: s.encode("utf-8", "surrogatepass").hex(),
    "HEX": lambda s: s.encode("utf-8", "surrogatepass").hex().upper(),
    "hex with colons": lambda s: s.encode("utf-8", "surrogatepass").hex(":"),
    "basic authorization": lambda s: b64(f"user:{s}"),
    "base64 in between": lambda s: b64(f"a{s}zz"),
    "urlsafe base64": lambda s: b64(f"ab{s}z").replace("+", "-").replace("/", "_"),
    "base64 in lines": lambda s: base64.encodebytes(
        f"{s} and much more around it, so that there are lines {s}".encode("utf-8", "surrogatepass")
    ).decode(),
}
# What quotes whole texts, and the like of which secrets with nothing else in them stand in.
QUOTED: dict[str, Encoder] = {
    "shell": shlex.quote,
    "yaml": lambda s: yaml.safe_dump({"k": s}, allow_unicode=True, width=4000),
    "yaml, ASCII": lambda s: yaml.safe_dump({"k": s}, default_style='"', width=4000),
    "yaml in quotes": lambda s: "'" + s.replace("'", "''") + "'",
    "in lines": lambda s: "\n  ".join(textwrap.wrap(s, 9, drop_whitespace=False)),
    "surrogates": lambda s: s.encode("utf-8", "surrogatepass").decode("ascii", "surrogateescape"),
    "code points in braces": lambda s: "".join(
        c if c.isalnum() and c.isascii() else f"\\u{{{ord(c):x}}}" for c in s
    ),
    "octal": lambda s: "".join(
        chr(byte) if 32 < byte < 127 and byte != 92 else f"\\{byte:03o}"
        for byte in s.encode("utf-8", "surrogatepass")
    ),
}


def quote(text: str, safe: str) -> str:
    return urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe)


def b64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def read(text: str, depth: int) -> Iterator[str]:
    """Yield all that a reader may make of a text, in `depth` steps of undoing one kind of quotes.

    Written with the standard library alone, not as what is tested does it.
    """
    seen = {text}
    latest = [text]
    for _ in range(depth):
        made = {each for known in latest for each in _readings(known)} - seen
        seen |= made
        latest = [*made]
    yield from seen


def _readings(text: str) -> Iterator[str]:
    yield html.unescape(text)
    yield urllib.parse.unquote(text, errors="surrogateescape")
    yield urllib.parse.unquote_plus(text)
    unescaped = re.sub(r'\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|["\\/bfnrt\'])', _character, text)
    yield unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    with contextlib.suppress(ValueError):
        yield unescaped.encode("latin-1").decode("utf-8")
    for run in re.findall("[A-Za-z0-9+/_-]{8,}", re.sub(r"\s", "", text)):
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = plain[start:]
            yield binascii.a2b_base64(part[: len(part) // 4 * 4]).decode("utf-8", "replace")
        for start in range(2):
            digits = re.match("(?:[0-9a-fA-F]{2})*", run[start:])
            yield bytes.fromhex(digits[0] if digits else "").decode("utf-8", "replace")


def _character(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "ux":
        return chr(int(code[1:], 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(code, code)


TOKEN: dict[str, Encoder] = {"base64 of JSON": lambda s: b64(json.dumps({"k": s}))}
FORMS = {**QUOTING, **ENCODING, **QUOTED, **TOKEN}


def spelt(secret: str, quoting: list[str], encoding: str = "", held: str = "as it is") -> str:
    """Spell a secret: quoted once and encoded, if at all, and then quoted again and again."""
    text = ENCODING[encoding](QUOTING[held](secret)) if encoding else secret
    for name in quoting:
        text = QUOTING[name](text)
    return text


def most_quotings(secret: str) -> int:
    """How often one may be quoted and still is to be found (docs/logging.md)."""
    letters = [each for each in secret if each.isascii() and each.isalnum()]
    if len(letters) >= (8 if any(each.isdigit() for each in letters) else 16):
        return 4
    return 0 if set(secret) & set("\\%&") else 2


def is_read(secret: str, masked: str, depth: int = 4) -> bool:
    """Whether a reader gets `secret` out of what a mask has left."""
    return any(secret in each.replace("***", "\0") for each in read(masked, depth))
