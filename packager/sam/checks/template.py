"""Finds what AWS or SAM would refuse late: options that do not fit each other or their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from packager.contract import WRAPPER, WRAPPER_VARIABLE
from packager.errors import Diagnostics, Place
from packager.model.options import EnvSource, Options
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.sam.checks.endpoints import check_endpoints
from packager.sam.checks.events import check_events, check_names
from packager.sam.checks.properties import check_properties
from packager.sam.checks.references import referable
from packager.sam.checks.role import check_role
from packager.sam.checks.stack import check_stack
from packager.sam.checks.start import check_runtime, check_start
from packager.sam.checks.storage import check_storage
from packager.sam.checks.stream import check_stream
from packager.sam.deferred.resources import worker_variables
from packager.sam.endpoints import endpoint_variables
from packager.sam.function import REST_TIMEOUT, declared_routes
from packager.sam.names import parameter_names
from packager.sam.parameters import check_defaults
from packager.sam.shapes import is_deferred
from packager.sam.storage import storage_variables

# Seconds an answer may take ("Quotas for HTTP APIs", "Quotas for REST APIs", "Lambda quotas").
API_TIMEOUTS = {"http": 30, "rest": REST_TIMEOUT, "url": 1800}
API_KINDS = {"http": "an HTTP API", "rest": "a REST API", "url": "a function URL"}
_KNOWN_TIMEOUT = 900  # seconds that linters know of
_MAX_ENVIRONMENT = 4096  # bytes of names and values ("Lambda quotas")
# A function's resource policy holds 20 KB ("Lambda quotas"), and SAM adds a statement of about
# 450 bytes for each route.
_MAX_ROUTES = 40


def check_template(plans: Sequence[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note in `diagnostics` what the template of `plans` would have that AWS or SAM refuses.

    A key that several groups share is faulted once.
    """
    known = frozenset(parameter_names(plans).values()).union(*map(referable, plans))
    for plan in plans:
        noted = Diagnostics()
        _check_limits(plan, noted)
        _check_environment(plan, noted)
        check_defaults(plan, noted)
        check_stream(plan, noted)
        check_properties(plan, noted, known)
        check_events(plan, noted)
        check_start(plan, noted)
        check_runtime(plan, noted, date.today())
        check_endpoints(plan, noted)
        if not noted.errors:  # else the role can't be made
            check_role(plan, noted)
        diagnostics.extend(noted.all)
    check_storage(plans, diagnostics)
    check_stack(plans, diagnostics)
    check_names(plans, diagnostics)


def _check_limits(plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    options = plan.options
    limit = API_TIMEOUTS[options.api]
    streams = options.stream and options.api == "rest"  # "Stream the integration response"
    if options.timeout > limit and not streams:
        diagnostics.error(
            "conflicting-keys",
            f"{API_KINDS[options.api]} waits at most {limit} s, not {options.timeout}",
            options.place("timeout") or options.place("api"),
            key="timeout",
            hint='api = "url" waits up to 1800 s',
        )
    worker = options.worker.timeout if options.deferred else 0
    for key, timeout in (("timeout", options.timeout), ("worker.timeout", worker)):
        if timeout > _KNOWN_TIMEOUT:
            diagnostics.warn(
                "long-timeout",
                f"Lambda takes up to 1800 s, cfn-lint's rule E3717 knows of {_KNOWN_TIMEOUT} alone",
                options.place(key),
                key=key,
                hint="sam validate --lint fails with it; cfn-lint --ignore-checks E3717 does not",
            )
    if options.adapter == "aws-wsgi" and options.api == "url":
        diagnostics.error(
            "conflicting-keys",
            "a function URL sends payload 2.0, which the adapter aws-wsgi can't read",
            options.place("adapter") or options.place("api"),
            key="adapter",
            hint='take api = "http" or "rest", or another adapter',
        )
    if options.api == "url" and options.routes == "declared":
        diagnostics.error(
            "conflicting-keys",
            "a function URL has no routes to declare",
            options.place("routes") or options.place("api"),
            key="routes",
            hint='leave routes out, or take api = "http" or "rest"',
        )
    elif options.routes == "declared":
        routes = len(declared_routes(plan))
        if routes > _MAX_ROUTES:
            diagnostics.error(
                "too-large",
                f"{routes} routes need more permissions than a function can hold; "
                f"{_MAX_ROUTES} fit",
                options.place("routes"),
                key="routes",
                hint='leave routes out, which is "all"',
            )


def _check_environment(plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    options = plan.options
    environment = options.template.get("Environment")
    theirs = environment.get("Variables") if isinstance(environment, Mapping) else None
    for key, value in (("Environment", environment), ("Environment.Variables", theirs)):
        if is_deferred(value):  # it would take the place of all that the template sets
            diagnostics.error(
                "wrong-type",
                "expected a table: the function has variables of its own",
                options.place(f"template.{key}"),
                key=f"template.{key}",
            )
            return
    variables: dict[str, Any] = dict(theirs) if isinstance(theirs, Mapping) else {}
    if plan.entry == "fast":
        if WRAPPER_VARIABLE in variables:
            diagnostics.error(
                "reserved-variable",
                "starts the fast entry",
                options.place(f"template.Environment.Variables.{WRAPPER_VARIABLE}"),
                key=f"template.Environment.Variables.{WRAPPER_VARIABLE}",
                hint='with entry = "stock", a key beside template, the variable is yours',
            )
        variables[WRAPPER_VARIABLE] = WRAPPER
    own = dict.fromkeys(storage_variables(plan), "where its storage is")
    own |= dict.fromkeys(endpoint_variables(plan), "of its endpoints")
    own |= dict.fromkeys(worker_variables(plan), "where deferred requests go")
    for name, what in own.items():
        if name in variables:
            diagnostics.error(
                "reserved-variable",
                f"tells the function {what}",
                options.place(f"template.Environment.Variables.{name}"),
                key=f"template.Environment.Variables.{name}",
            )
        variables[name] = ""  # a name that is known at the deployment
    for key, source in options.sources.items():
        if isinstance(source, EnvSource):
            if not isinstance(variables.get(source.name, source), EnvSource):
                kind, _, name = key.partition(".")
                owner = f"the setting {name}'s" if kind == "settings" else f"the app {name}'s"
                diagnostics.error(
                    "reserved-variable",
                    f"the variable {source.name} is {owner}",
                    options.place(f"template.Environment.Variables.{source.name}"),
                    key=f"template.Environment.Variables.{source.name}",
                )
            variables[source.name] = source
    size = sum(len(key.encode()) + _known_size(value) for key, value in variables.items())
    size += sum(_default_size(plan, setting) for setting in plan.group.settings)
    if size > _MAX_ENVIRONMENT:
        diagnostics.error(
            "too-large",
            f"the environment has {size} bytes or more; Lambda takes {_MAX_ENVIRONMENT}",
            options.place("template.Environment") or _first_setting(options),
            key="template.Environment" if theirs else "settings",
        )


def _known_size(value: object) -> int:
    """Return the bytes of a variable's value, none where it is known at the deployment only."""
    return len(str(value).encode()) if isinstance(value, str | int | float) else 0


def _default_size(plan: FunctionPlan, setting: Setting) -> int:
    """Return the bytes of a setting's default that the template makes its variable's."""
    source = plan.options.settings.get(setting.name)
    if isinstance(source, EnvSource) and isinstance(setting.default, str):
        return len(setting.default.encode()) if setting.type == "text-input" else 0
    return 0


def _first_setting(options: Options) -> Place | None:
    places = (options.place(f"settings.{name}") for name in options.settings)
    return next((place for place in places if place), None)
