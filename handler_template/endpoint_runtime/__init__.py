"""The runtime of a bundle: it serves one endpoint group as a Lambda function and as WSGI.

Here is what all of a process shares: its log, what must not be in it (docs/logging.md), and whose
process it is (docs/isolation.md).
"""

from posix import _exit, getpid, register_at_fork
from sys import getrecursionlimit, modules, setrecursionlimit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from endpoint_runtime.app.application import Closing

_RECURSION_LIMIT = getrecursionlimit()

# This process, and the one in which the request at hand began: a plugin may fork amid a request.
process = serving = getpid()
# What the user does to a process, which passes through as no fault of the plugin's would. On Lambda
# there is no user at a keyboard: there it is empty.
interrupts: "tuple[type[BaseException], ...]" = (KeyboardInterrupt,)
# Whether the fast entry's loop serves: it can stream, and work once the caller has its answer.
in_loop = False
# What is to be closed once an answer is made; None where it is done at once (servers, adapters).
after_answer: "list[Closing] | None" = None
# The descriptor of Lambda's framed log; -1 where the log is text on stdout and stderr.
log_descriptor = -1
# Where the runtime's own lines go if that is text, whatever a plugin makes of `sys.stderr`.
log_stream: "LogStream | None" = None
# Texts that the log must not have, in the order that they came in; none is ever taken out.
secrets: "dict[str, None]" = {}


def hide(text: object) -> None:
    """Keep `text`, if it is one, out of the log from now on, also once another takes its place."""
    if isinstance(text, str) and text not in secrets:
        secrets[text] = None


def _note_fork() -> None:
    global process
    process = getpid()


register_at_fork(after_in_child=_note_fork)


def end_if_forked(fault: "BaseException | None" = None, hidden: "Sequence[str]" = ()) -> None:
    """End this process if the request at hand began in another one.

    A plugin has forked then, and its child comes back out of the plugin's code, with `fault` if it
    raised: what follows is the parent's to do. The texts of `hidden` are kept out of the log.
    """
    if getpid() != serving:
        try:
            from endpoint_runtime.lambda_api.forks import leave

            leave(fault, hidden)
        finally:
            _exit(1)


def restore(context: object) -> None:
    """Put back what a plugin has changed of the process that would reach the next request.

    For the main thread, between two requests: docs/isolation.md has what that is. `context` is
    Lambda's, of the request that is over.
    """
    if interrupts:  # another's process: a server's, a test's
        return
    if getrecursionlimit() < _RECURSION_LIMIT:
        setrecursionlimit(_RECURSION_LIMIT)
    if "signal" in modules:
        _restore_signals(context)


def _restore_signals(context: object) -> None:
    """Import what does it, which takes this one's place."""
    global _restore_signals
    from endpoint_runtime.lambda_api.left_signals import restore_signals

    _restore_signals = restore_signals
    restore_signals(context)


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
            from endpoint_runtime.logs.masking import mask

            masked = mask(text)
        self._stream.write(masked)
        self._stream.flush()
        return len(text)

    def writelines(self, lines: "Iterable[str]") -> None:
        """Write lines as one text."""
        self.write("".join(lines))

    def close(self) -> None:
        """Close nothing: it is the log of all that comes."""
        self._stream.flush()

    def write_masked(self, text: str) -> None:
        """Write a text in which secrets are masked already."""
        self._stream.write(text)
        self._stream.flush()

    def detach(self) -> object:
        """Return `buffer`, and keep the stream: others write here, too."""
        return self.buffer

    @property
    def buffer(self) -> object:
        """The stream of bytes below, as careful."""
        from endpoint_runtime.logs.masking import MaskedBytes

        return MaskedBytes(self._stream.buffer)


from endpoint_runtime import code_archive  # noqa: E402, F401 - from here on, imports look there first
