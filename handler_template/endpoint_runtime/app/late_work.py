"""Finishes what an invocation left to do: callbacks of its response, and threads it started.

On the fast entry that is done after the answer, on the stock entry, which freezes at once, before
it. Which threads are waited for (docs/streaming.md): those that were not there when the work of the
invocation before was finished, unless they are a library's own daemons; and those of a
ThreadPoolExecutor for as long as they have something to do. Imported where there is something of
this kind; nothing here starts a thread.
"""

from __future__ import annotations

import sys
from time import sleep, time
from weakref import WeakKeyDictionary

from endpoint_runtime import process
from endpoint_runtime.lambda_api.time_limit import WORK_MARGIN, TimeLimit, TimeUp, call, end_of
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from threading import Thread
    from types import FrameType
    from typing import Any

    from endpoint_runtime.app.closing import Closing
    from endpoint_runtime.app.serving import Serving

_PAUSE = 0.01  # seconds between two looks at what can't be waited for
# Threads that went on past their invocation, with its id and its trace's, which their log lines
# have; and what a worker of an executor was at: once it is done, it may serve other invocations.
_left: WeakKeyDictionary[Thread, tuple[tuple[str, str], object]] = WeakKeyDictionary()
# Threads that were there when the last invocation's work was finished.
_known: WeakKeyDictionary[Thread, bool] = WeakKeyDictionary()


def finish(context: object, closings: Sequence[Closing], root: str) -> None:
    """Do what is left to do, until shortly before the invocation's time is over.

    `closings` are closed in order. `root` is the plugin's folder. What is cut off is named in the
    log.
    """
    request_id: str = getattr(context, "aws_request_id", None) or ""
    limit = TimeLimit(end_of(context, WORK_MARGIN))
    if closings:  # else a handler of another's may serve, without the application
        close_in_time(limit, closings, request_id)
    if limit.end is not None and "threading" in sys.modules:
        _finish_threads(limit, limit.end, root, request_id)


def close_in_time(limit: TimeLimit, closings: Iterable[Closing], request_id: str) -> None:
    """Close responses: call what `call_on_close` was given, until `limit` is over.

    What fails is logged when all have been called: a traceback takes time, which they would lack.
    """
    from endpoint_runtime.app.closing import steps_of_closing

    failed: list[tuple[Serving, BaseException, dict[str, Any]]] = []
    try:
        for application, response, environ in closings:
            for step in steps_of_closing(response):
                begun = False
                try:
                    if limit.is_over:
                        raise TimeUp
                    begun = True
                    with limit:
                        call(step)
                    process.end_if_forked()
                except TimeUp as fault:
                    process.end_if_forked(fault)
                    name = _where(fault) or _named(step)
                    names = [name if begun else f"{name}, which had not begun"]
                    _say("a callback", names, request_id)
                except process.interrupts:
                    raise
                except BaseException as fault:  # a plugin's sys.exit() must not end the function
                    process.end_if_forked(fault, application.hidden)
                    failed.append((application, fault, environ))
    finally:
        for application, raised, environ in failed:
            application.log_exception("closing the response failed", raised, environ)


def note_threads() -> None:
    """Take note of the threads there are: they belong to no invocation."""
    if "threading" in sys.modules:
        for thread in _others():
            _known[thread] = True


def ids_of_thread() -> tuple[str, str] | None:
    """Return the invocation that this thread belongs to, where that is not the one at hand: its id
    and its trace's."""
    left = _left.get(sys.modules["threading"].current_thread()) if _left else None
    if left is None or left[1] is not _work_at(sys._getframe()):
        return None
    return left[0]


process.late_ids = ids_of_thread


def _finish_threads(limit: TimeLimit, end: float, root: str, request_id: str) -> None:
    idle = 0
    while idle < 2:  # a worker that has taken its work but not begun it looks idle for a moment
        waiting = _at_work(root)
        if not waiting:
            if not _workers():
                break
            idle += 1
            sleep(0.001)
            continue
        idle = 0
        if limit.is_over:
            frames = sys._current_frames()
            for thread in waiting:
                work = _work_at(frames.get(thread.ident or 0))
                _left[thread] = (request_id, report.trace_id()), work
            _say("threads", sorted(thread.name for thread in waiting), request_id)
            break
        left = max(end - time(), 0)
        workers = _workers()
        plain = [thread for thread in waiting if thread not in workers]
        if plain and len(plain) == len(waiting):
            plain[0].join(left)
        else:
            sleep(min(_PAUSE, left))
    note_threads()


def _at_work(root: str) -> list[Thread]:
    """Return the threads to wait for."""
    workers = _workers()
    frames = sys._current_frames() if workers else {}
    found = []
    for thread in _others():
        if thread in workers:
            frame = frames.get(thread.ident or 0)
            if thread in _left and _left[thread][1] is not _work_at(frame):
                del _left[thread]
            if thread not in _left and _is_busy(workers[thread], frame):
                found.append(thread)
        elif thread not in _known and (not thread.daemon or _is_plugins(thread, root)):
            found.append(thread)
    return found


def _others() -> Iterable[Thread]:
    threading = sys.modules["threading"]
    this = threading.current_thread()
    return [
        thread
        for thread in threading.enumerate()
        if thread is not this
        and thread is not threading.main_thread()
        and not isinstance(thread, threading._DummyThread)
    ]


def _workers() -> dict[Thread, Any]:
    """Return the threads of executors with their queues of work."""
    module = sys.modules.get("concurrent.futures.thread")
    return dict(getattr(module, "_threads_queues", {}))


def _is_busy(queue: Any, frame: FrameType | None) -> bool:
    """Whether a worker does something, or something waits for one; idle ones wait in `_worker`."""
    if queue is not None and queue.qsize() > 0:
        return True
    idle = _worker_code()
    return frame is not None and idle is not None and frame.f_code is not idle


def _work_at(frame: FrameType | None) -> object:
    """Return the piece of work that a worker of an executor is at; None for any other thread."""
    code = _worker_code()
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return None if frame is None else frame.f_locals.get("work_item")


def _worker_code() -> object:
    """The code that an executor's threads run."""
    module = sys.modules.get("concurrent.futures.thread")
    return getattr(getattr(module, "_worker", None), "__code__", None)


def _is_plugins(thread: Thread, root: str) -> bool:
    """Whether what a thread runs is the plugin's own code."""
    what: Any = getattr(thread, "function", None) or getattr(thread, "_target", None)
    if what is None:
        what = type(thread).run
    for _ in range(10):  # partial functions, bound methods, decorated ones
        what = (
            getattr(what, "func", None)
            or getattr(what, "__func__", None)
            or getattr(what, "__wrapped__", None)
            or what
        )
    code = getattr(what, "__code__", None)
    return code is not None and code.co_filename.startswith(root + "/")


def _where(fault: TimeUp) -> str:
    """Return the function of the plugin's in which the time was up, "" if none had begun."""
    trace = fault.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "/endpoint_runtime/" not in code.co_filename and "/werkzeug/" not in code.co_filename:
            return f"{code.co_qualname} ({code.co_filename}:{trace.tb_lineno})"
        trace = trace.tb_next
    return ""


def _named(step: Callable[[], object]) -> str:
    """Return a callback's name."""
    what: Any = getattr(step, "func", step)  # of a partial function
    name: str = getattr(what, "__qualname__", type(what).__qualname__)
    return name


def _say(what: str, names: list[str], request_id: str) -> None:
    report.log(
        "WARN",
        f"the function's time is over, work after the answer was cut off: {what} "
        + ", ".join(names),
        request_id,
    )
