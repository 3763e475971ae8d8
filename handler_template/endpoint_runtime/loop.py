"""The fast entry's loop: fetch an invocation, call the handler, post the reply, and again.

It stands in for the stock client (`awslambdaric`) and gives the handler what that gives: context,
trace id, logs, error reports. `start_fast` calls `main`; see docs/fast-entry.md.
"""

import os
import sys
from _thread import _count
from os import environ
from posix import _exit as end_process
from posix import getpid, kill, register_at_fork, write

from endpoint_runtime import process
from endpoint_runtime.json_codec import decode_json, encode_json
from endpoint_runtime.lambda_api.answers import RuntimeApiError
from endpoint_runtime.lambda_api.context import LambdaContext
from endpoint_runtime.lambda_api.left_behind import restore
from endpoint_runtime.lambda_api.runtime_api import Invocation, ReportedError, RuntimeApi
from endpoint_runtime.lambda_api.startup import load_handler, open_streams, set_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

    Handler = Callable[[object, LambdaContext], object]

_HANDLER = "endpoint_runtime.lambda_handler.handler"
_TRACE_ID = "_X_AMZN_TRACE_ID"
_START_OBJECTS = 100_000  # objects made between two garbage collections, up to the first reply
_waiting = False  # for the next invocation, with nothing under way


def run(
    handler: "Handler",
    api: RuntimeApi,
    *,
    after: "Callable[[LambdaContext], None] | None" = None,
    invocations: int = -1,
) -> None:
    """Serve `invocations` invocations (-1: without end).

    `after` is called once the caller has its answer and before the next invocation is asked for.
    An Exception of the handler's is reported and the loop goes on; any other BaseException, such as
    SystemExit, passes through. Raises RuntimeApiError when the API can't be used any further.
    """
    global _waiting
    while invocations:
        invocations -= 1
        _waiting = True
        invocation = api.next()
        _waiting = False
        context = _serve(handler, api, invocation)
        if after is not None and context is not None:
            after(context)
        restore(context)
        del invocation, context  # an event may be large, and the wait long


def _serve(handler: "Handler", api: RuntimeApi, invocation: Invocation) -> LambdaContext | None:
    headers = invocation.headers
    process.request_id = invocation.request_id
    process.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    trace_id = headers.get("lambda-runtime-trace-id")
    if trace_id is not None and "\0" not in trace_id:
        environ[_TRACE_ID] = trace_id
    elif _TRACE_ID in environ:
        del environ[_TRACE_ID]
    context = None
    try:
        context = LambdaContext(
            invocation.request_id,
            _json_header(headers, "lambda-runtime-client-context", "Client Context"),
            _json_header(headers, "lambda-runtime-cognito-identity", "Cognito Identity"),
            invocation.deadline_ms,
            headers.get("lambda-runtime-invoked-function-arn"),
            process.tenant_id,
        )
        try:
            event = decode_json(invocation.body)
        except Exception as error:
            message = f"Unable to unmarshal input: {error}"
            raise ReportedError("Runtime.UnmarshalError", message) from None
        invocation.body = bytearray()
        reply = handler(event, context)
        if process.pid != process.request_pid:
            process.end_if_forked()
        stream = getattr(reply, "stream_to", None)  # of a reply of `streaming`
        body, content_type = b"", "application/json"
        if stream is not None:
            pass
        elif isinstance(reply, bytes):
            body, content_type = reply, "application/unknown"
        else:
            try:
                body = encode_json(reply)
            except Exception as error:
                message = f"Unable to marshal response: {error}"
                raise ReportedError("Runtime.MarshalError", message) from None
    except Exception as error:
        process.end_if_forked(error)
        api.error(invocation, *_report(error, invocation.request_id, _working_directory()))
    else:
        if stream is not None:
            stream(api, invocation)
        elif not api.respond(invocation, body, content_type):
            _say(f"the reply to {invocation.request_id} is too large: {len(body)} bytes")
    return context


def _json_header(headers: dict[str, str], name: str, title: str) -> dict[str, object] | None:
    text = headers.get(name)
    if not text:
        return None
    try:
        value = decode_json(text.encode())
    except Exception as error:
        message = f"Unable to parse {title} JSON: {error}"
        raise ReportedError("Runtime.LambdaContextUnmarshalError", message) from None
    if not isinstance(value, dict):
        message = f"Unable to parse {title} JSON: not an object"
        raise ReportedError("Runtime.LambdaContextUnmarshalError", message)
    return value


