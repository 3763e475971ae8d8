"""Decides options by what a plugin's manifest says of where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from packager.errors import Diagnostics
from packager.model.declared import Declared
from packager.model.options import Options

_MIB = 1024 * 1024
_MOST_MEMORY = 10240  # MiB, "Configure Lambda function memory"
COMMAND_LINE = "command line"


def fit_declared(
    options: Mapping[str, Options], declared: Declared, *, configured: bool
) -> dict[str, Options]:
    """Return the options with what the manifest decides where nothing else does.

    It raises the default memory and never lowers it. Its Python is that of a plugin that is not
    `configured` for packager at all: who wrote a configuration has chosen what it leaves out.
    """
    fitted = {}
    for name, option in options.items():
        changes: dict[str, Any] = {}
        if declared.memory is not None and "memory" not in option.places:
            wanted = min(-(-declared.memory // _MIB), _MOST_MEMORY)
            changes["memory"] = max(option.memory, wanted)
        if len(declared.architectures) == 1 and "architecture" not in option.places:
            changes["architecture"] = declared.architectures[0]
        if declared.runtime and not configured and "runtime" not in option.places:
            changes["runtime"] = declared.runtime
        fitted[name] = replace(option, **changes)
    return fitted


def check_declared(
    options: Mapping[str, Options], declared: Declared, diagnostics: Diagnostics
) -> None:
    """Note a Python that is another than the manifest's, unless the command line asked for it."""
    if declared.python is None:
        return
    runtimes = [
        option.runtime
        for option in options.values()
        if option.python != declared.python and not _asked_for(option)
    ]
    for runtime in dict.fromkeys(runtimes):
        diagnostics.warn(
            "python-differs",
            f"the manifest says Python {declared.python}, and the runtime is {runtime}",
            declared.python_place,
            key="meta.runner.version",
            hint=f'say which is meant: runtime = "{declared.runtime}" in the configuration, or '
            f"{runtime.removeprefix('python')} here"
            if declared.runtime
            else f"Lambda has no such runtime: say {runtime.removeprefix('python')} here if it "
            "runs on that",
        )


def _asked_for(option: Options) -> bool:
    place = option.places.get("runtime")
    return place is not None and place.file == COMMAND_LINE
