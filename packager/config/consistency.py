"""Checks options, each sound, against each other, and against what else the plugin states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from packager.config.files import Configuration
from packager.errors import Diagnostics
from packager.model.options import Options, Runtime

_PATCHES = range(100)  # Lambda runs the newest patch of a version, whichever that is


def check_entry(options: Options, diagnostics: Diagnostics) -> None:
    """Note `entry = "fast"` beside an option that the stock entry alone serves."""
    why = options.needs_stock
    if options.entry == "fast" and why:
        diagnostics.error(
            "conflicting-keys",
            f"{why} needs the stock entry",
            options.place("entry"),
            key="entry",
            hint='leave entry out, or say entry = "stock"',
        )


def fit_python(
    options: dict[str, Options], files: Configuration, diagnostics: Diagnostics
) -> Mapping[str, Options]:
    """Choose a runtime that requires-python allows, where none is configured; say so."""
    if files.requires_python is None:
        return options
    try:
        wanted = SpecifierSet(files.requires_python)
    except InvalidSpecifier:
        return options  # uv says so, at the build
    allowed = [
        runtime
        for runtime in get_args(Runtime)
        if any(f"{runtime.removeprefix('python')}.{patch}" in wanted for patch in _PATCHES)
    ]
    fitted: dict[str, Options] = {}
    notes: set[str] = set()
    for name, option in options.items():
        fitted[name] = option
        if option.runtime in allowed:
            continue
        if "runtime" not in option.places and allowed:
            fitted[name] = replace(option, runtime=allowed[-1])
            notes.add(
                f"{option.python} is excluded by {files.requires_python!r}; "
                f"the runtime is {allowed[-1]}"
            )
        else:
            notes.add(f"{option.python}, the runtime, is excluded by {files.requires_python!r}")
    for note in sorted(notes):
        diagnostics.warn(
            "python-excluded",
            "Python " + note,
            files.requires_python_place,
            key="project.requires-python",
            hint="set runtime in the configuration",
        )
    return fitted