def _report(error: Exception, request_id: str | None, folder: str) -> tuple[str, bytes, str]:
    """Log a failure and describe it for the API, as briefly as it takes where memory, descriptors
    or the modules that say more are out of reach."""
    try:
        from endpoint_runtime.lambda_api.failure_report import report_failure

        return report_failure(error, request_id, working_directory=folder)
    except Exception as problem:
        kind = type(error).__name__
        _say(f"{request_id}: {kind}, which can't be told in full: {type(problem).__name__}")
        return kind, encode_json({"errorMessage": "", "errorType": kind, "stackTrace": ()}), ""


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # the handler removed it
        return ""


def main(root: str) -> "NoReturn":
    """Be the process of a Lambda function whose bundle is the folder `root`. Never returns.

    Exit codes: 0 when Lambda shuts the environment down in between invocations, 1 when the handler
    can't be loaded or the Runtime API can't be used (one line on stderr says why).
    """
    import _signal  # type: ignore[import-not-found]
    import gc

    # Imports make objects that live on: looking through them for garbage takes ms and finds none.
    thresholds = gc.get_threshold()
    gc.set_threshold(_START_OBJECTS)
    try:
        open_streams()
        set_path(os.path.abspath(root))
        _signal.signal(_signal.SIGTERM, _on_sigterm)
        api = RuntimeApi(environ.get("AWS_LAMBDA_RUNTIME_API", ""))
        register_at_fork(after_in_child=api.close)  # the connection is this process's alone
        name = environ.get("_HANDLER", "")
        try:
            # The emulator puts the last of its arguments here, be it a handler or a path.
            handler = load_handler(_HANDLER if not name or name.startswith("/") else name)
        except Exception as error:
            process.end_if_forked(error)
            kind, report, _ = _report(error, None, "")
            api.init_error(kind, report)
            _exit(1)
        if process.pid != process.request_pid:
            process.end_if_forked()
        gc.freeze()
        after = _begin_work(root)
        run(handler, api, after=after, invocations=1)
        if gc.get_threshold()[0] == _START_OBJECTS:  # else the plugin has set its own
            gc.set_threshold(*thresholds)
        run(handler, api, after=after)
    except BaseException as error:
        process.end_if_forked(error)
        if isinstance(error, SystemExit):
            raise
        _exit(_say_why(error))
    _exit(1)


def _say_why(error: BaseException) -> int:
    """Print what ends the process, which none of the plugin's threads must keep from ending.

    A line does for what is no fault of the code. Returns the exit code.
    """
    if isinstance(error, KeyboardInterrupt):
        return 130  # as a shell has it
    if isinstance(error, RuntimeApiError):
        _say(f"{error}; exiting")
    elif isinstance(error, (OSError, MemoryError)):
        _say(f"{type(error).__name__}: {error}; exiting")
    else:
        sys.stderr = process.log_stream or sys.__stderr__
        try:
            sys.__excepthook__(type(error), error, error.__traceback__)
        except Exception:
            _say(f"{type(error).__name__}; exiting")
    return 1


def _begin_work(root: str) -> "Callable[[LambdaContext], None]":
    """Have the application leave to the loop what can wait for the answer; return what does it."""
    process.in_loop = True
    process.interrupts = ()
    closings = process.after_answer = []
    plugin = os.path.join(os.path.abspath(root), "plugin")
    if _count():
        from endpoint_runtime.app.late_work import note_threads

        note_threads()

    def finish(context: LambdaContext) -> None:
        if closings or _count():
            from endpoint_runtime.app import late_work

            work = closings.copy()
            closings.clear()
            late_work.finish(context, work, plugin)

    return finish


def _on_sigterm(number: int, frame: "FrameType | None") -> None:
    """Lambda shuts the environment down. With nothing under way that is the proper end."""
    if _waiting:
        _exit(0)
    import _signal

    _signal.signal(number, _signal.SIG_DFL)
    kill(getpid(), number)


def _say(line: str) -> None:
    try:
        write(2, f"endpoint_runtime: {line}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass


def _exit(code: int) -> "NoReturn":
    """End now: threads that the plugin left behind must not keep the process from it."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except Exception:  # noqa: S112 - closed, none, or something of the plugin's
            continue
    end_process(code)
