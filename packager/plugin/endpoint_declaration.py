"""What whoever makes managed endpoints has to know of their group, as plain JSON.

It goes into the template beside the function, where `packager endpoints --stack` reads it: who
makes an endpoint needs no folder of the plugin. Text in it is the plugin's own.
"""

from __future__ import annotations

from typing import Any

from packager.config.calls.choices import choices_of
from packager.contract import ENDPOINTS_METADATA_FORMAT
from packager.model.plugin import Parameter, Setting, TriggerEvent, TriggerProvider
from packager.plugin.functions import FunctionPlan


def endpoint_declaration(plan: FunctionPlan) -> dict[str, Any]:
    """Return the declaration of a group whose endpoints are managed.

    `settings_ttl` is in seconds. What a setting does not say is absent, `default` too, while a
    default of null is there; `interfaces` are the routes that all endpoints of the group have.
    """
    options = plan.options
    choices = _choices(plan)
    return {
        "format": ENDPOINTS_METADATA_FORMAT,
        "plugin": plan.plugin.name,
        "group": plan.group.name,
        "function": plan.logical_id,
        "store": options.endpoints_store,
        "label": dict(plan.plugin.label),
        "settings": [_setting(setting) for setting in plan.group.settings],
        "interfaces": [
            {"method": each.method, "path": each.path, "hidden": each.hidden}
            for each in plan.group.endpoints
        ],
        "settings_ttl": options.settings_ttl,
        "public_url": options.public_url,
        "api": options.api,
        "routes": options.routes,
        "kms_key": options.kms_key,
        **({"choices": choices} if choices else {}),
        **({"provider": _provider(plan.group.provider)} if plan.group.provider else {}),
    }


def _provider(provider: TriggerProvider) -> dict[str, Any]:
    """Return what whoever makes subscriptions has to know of a provider and its events."""
    described: dict[str, Any] = {
        "name": provider.name,
        "label": dict(provider.label),
        "properties": [_setting(each) for each in provider.subscription_schema],
        "events": [_event(each) for each in provider.events],
    }
    constructor = provider.subscription_constructor
    if constructor is not None:
        described["constructor"] = {
            "parameters": [_setting(each) for each in constructor.parameters],
            "credentials": [_setting(each) for each in constructor.credentials_schema],
        }
        if constructor.oauth_schema is not None:
            described["constructor"]["oauth_client"] = [
                _setting(each) for each in constructor.oauth_schema.client_schema
            ]
            described["constructor"]["oauth_credentials"] = [
                _setting(each) for each in constructor.oauth_schema.credentials_schema
            ]
    return described


def _event(event: TriggerEvent) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": event.name,
        "label": dict(event.label),
        "parameters": [_setting(each) for each in event.parameters],
    }
    # Their names alone: a template has at most a megabyte, and some providers hundreds of events.
    if event.variables is not None:
        described["variables"] = list(event.variables)
    return described


def _choices(plan: FunctionPlan) -> dict[str, list[str]]:
    """Return what selectors of the group may choose; what it has no selector of is left out."""
    found = choices_of(plan.options, plan.plugin.own_tools)
    types = {setting.type for setting in plan.group.settings}
    by_type = {
        "app-selector": ("apps", found.apps),
        "model-selector": ("models", found.models),
        "array[tools]": ("tools", found.tools),
    }
    return {
        kind: list(names)
        for of, (kind, names) in by_type.items()
        if (of in types or (kind == "apps" and plan.group.provider)) and names is not None
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
        declared["options"] = [_option(setting, value) for value in setting.options]
    if setting.multiple:
        declared["multiple"] = True
    if setting.scope:
        declared["scope"] = setting.scope
    if isinstance(setting, Parameter):
        bounds = {"min": setting.minimum, "max": setting.maximum}
        declared |= {name: each for name, each in bounds.items() if each is not None}
    texts = {
        "label": setting.label,
        "help": setting.help,
        "placeholder": setting.placeholder,
        "url": setting.url,
    }
    return declared | {name: dict(each) for name, each in texts.items() if each}


def _option(setting: Setting, value: str) -> dict[str, Any]:
    label = setting.option_labels.get(value)
    return {"value": value, "label": dict(label)} if label else {"value": value}
