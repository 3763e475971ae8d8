"""What whoever makes managed endpoints has to know of their group, as plain JSON.

It goes into the template beside the function, where `packager endpoints --stack` reads it: who
makes an endpoint needs no folder of the plugin. Text in it is the plugin's own.
"""

from __future__ import annotations

from typing import Any

from packager.contract import ENDPOINTS_METADATA_FORMAT
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan


def endpoint_declaration(plan: FunctionPlan) -> dict[str, Any]:
    """Return the declaration of a group whose endpoints are managed.

    `settings_ttl` is in seconds. What a setting does not say is absent, `default` too, while a
    default of null is there; `interfaces` are the routes that all endpoints of the group have.
    """
    options = plan.options
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
