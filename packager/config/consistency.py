"""Checks options, each sound, against each other, and against what else the plugin states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from packager.config.files import Configuration
from packager.errors import Diagnostics
from packager.model.options import PREVIEW, Options, Runtime
from packager.model.plugin import EndpointGroup

# What each endpoint has, if there are several; and what is of use then alone.
_OF_ONE = ("settings_from", "hook_id")
_MANAGED_ONLY = ("endpoints_store", "storage_scope")
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


def check_deferred(options: Mapping[str, Options], diagnostics: Diagnostics) -> None:
    """Note what deferred routes do not go with, and a worker that has none to work off."""
    for option in options.values():
        if option.stream and option.fail_on:
            diagnostics.error(
                "conflicting-keys",
                "a streamed answer is sent before it can fail the invocation",
                option.place("fail_on"),
                key="fail_on",
            )
        if not option.deferred:
            continue
        if option.stream:
            diagnostics.error(
                "conflicting-keys",
                "nothing is streamed to whoever has been answered: a function streams or defers",
                option.place("deferred") or option.place("stream"),
                key="deferred",
                hint="leave out stream, or put the deferred paths into a group of their own",
            )
        if option.adapter != "native":
            diagnostics.error(
                "conflicting-keys",
                f'adapter = "{option.adapter}" does not hand on events, which is what is deferred',
                option.place("adapter"),
                key="adapter",
                hint='deferred routes need adapter = "native"',
            )
    said = next((each for each in options.values() if "worker" in each.places), None)
    if said is not None and not any(option.deferred for option in options.values()):
        diagnostics.warn(
            "ignored-key", "says nothing without deferred", said.place("worker"), key="worker"
        )


def check_trigger(
    groups: Sequence[EndpointGroup], options: Mapping[str, Options], diagnostics: Diagnostics
) -> None:
    """Warn of a table for triggers where there are none."""
    if not any(group.provider for group in groups):
        for said in (each for each in options.values() if "trigger" in each.places):
            place = said.place("trigger")
            diagnostics.warn("ignored-key", "is for trigger providers", place, key="trigger")


def check_endpoints(options: Mapping[str, Options], diagnostics: Diagnostics) -> None:
    """Note what managed endpoints leave no sense to, and what has none without them."""
    any_managed = any(option.is_managed for option in options.values())
    for option in options.values():
        if option.is_managed:
            _check_managed(option, diagnostics)
            continue
        for key in () if any_managed else _MANAGED_ONLY:
            if key in option.places:
                diagnostics.error(
                    "conflicting-keys",
                    'is for endpoints = "managed"',
                    option.place(key),
                    key=key,
                )
        for event in option.events:
            if event.endpoint is not None:
                diagnostics.error(
                    "conflicting-keys",
                    'names one of several endpoints, and these are "single"',
                    event.place("endpoint"),
                    key="events.endpoint",
                    hint='leave it out, or say endpoints = "managed"',
                )


def _check_managed(options: Options, diagnostics: Diagnostics) -> None:
    given = [f"settings.{name}" for name in options.settings]
    given += [key for key in _OF_ONE if getattr(options, key) is not None]
    for key in given:
        diagnostics.error(
            "conflicting-keys",
            "each managed endpoint has its own",
            options.place(key),
            key=key,
            hint="leave it out; `packager endpoints create` takes the values of an endpoint",
        )
    for event in options.events:
        if event.endpoint is None:
            diagnostics.error(
                "missing-key",
                "missing; which of the managed endpoints takes it?",
                event.place(),
                key="events.endpoint",
                hint='say its name: endpoint = "acme"',
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
        if runtime not in PREVIEW
        and any(f"{runtime.removeprefix('python')}.{patch}" in wanted for patch in _PATCHES)
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
