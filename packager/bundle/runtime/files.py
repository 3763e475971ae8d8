"""Says which files every bundle's root holds, beside the plugin and its dependencies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from packager.bundle.runtime.parts import PARTS
from packager.contract import LITERALS, template_folder
from packager.host.trees import files_below

RuntimeFiles = Sequence[tuple[Path, str]]  # paths, and names in the bundle

_LIGHT = "dify_plugin"
# What of the light SDK answers calls where the real one is bundled (endpoint_runtime/real_sdk.py).
_ANSWERING = {
    "_invocation.py": "_invocation.py",
    "core/_session_parts.py": "_session_parts.py",
    "core/runtime.py": "runtime.py",
    "invocations/storage.py": "storage.py",
    "invocations/app/__init__.py": "app/__init__.py",
    "invocations/app/chat.py": "app/chat.py",
    "invocations/app/completion.py": "app/completion.py",
    "invocations/app/workflow.py": "app/workflow.py",
}


def runtime_files(sdk: str, left_out: Collection[str] = ()) -> Iterator[tuple[Path, str]]:
    """Yield the files of a bundle's root, each with its posix path there, sorted.

    `sdk` is "light", or "real" for a bundle among whose dependencies is `dify_plugin` itself;
    `left_out` names the parts of the runtime that the function can't use.
    """
    parts = [part for part in PARTS if part.name in left_out]
    template = template_folder()
    for path, name in _template_files(template):
        if any(part.holds(name) for part in parts):
            continue
        if sdk == "light" or PurePosixPath(name).parts[0] != _LIGHT:
            yield path, name
    if sdk == "real":
        for name, copy in _ANSWERING.items():
            yield template / _LIGHT / name, f"endpoint_runtime/sdk_calls/{copy}"


@cache
def shipped_runtime(sdk: str, left_out: tuple[str, ...]) -> RuntimeFiles:
    """Return the same, without the literals, which are another bundle's."""
    return tuple(each for each in runtime_files(sdk, left_out) if each[1] != LITERALS)


@cache
def _template_files(template: Path) -> tuple[tuple[Path, str], ...]:
    """Return all files of the template, sorted; they are looked for once in a process."""
    names = [name.split("/") for name, _ in files_below(template)]
    found = ("/".join(parts) for parts in sorted(names) if "__pycache__" not in parts)
    return tuple((template / name, name) for name in found)
