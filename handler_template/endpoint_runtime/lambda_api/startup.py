"""Makes the process what the managed runtime makes it and loads the handler, on the fast entry."""

import os
import sys

from endpoint_runtime import process
from endpoint_runtime.lambda_api.runtime_api import ReportedError
from endpoint_runtime.logs.report import LogStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import NoReturn

    from endpoint_runtime.lambda_api.context import LambdaContext

    Handler = Callable[[object, LambdaContext], object]


def load_handler(name: str) -> "Handler":
    """Import the handler that `name` (module.function) gives.

    Raises ReportedError, as the stock client reports it, or whatever the module raises.
    """
    module_name, dot, function = name.rpartition(".")
    if not dot:
        raise ReportedError(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    module_name = module_name.replace("/", ".")
    if module_name.partition(".")[0] in sys.builtin_module_names:
        raise ReportedError(
            "Runtime.BuiltInModuleConflict",
            f"Cannot use built-in module {module_name} as a handler module",
        )
    try:
        __import__(module_name)
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise ReportedError("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        raise ReportedError(
            "Runtime.UserCodeSyntaxError",
            f"Syntax error in module '{module_name}': {error}",
            [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'],
        ) from error
    try:
        handler: Handler = getattr(sys.modules[module_name], function)
    except AttributeError:
        raise ReportedError(
            "Runtime.HandlerNotFound",
            f"Handler '{function}' missing on module '{module_name}'",
        ) from None
    return handler


def open_streams() -> None:
    """Have output written at once, and without secrets, to a log that stays what it is."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is None:  # closed before the start: no socket shall get its number
            os.open(os.devnull, os.O_RDWR)
    descriptor = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", "")
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
