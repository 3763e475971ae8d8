"""Puts the bytecode of the runtime, the SDK and werkzeug into one file, what is needed first ahead.

handler_template/endpoint_runtime/code_archive.py says what the file is, and reads it.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from packager.contract import CODE_ARCHIVE
from packager.errors import PackagerError
from packager.host.bytecode import COMPILE
from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter

Module = tuple[str, bool, bytes | None]  # name, whether it is a package, its code if it has some

PACKAGES = ("dify_plugin", "endpoint_runtime", "werkzeug")
# What is imported before the archive can be read.
_BEFORE = frozenset({*PACKAGES, "endpoint_runtime.code_archive"})
_HEADER = 16  # bytes before the code: PEP 552
_MARSHAL_VERSION = 2  # without references, which depend on who else holds an object
_IN_FRONT = -1  # in place of an offset

# Read at once, as the archive's front; a test holds that cold requests import these and no others.
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
        "endpoint_runtime.routes.plain_routes",
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
        "endpoint_runtime.logs.single_handler",  # of the stock entry
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


# Read at once with the first of them that is imported, as one brings all of the others; a test
# holds that.
TOGETHER = tuple(
    frozenset(f"{package}.{name}".rstrip(".") for name in names.split(","))
    for package, names in (
        ("endpoint_runtime.http_client", "connection,response,stream"),
        ("endpoint_runtime.aws", "credentials,endpoints,sigv4"),
        ("endpoint_runtime.aws", "json_protocol,signed_requests,transport"),
        ("endpoint_runtime.calls", "answering,errors,values"),
        ("endpoint_runtime.calls.bedrock", ",api"),
        ("endpoint_runtime.calls.bedrock", "converse,event_stream,requests"),
        ("endpoint_runtime.calls.openai", ",api"),
        ("endpoint_runtime.calls.openai", "chat,requests"),
        ("dify_plugin", "core._session_parts,invocations"),
        ("dify_plugin._entity", ",entity"),
        ("dify_plugin._entity", "errors,scalars,state"),
        ("dify_plugin._entity", "annotations,containers,field,schema,shapes"),
    )
)


class Compiled(NamedTuple):
    """A source and its bytecode."""

    source: Path
    code: bytes


def make_archive(
    compiled: Mapping[str, Compiled],
    interpreter: Interpreter,
    note: Callable[[str], None] = lambda message: None,
) -> tuple[bytes, frozenset[str]]:
    """Return the archive of the bytecode of `PACKAGES`, and the sources whose bytecode is in it.

    `compiled` is what a bundle has of them, by the sources' posix paths. The same gives the same
    bytes. `note` is told of damage in the cache. Raises `PackagerError` if the interpreter fails.
    """
    sources = _sources_by_module(compiled)
    index: dict[str, tuple[bool, int, int]] = {}
    groups: list[list[Module]] = [[] for _ in (HOT, *TOGETHER)]  # the front first
    group_of = {name: at for at, group in enumerate((HOT, *TOGETHER)) for name in group}
    codes = bytearray()
    # A package's modules lie side by side: they say the same things, and so deflate well.
    for name, source in sorted(sources.items()):
        bytecode = compiled[source].code
        is_package, empty = _is_package(source), _is_empty(compiled[source].source, name)
        group = 0 if empty else group_of.get(name)
        if group is None:
            code = bytecode[_HEADER:]
            index[name] = (is_package, len(codes), len(code))
            codes += code
        else:
            groups[group].append((name, is_package, None if empty else bytecode[_HEADER:]))
            index[name] = (is_package, _IN_FRONT, 0)
    together = [group for group in groups[1:] if group]
    front, *others = _joined(interpreter, [groups[0], *together], note)
    for members, joined in zip(together, others, strict=True):
        for name, is_package, _ in members:
            index[name] = (is_package, len(codes), len(joined))
        codes += joined
    rest = marshal.dumps(index, _MARSHAL_VERSION)
    start = bytes.fromhex(interpreter.magic)
    start += len(front).to_bytes(4, "little") + len(rest).to_bytes(4, "little")
    return start + front + rest + codes, frozenset(sources.values())


def _joined(
    interpreter: Interpreter, groups: Sequence[Sequence[Module]], note: Callable[[str], None]
) -> list[bytes]:
    """Return the code of each group of modules as one value."""
    cache = cache_folder()
    if cache is None:
        return _join(interpreter, groups)

    def make(entry: Path) -> None:
        for number, code in enumerate(_join(interpreter, groups)):
            (entry / f"{number}.bin").write_bytes(code)

    made_of = [[(name, package, _digest(code)) for name, package, code in g] for g in groups]
    how = [interpreter.version, interpreter.magic, _digest(COMPILE.read_bytes())]
    digest = hashlib.sha256(json.dumps([how, made_of]).encode()).hexdigest()
    try:
        entry = cached_folder(cache, f"front/{digest}", make, note)
        return [(entry / f"{number}.bin").read_bytes() for number, _ in enumerate(groups)]
    except OSError:  # it is full, or can't be written after all
        return _join(interpreter, groups)


def _join(interpreter: Interpreter, groups: Sequence[Sequence[Module]]) -> list[bytes]:
    flags = ("-s", "-S", "-P", "-B", "-X", "utf8")
    done = subprocess.run(
        [interpreter.path, *flags, COMPILE, "--join"],
        input=marshal.dumps([*map(list, groups)], _MARSHAL_VERSION),
        capture_output=True,
        env={"PYTHONHASHSEED": "0", "LC_ALL": "C"},
        cwd="/",
    )
    if done.returncode:
        raise PackagerError(
            f"{interpreter.path} could not join bytecode: "
            f"{done.stderr.decode('utf-8', 'replace').strip()}",
            hint="check that interpreter, or build with --no-bytecode",
        )
    joined: list[bytes] = marshal.loads(done.stdout)  # noqa: S302 - compile.py's
    return joined


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _is_empty(source: Path, name: str) -> bool:
    """Return whether a module is a package of the runtime with nothing but its docstring."""
    if name.rpartition(".")[0] != "endpoint_runtime" or source.name != "__init__.py":
        return False
    parts = source.read_text().strip().split('"""')
    return len(parts) == 3 and not parts[0] and not parts[2]


def _sources_by_module(names: Collection[str]) -> dict[str, str]:
    """Return the sources of the modules that the archive can have, by their dotted names."""
    found: dict[str, str] = {}
    for source in names:
        parts = source.removesuffix(".py").split("/")
        if _is_package(source):
            parts = parts[:-1]
        name = ".".join(parts)
        if parts[0] not in PACKAGES or name in _BEFORE or not all(map(str.isidentifier, parts)):
            continue
        if name not in found or _is_package(source):  # which goes before a module of its name
            found[name] = source
    return found


def _is_package(source: str) -> bool:
    return source.endswith("/__init__.py")


def source_of(folder: Path, name: str) -> Path | None:
    """Return the source of a module in a bundle, None if it has none."""
    path = folder.joinpath(*name.split("."))
    for source in (path / "__init__.py", path.with_suffix(".py")):
        if source.is_file():
            return source
    return None


def archived(folder: Path) -> frozenset[str]:
    """Return the sources (posix paths) whose bytecode is in a bundle's archive."""
    try:
        data = (folder / CODE_ARCHIVE).read_bytes()
        index = marshal.loads(data[12 + int.from_bytes(data[4:8], "little") :])  # noqa: S302
    except OSError:
        return frozenset()
    sources = (source_of(folder, name) for name in index)
    return frozenset(source.relative_to(folder).as_posix() for source in sources if source)
