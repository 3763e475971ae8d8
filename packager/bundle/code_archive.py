"""Puts the bytecode of the runtime, the SDK and werkzeug into one file, what is needed first ahead.

handler_template/endpoint_runtime/code_archive.py says what the file is, and reads it.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Mapping
from pathlib import Path

from packager.contract import CODE_ARCHIVE
from packager.host.interpreter import Interpreter

PACKAGES = ("dify_plugin", "endpoint_runtime", "werkzeug")
# What is imported before the archive can be read.
_BEFORE = frozenset({*PACKAGES, "endpoint_runtime.code_archive"})
_HEADER = 16  # bytes before the code: PEP 552
_MARSHAL_VERSION = 2  # without references, which depend on who else holds an object

# Read at once, in no particular order; a test holds that a cold request imports these and no
# others.
HOT = frozenset(
    {
        "dify_plugin.core",
        "dify_plugin.core.runtime",
        "dify_plugin.interfaces",
        "dify_plugin.interfaces.endpoint",
        "endpoint_runtime._bundle",
        "endpoint_runtime.app.application",
        "endpoint_runtime.app.endpoints",
        "endpoint_runtime.app.invocation",
        "endpoint_runtime.app.plain_routes",
        "endpoint_runtime.gateway.bounded_body",
        "endpoint_runtime.gateway.environ",
        "endpoint_runtime.gateway.errors",
        "endpoint_runtime.gateway.headers",
        "endpoint_runtime.gateway.paths",
        "endpoint_runtime.gateway.plain_replies",
        "endpoint_runtime.gateway.replies",
        "endpoint_runtime.json_codec",
        "endpoint_runtime.lambda_api.answers",
        "endpoint_runtime.lambda_api.context",
        "endpoint_runtime.lambda_api.left_behind",
        "endpoint_runtime.lambda_api.runtime_api",
        "endpoint_runtime.lambda_api.startup",
        "endpoint_runtime.lambda_api.time_limit",
        "endpoint_runtime.lambda_handler",
        "endpoint_runtime.logs.report",
        "endpoint_runtime.loop",
        "endpoint_runtime.process",
        "endpoint_runtime.settings.group",
        "werkzeug._deferred",
        "werkzeug._internal",
        "werkzeug.datastructures",
        "werkzeug.datastructures.headers",
        "werkzeug.datastructures.mixins",
        "werkzeug.datastructures.structures",
        "werkzeug.exceptions",
        "werkzeug.http",
        "werkzeug.sansio",
        "werkzeug.sansio.request",
        "werkzeug.sansio.response",
        "werkzeug.utils",
        "werkzeug.wrappers",
        "werkzeug.wrappers.request",
        "werkzeug.wrappers.response",
        "werkzeug.wsgi",
    }
)


def write_archive(folder: Path, interpreter: Interpreter) -> None:
    """Move the bytecode of `PACKAGES` in the bundle in `folder` into its archive.

    The same bundle gives the same bytes.
    """
    tag = interpreter.cache_tag
    names = {name for package in PACKAGES for name in _modules(folder, package)} - _BEFORE
    index: dict[str, tuple[bool, int, int]] = {}
    codes = bytearray()
    hot = 0  # bytes
    # A package's modules lie side by side: they say the same things, and so deflate well.
    for name in sorted(names, key=lambda name: (name not in HOT, name)):
        source = source_of(folder, name)
        if source is None:
            continue
        bytecode = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        if bytecode.is_file():
            code = b"" if _is_empty(source, name) else bytecode.read_bytes()[_HEADER:]
            index[name] = (source.name == "__init__.py", len(codes), len(code))
            codes += code
            hot += len(code) if name in HOT else 0
            bytecode.unlink()
            if not any(bytecode.parent.iterdir()):
                bytecode.parent.rmdir()
    head = marshal.dumps(index, _MARSHAL_VERSION)
    start = bytes.fromhex(interpreter.magic)
    start += len(head).to_bytes(4, "little") + hot.to_bytes(4, "little")
    (folder / CODE_ARCHIVE).write_bytes(start + head + codes)


def _is_empty(source: Path, name: str) -> bool:
    """Return whether a module is a package of the runtime with nothing but its docstring."""
    if name.rpartition(".")[0] != "endpoint_runtime" or source.name != "__init__.py":
        return False
    parts = source.read_text().strip().split('"""')
    return len(parts) == 3 and not parts[0] and not parts[2]


def _modules(folder: Path, package: str) -> Iterator[str]:
    """Yield the names that the sources of a package in `folder` can be imported by."""
    for source in (folder / package).rglob("*.py"):
        parts = source.relative_to(folder).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if all(part.isidentifier() for part in parts):
            yield ".".join(parts)


def source_of(folder: Path, name: str) -> Path | None:
    """Return the source of a module in a bundle, None if it has none."""
    path = folder.joinpath(*name.split("."))
    for source in (path / "__init__.py", path.with_suffix(".py")):
        if source.is_file():
            return source
    return None


def archived(folder: Path) -> Mapping[str, int]:
    """Return the sources (posix paths) whose bytecode is in a bundle's archive, and its bytes."""
    try:
        data = (folder / CODE_ARCHIVE).read_bytes()
        index = marshal.loads(data[12 : 12 + int.from_bytes(data[4:8], "little")])  # noqa: S302
    except OSError:
        return {}
    sources = {name: source_of(folder, name) for name in index}
    return {
        source.relative_to(folder).as_posix(): index[name][2]
        for name, source in sources.items()
        if source
    }
