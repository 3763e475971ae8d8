"""What all of a process shares: whose process it is, its log, its secrets, the request at hand.

docs/isolation.md and docs/logging.md say what for. It imports nothing of the runtime.
"""

from posix import _exit, getpid, register_at_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

# This process, and the one in which the request at hand began: a plugin may fork amid a request.
pid = request_pid = getpid()
# What the user does to a process, which passes through as no fault of the plugin's would. On Lambda
# there is no user at a keyboard: there it is empty.
interrupts: "tuple[type[BaseException], ...]" = (KeyboardInterrupt,)
# Whether the fast entry's loop serves: it can stream, and work once the caller has its answer.
in_loop = False
# What is to be closed once an answer is made; None where it is done at once (servers, adapters).
after_answer: "list[tuple[Any, Any, dict[str, Any]]] | None" = None
# What log records are stamped with: the invocation at hand, or the last one. Of the fast entry.
request_id: str | None = None
tenant_id: str | None = None
# The descriptor of Lambda's framed log; -1 where the log is text on stdout and stderr.
log_descriptor = -1
# Where the runtime's own lines go if that is text, whatever a plugin makes of `sys.stderr`.
log_stream: "Any" = None
# Texts that the log must not have, in the order that they came in; none is ever taken out.
secrets: "dict[str, None]" = {}
# Returns the ids of the invocation that the work of this thread outlived, its own and its trace's,
# where there is such work (`app.late_work`).
late_ids: "Callable[[], tuple[str, str] | None] | None" = None
# What drops connections and what was read from elsewhere, where this process turns out to be
# another's copy: a restored snapshot.
forgetters: "list[Callable[[], object]]" = []
# What makes a call of the HTTP client in its place, and tells of it: see `observe`.
observe_call: "Callable[..., Any] | None" = None
# Takes down what a time limit has left of its alarm, where a plugin is about to see it: see
# `lambda_api.time_limit`.
let_alarm_go: "Callable[[], object] | None" = None
# Ends a process that a plugin forked, with what it came back with: see `logs.forks`.
leave: "Callable[[BaseException | None, Sequence[str]], object] | None" = None


def add_secret(text: object) -> None:
    """Keep `text`, if it is one, out of the log from now on, also once another takes its place."""
    if isinstance(text, str) and text not in secrets:
        secrets[text] = None


def _note_fork() -> None:
    global pid
    pid = getpid()


register_at_fork(after_in_child=_note_fork)


def end_if_forked(fault: "BaseException | None" = None, hidden: "Sequence[str]" = ()) -> None:
    """End this process if the request at hand began in another one.

    A plugin has forked then, and its child comes back out of the plugin's code, with `fault` if it
    raised: what follows is the parent's to do. The texts of `hidden` are kept out of the log.
    """
    if getpid() != request_pid:
        try:
            if leave is not None:
                leave(fault, hidden)
        finally:
            _exit(1)
