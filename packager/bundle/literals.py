"""Renders `endpoint_runtime/_bundle.py`: everything that differs per bundle, as plain literals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager import __version__
from packager.bundle.deferred_literal import deferred_literal
from packager.contract import FORMAT, HANDLERS
from packager.model.calls import (
    DeclaredTool,
    Models,
    Operation,
    Tool,
    credential_key,
    defaults_of,
    tool_key,
)
from packager.model.events import AnyEvent, EventMapping, event_arn
from packager.model.options import (
    EnvSource,
    LiteralSource,
    SecretSource,
    Source,
    SsmSource,
)
from packager.model.plugin import Setting, TriggerProvider
from packager.plugin.functions import FunctionPlan
from packager.plugin.tools.other_plugins import of_other_plugin

_WIDTH = 100


def render_bundle_literals(
    plan: FunctionPlan,
    *,
    diet: str = "",
    diet_packages: tuple[str, ...] = (),
    left_out: tuple[str, ...] = (),
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
        "EVENTS": tuple((each.source, each.target, _detail(each)) for each in options.events),
        "FAIL_ON": options.fail_on,
        "WARMUP": options.warmup or None,
        "DEFERRED": deferred_literal(options),
        "TRIGGER": _trigger(group.provider),
        **_calls(plan, left_out),
        "OBSERVE": tuple(name for name in ("metrics", "tracing") if getattr(options, name)),
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
        "PRELOAD": options.preload_modules,
        "PRELOAD_SOURCES": plan.early_sources,
        "DIET": diet,
        "DIET_PACKAGES": diet_packages,
        "DIET_PLUGIN": options.diet_plugin,
        "SDK": options.sdk,
        "LEFT_OUT": left_out,
    }
    lines = [
        '"""What this bundle serves and how: written by packager, read by endpoint_runtime."""',
        "",
    ]
    lines += [f"{name} = {render(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _calls(plan: FunctionPlan, left_out: tuple[str, ...]) -> dict[str, object]:
    """Return the literals of what answers a session's calls."""
    options = plan.options
    return {
        "APPS": {app_id: _source(source) for app_id, source in options.apps.items()},
        "MODELS": _models(options.models),
        "TOOLS": {name: _tool(name, tool, plan) for name, tool in options.tools.items()},
        "OWN_TOOLS": {} if "own_tools" in left_out else _declared(plan.plugin.own_tools),
        "OWN_DEFAULTS": {} if "own_tools" in left_out else defaults_of(plan.plugin.own_credentials),
        "DIFY_INNER": options.dify_inner
        and {
            "url": options.dify_inner.url,
            "tenant": options.dify_inner.tenant,
            "user": options.dify_inner.user,
        },
        "KEYS": {name: _source(source) for name, source in options.keys.items()},
        "DIFY_BASE_URL": options.dify_base_url,
    }


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


def _detail(event: EventMapping) -> str | None:
    """Return what the runtime tells events of one source by; of any event what its reply is."""
    return event.reply if isinstance(event, AnyEvent) else event_arn(event)


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


def _models(models: Models | None) -> dict[str, Any] | None:
    """Return what answers calls of models; None where nothing does."""
    if models is None:
        return None
    where = (
        {"region": models.region} if models.provider == "bedrock" else {"base_url": models.base_url}
    )
    return {"provider": models.provider, **where, "names": dict(models.names)}


def _declared(tools: Mapping[str, DeclaredTool]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the source and the parameters of each tool, as the runtime's `calls.tools.own` takes
    them."""
    return {
        name: (
            tool.source,
            {
                parameter: (each.type, each.is_form, each.required, each.default, each.options)
                for parameter, each in tool.parameters.items()
            },
        )
        for name, tool in tools.items()
    }


def _other(tool: Tool, plan: FunctionPlan) -> dict[str, Any]:
    """Return where another plugin is, its tools, and the names at its root that are its own."""
    if not of_other_plugin(tool):
        return {}
    other = plan.plugin.tool_plugins[tool.target]
    files = other.facts(plan.options.python)
    names = sorted({file.partition("/")[0].removesuffix(".py") for file in files})
    return {
        "other": other.name,
        "sources": _declared(other.tools),
        "defaults": defaults_of(other.credentials),
        "names": tuple(names),
    }


def _tool(name: str, tool: Tool, plan: FunctionPlan) -> tuple[str, dict[str, Any]]:
    """Return what answers a tool's calls, as the runtime's `calls.tools.find` takes it."""
    key, options = tool_key(name), plan.options
    has_key = key in options.keys
    authorized: dict[str, Any] = {"key": key, "header": tool.header} if has_key else {}
    match tool.kind:
        case "mcp":
            return ("mcp", {"url": tool.target, "tool": tool.tool, **authorized})
        case "lambda":
            return ("lambda", {"function": tool.target})
        case "plugin":
            held = {each: credential_key(name, each) for each in tool.credentials}
            return ("plugin", {"credentials": held, **_other(tool, plan)})
    operation = tool.operation
    if not isinstance(operation, Operation):  # nothing calls it, or its document was not there
        return ("openapi", {"document": tool.target})
    described = {
        "url": operation.url,
        "method": operation.method,
        "path": operation.path,
        "parameters": operation.parameters,
        "body": operation.body,
    }
    if authorized and tool.header is None and operation.security is not None:
        authorized["security"] = operation.security
    return ("openapi", described | authorized)


def _endpoints(plan: FunctionPlan) -> dict[str, Any] | None:
    """Return where managed endpoints are, and how; None for a function of one."""
    if not plan.options.is_managed:
        return None
    described: dict[str, Any] = {
        "store": plan.options.endpoints_store,
        "secrets": plan.seals_settings,
        "storage": plan.options.storage_scope,
    }
    provider = plan.group.provider
    if provider is not None:
        described |= {
            "provider": provider.name,
            "constructor": provider.source if provider.subscription_constructor else None,
            # Those of subscriptions that are declared, and whether they are secret.
            "properties": {
                each.name: each.type == "secret-input" for each in provider.subscription_schema
            },
            "kms_key": plan.options.kms_key,
        }
    return described


def _trigger(provider: TriggerProvider | None) -> dict[str, Any] | None:
    """Return the sources of a provider and of its events; None for an endpoint group."""
    if provider is None:
        return None
    return {
        "source": provider.source,
        "events": {event.name: event.source for event in provider.events},
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
