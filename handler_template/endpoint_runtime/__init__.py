"""The runtime of a bundle: it serves one endpoint group as a Lambda function and as WSGI.

Here is what all of a process shares: its log, and what must not be in it (docs/logging.md).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from endpoint_runtime.application import Closing

_MOST_SECRETS = 500

# Whether the fast entry's loop serves: it can stream, and work once the caller has its answer.
in_loop = False
# What is to be closed once an answer is made; None where it is done at once (servers, adapters).
after_answer: "list[Closing] | None" = None
# The descriptor of Lambda's framed log; -1 where the log is text on stdout and stderr.
log_descriptor = -1
# Texts that the log must not have, those that came last at the end: see `masking`.
secrets: "dict[str, None]" = {}


def hide(text: object) -> None:
    """Keep `text`, if it is one, out of the log from now on, also once another takes its place."""
    if isinstance(text, str) and text not in secrets:
        if len(secrets) >= _MOST_SECRETS:
            del secrets[next(iter(secrets))]
        secrets[text] = None


class LogStream:
    """A text stream that writes at once, and no secrets.

    What stays in a buffer is lost when Lambda freezes the process.
    """

    def __init__(self, stream: "TextIO") -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write `text`, secrets masked."""
        masked = text
        if isinstance(text, str) and len(text) > 3:  # one that is shorter holds none
            from .masking import mask

            masked = mask(text)
        self._stream.write(masked)
        self._stream.flush()
        return len(text)

    def writelines(self, lines: "Iterable[str]") -> None:
        """Write lines as one text."""
        self.write("".join(lines))

    def write_masked(self, text: str) -> None:
        """Write a text in which secrets are masked already."""
        self._stream.write(text)
        self._stream.flush()

    @property
    def buffer(self) -> object:
        """The stream of bytes below, as careful."""
        from .masking import MaskedBytes

        return MaskedBytes(self._stream.buffer)


from . import code_archive  # noqa: E402, F401 - from here on, imports look there first
