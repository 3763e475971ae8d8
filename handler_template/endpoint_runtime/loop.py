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
from endpoint_runtime.lambda_api.context import LambdaContext
from endpoint_runtime.lambda_api.left_behind import restore
from endpoint_runtime.lambda_api.runtime_api import Fault, Invocation, RuntimeApi, RuntimeApiError
from endpoint_runtime.logs.report import LogStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType
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
            raise Fault("Runtime.UnmarshalError", message) from None
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
                raise Fault("Runtime.MarshalError", message) from None
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
        raise Fault("Runtime.LambdaContextUnmarshalError", message) from None
    if not isinstance(value, dict):
        message = f"Unable to parse {title} JSON: not an object"
        raise Fault("Runtime.LambdaContextUnmarshalError", message)
    return value


def _report(error: Exception, request_id: str | None, folder: str) -> tuple[str, bytes, str]:
    """Log a failure and describe it for the API, as briefly as it takes where memory, descriptors
    or the modules that say more are out of reach."""
    try:
        from endpoint_runtime.logs.stock_format import report_failure

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


def load_handler(name: str) -> "Handler":
    """Import the handler that `name` (module.function) gives.

    Raises Fault, as the stock client reports it, or whatever the module raises.
    """
    module_name, dot, function = name.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    module_name = module_name.replace("/", ".")
    if module_name.partition(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            f"Cannot use built-in module {module_name} as a handler module",
        )
    try:
        __import__(module_name)
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise Fault("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        raise Fault(
            "Runtime.UserCodeSyntaxError",
            f"Syntax error in module '{module_name}': {error}",
            [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'],
        ) from error
    try:
        handler: Handler = getattr(sys.modules[module_name], function)
    except AttributeError:
        raise Fault(
            "Runtime.HandlerNotFound",
            f"Handler '{function}' missing on module '{module_name}'",
        ) from None
    return handler


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
        _open_streams()
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
    """Say what ends the process, which none of the plugin's threads must keep from ending.

    A line does for what is no fault of the code. Gives the exit code.
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


def _open_streams() -> None:
    """Have output written at once, and without secrets, to a log that stays what it is."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is None:  # closed before the start: no socket shall get its number
            os.open(os.devnull, os.O_RDWR)
    descriptor = environ.pop("_LAMBDA_TELEMETRY_LOG_FD", "")
    if descriptor.isdecimal():
        process.log_descriptor = int(descriptor)
    if sys.stdout is not None:
        # The originals, too: plugins write there, or put them back.
        sys.stdout = sys.__stdout__ = LogStream(sys.stdout)  # type: ignore[misc, assignment]
    if sys.stderr is not None:
        sys.stderr = sys.__stderr__ = LogStream(sys.stderr)  # type: ignore[misc, assignment]
    process.log_stream = sys.stderr
    if "logging" in sys.modules:
        _LoggingHook.configure(sys.modules["logging"])
    else:
        sys.meta_path.insert(-1, _LoggingHook)


def _begin_work(root: str) -> "Callable[[LambdaContext], None]":
    """Have the application leave to the loop what can be done after the answer: give what does."""
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


def set_path(root: str) -> None:
    """Make sys.path what the managed runtime makes it, less what would only cost time.

    The bundle comes first; without a PYTHONPATH of the user's, layers and the packages that come
    with the managed runtime (boto3) follow as there, but the latter behind the standard library.
    Where there is no managed runtime (no LAMBDA_RUNTIME_DIR), the packages of the interpreter at
    hand are none of the function's.
    """
    get = os.environ.get
    library = os.path.dirname(os.__file__)
    packages = library + "/site-packages"
    runtime = get("LAMBDA_RUNTIME_DIR")
    folders = [root]
    rest = [path for path in sys.path if path not in (root, runtime, packages, "")]
    if not get("PYTHONPATH") or get("PYTHONPATH") == runtime:
        layers = f"/opt/python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
        folders += [layers, "/opt/python"]
        if runtime:
            os.environ["PYTHONPATH"] = runtime  # for child processes, as the stock client does
    sys.path[:] = [*folders, *rest, *([packages, runtime] if runtime else [])]
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        if any(name.endswith(".pth") for name in names):
            import site

            site.addsitedir(folder)
    if sys.flags.no_site:  # what `site` adds and scripts use
        import builtins

        builtins.exit = builtins.quit = _quit  # type: ignore[assignment]


def _quit(code: object = None) -> "NoReturn":
    raise SystemExit(code)


class _LoggingHook:
    """Finds nothing, but configures `logging` as the stock client has it once it is imported."""

    @classmethod
    def find_spec(
        cls, name: str, path: object = None, target: object = None
    ) -> "ModuleSpec | None":
        if name != "logging":
            return None
        sys.meta_path.remove(cls)
        for finder in sys.meta_path:
            if (spec := finder.find_spec(name, None)) is not None:
                return _configuring(spec, cls.configure)
        return None

    @staticmethod
    def configure(module: "ModuleType") -> None:
        from endpoint_runtime.logs.stock_format import configure_logging

        configure_logging(module)


def _configuring(spec: "ModuleSpec", configure: "Callable[[ModuleType], None]") -> "ModuleSpec":
    """Have `configure` called with the module once `spec` has been executed."""
    if spec.loader is None:
        return spec
    loader = spec.loader
    execute = loader.exec_module

    def execute_and_configure(module: "ModuleType") -> None:
        del loader.exec_module
        execute(module)
        configure(module)

    loader.exec_module = execute_and_configure  # type: ignore[method-assign]
    return spec


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
