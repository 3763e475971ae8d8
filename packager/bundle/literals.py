"""Renders `endpoint_runtime/_bundle.py`: everything that differs per bundle, as plain literals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager import __version__
from packager.contract import FORMAT, HANDLERS
from packager.model.events import event_arn
from packager.model.options import EnvSource, LiteralSource, SecretSource, Source, SsmSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan

_WIDTH = 100


def render_bundle_literals(
    plan: FunctionPlan, *, diet: str = "", left_out: tuple[str, ...] = ()
) -> str:
    """Return the source of `_bundle.py` for `plan`: ASCII, one assignment after the other.

    It is the same whatever Python renders it: non-ASCII text is escaped, since which characters
    `repr` prints as they are follows from that Python's Unicode tables.
    """
    group, options = plan.group, plan.options
    values: dict[str, object] = {
        "FORMAT": FORMAT,
        "PACKAGER": __version__,
        "PLUGIN": plan.plugin.name,
        "PLUGIN_VERSION": plan.plugin.version,
        "GROUP": group.name,
        "FUNCTION": plan.logical_id,
        "HOOK_ID": plan.hook_id,
        "PYTHON": options.python,
        "ARCHITECTURE": options.architecture,
        "TIMEOUT": options.timeout,
        "ROUTES": tuple((e.path, e.method, e.source) for e in group.endpoints),
        "SETTINGS": tuple(_setting(setting) for setting in group.settings),
        "SOURCES": {name: _source(source) for name, source in options.settings.items()},
        "SETTINGS_FROM": options.settings_from and _source(options.settings_from),
        "SETTINGS_TTL": options.settings_ttl,
        "ENDPOINTS": _endpoints(plan),
        "PUBLIC_URL": options.public_url,
        "EVENTS": tuple((each.source, each.target, event_arn(each)) for each in options.events),
        "APPS": {app_id: _source(source) for app_id, source in options.apps.items()},
        "DIFY_BASE_URL": options.dify_base_url,
        "STORAGE": _storage(plan),
        "STREAM": options.stream,
        "STREAM_HEARTBEAT": options.stream_heartbeat,
        "ERRORS": options.errors,
        "MAX_BODY": options.max_body,
        "BINARY_TYPES": options.binary_types,
        "TEXT_TYPES": options.text_types,
        "GZIP": options.gzip,
        "BASE_PATH": options.base_path,
        "HANDLER": HANDLERS[options.adapter],
        "ENTRY": plan.entry,
        "PRELOAD": options.preload,
        "DIET": diet,
        "SDK": options.sdk,
        "LEFT_OUT": left_out,
    }
    lines = [
        '"""What this bundle serves and how: written by packager, read by endpoint_runtime."""',
        "",
    ]
    lines += [f"{name} = {render(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def render(value: object, indent: int = 0) -> str:
    """Return `value` as a Python literal that evaluates to it.

    What no literal can say (a date that YAML read, say) is given as its text.
    """
    if isinstance(value, Mapping):
        items = [f"{render(key)}: {render(item, indent + 4)}" for key, item in value.items()]
        return _enclose("{", items, "}", indent)
    if isinstance(value, tuple):
        items = [render(item, indent + 4) for item in value]
        return _enclose("(", items, ",)" if len(items) == 1 else ")", indent)
    if isinstance(value, list):
        return _enclose("[", [render(item, indent + 4) for item in value], "]", indent)
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return {"nan": "1e999 - 1e999", "inf": "1e999", "-inf": "-1e999"}[repr(value)]
    if value is None or type(value) in (bool, int, float, str, bytes):
        return ascii(value)
    return ascii(str(value))


def _enclose(start: str, items: list[str], end: str, indent: int) -> str:
    flat = f"{start}{', '.join(items)}{end}"
    if "\n" not in flat and indent + len(flat) <= _WIDTH:
        return flat
    inner = "".join(f"{' ' * (indent + 4)}{item},\n" for item in items)
    return f"{start}\n{inner}{' ' * indent}{end.lstrip(',')}"


def _storage(plan: FunctionPlan) -> tuple[str, dict[str, Any]] | None:
    """Return what keeps the bytes of `session.storage`, and how; None where nothing does."""
    match plan.storage:
        case "dynamodb":
            limit = plan.options.storage_limit
            return ("dynamodb", {} if limit is None else {"limit": limit})
        case "s3":
            return ("s3", {"prefix": plan.storage_prefix})
        case None:
            return None
        case other:
            return (other, {})


def _endpoints(plan: FunctionPlan) -> dict[str, Any] | None:
    """Return where managed endpoints are, and how; None for a function of one."""
    if not plan.options.is_managed:
        return None
    return {
        "store": plan.options.endpoints_store,
        "secrets": plan.seals_settings,
        "storage": plan.options.storage_scope,
    }


def _setting(setting: Setting) -> dict[str, Any]:
    declared: dict[str, Any] = {
        "name": setting.name,
        "type": setting.type,
        "required": setting.required,
    }
    if setting.has_default:
        declared["default"] = setting.default
    if setting.options:
        declared["options"] = tuple(setting.options)
    if setting.multiple:
        declared["multiple"] = True
    if setting.scope:
        declared["scope"] = setting.scope
    return declared


def _source(source: Source) -> tuple[Any, ...]:
    match source:
        case EnvSource(name):
            return ("env", name)
        case LiteralSource(value):
            return ("literal", value)
        case SsmSource(name):
            return ("ssm", name)
        case SecretSource(name, key):
            return ("secret", name, key)
