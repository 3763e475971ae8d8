"""What of an event or a response is not as HTTP has it."""

from __future__ import annotations


class NotAnHttpEvent(ValueError):
    """The event carries no HTTP request in a form that this function serves."""


class MalformedEvent(ValueError):
    """The event is an HTTP request, and part of it can't be read: the caller is told 400."""


class BodyTooLarge(ValueError):
    """The request's body has more bytes than the function takes: the caller is told 413."""


class UnsendableReply(ValueError):
    """No gateway takes the reply. The message is one line for the log."""


class ReplyTooLarge(UnsendableReply):
    """The reply has more bytes than Lambda hands on; `size` and `limit` are in bytes.

    `more` says that `size` is what was read of it until then.
    """

    def __init__(self, size: int, limit: int, *, more: bool = False) -> None:
        has = "has more than" if more else "has"
        super().__init__(f"the reply {has} {size} bytes, Lambda hands on at most {limit}")
        self.size = size
        self.limit = limit
