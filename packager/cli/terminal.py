"""Makes text fit for a terminal: what would steer it, or hide or turn round text, is spelled out.

Names, messages and labels come from plugins, their packages and their files. Escape sequences in
them could rewrite the screen or the clipboard, and marks of direction could show a name that is
another. All that the tool says goes through here (`report`); what is exact (a template, the bytes
of a reply) does not.
"""

from __future__ import annotations

import re

# C0 but for line breaks and tabs, DEL, C1; marks of direction (Unicode Standard Annex 9) and other
# characters that are not seen, less the joiners that scripts and emoji need; line and paragraph
# separators; halves of surrogate pairs.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNFIT_IN_JSON = re.compile(f"{_UNFIT.pattern[:-1]}\u200c\u200d]")
# In bytes of UTF-8: the same, colours (`ESC [ ... m`) left as they are.
_UNFIT_BYTES = re.compile(
    rb"\x1b\[[0-9;:]*m|[\x00-\x06\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]"
    rb"|\xd8\x9c|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]"
)


def shown(text: str) -> str:
    r"""Return `text` with `\x1b`, `\u202e` and their like in place of what a terminal would
    obey."""
    return _UNFIT.sub(lambda match: _escaped(match[0]), text)


def shown_json(text: str) -> str:
    r"""Return JSON that says the same, with `\u001b` and its like in place of such characters."""
    return _UNFIT_IN_JSON.sub(lambda match: _json_escaped(match[0]), text)


def shown_bytes(text: bytes) -> bytes:
    """Return what a function wrote, for a terminal: as `shown` would, but colours are let through.

    Carriage returns and backspaces stay too: progress bars use them, in their own line.
    """
    return _UNFIT_BYTES.sub(
        lambda match: match[0] if match[0][:2] == b"\x1b[" else _escaped_bytes(match[0]), text
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escaped(character: str) -> str:
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _escaped_bytes(found: bytes) -> bytes:
    return _escaped(found.decode()).encode()
