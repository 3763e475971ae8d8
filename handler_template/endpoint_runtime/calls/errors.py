"""What goes wrong with calls of models, tools and nodes."""

from __future__ import annotations


class CallError(Exception):
    """A call failed; its text is what answered, as in the SDK: plugins show it to their users.

    Secrets are taken out of it: who answers may repeat the key that it was asked with. `status`
    (HTTP's, 0 where there was no answer) and `code` are the server's, "" for none. `detail` is what
    only the log is to say. `call` names what was called: `model openai/gpt-4o`.
    """

    def __init__(
        self, message: str, *, status: int = 0, code: str = "", detail: str = "", call: str = ""
    ) -> None:
        from endpoint_runtime.logs.masking import mask

        message, code = mask(message), mask(code)
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.call = call

    @property
    def line(self) -> str:
        """The failure in one line for the log."""
        said = " ".join(part for part in (str(self.status or ""), self.code) if part)
        parts = [part for part in (self.call, said, self.detail or self.message) if part]
        return ": ".join(parts).replace("\n", " ")


def log(fault: CallError) -> None:
    """Write to the log what an error's text does not say."""
    import logging

    logging.getLogger(__name__).warning("%s", fault.line)
