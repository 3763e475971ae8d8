"""Writes a stack's outputs: where each function and each endpoint answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from packager.plugin.functions import FunctionPlan
from packager.sam.deferred.resources import deferred_outputs
from packager.sam.document import Meant, get_att, literal_in_sub, ref, sub
from packager.sam.endpoints import endpoint_outputs as managed_outputs
from packager.sam.event_resources import event_outputs
from packager.sam.function import base_url
from packager.sam.names import ResourceNames, route_name, unique_name
from packager.sam.route_segments import VARIABLE

MAX_OUTPUTS = 200  # CloudFormation, "Understand CloudFormation quotas"
_MAX_NAME = 255  # characters, likewise
_MAX_DESCRIPTION = 1024  # bytes, likewise


def function_outputs(plan: FunctionPlan) -> dict[str, dict[str, Any]]:
    """Return a function's own outputs: its public URL, and the ids that other stacks need."""
    names = ResourceNames(plan.logical_id)
    managed = plan.options.is_managed
    where = plan.plugin.name
    if len(plan.plugin.groups) > 1:
        where = f"{plan.group.name} of {where}"
    if _has_only_function_url(plan):
        url: Any = get_att(f"{names.url}.FunctionUrl")
    else:
        url = _text(base_url(plan))
    root = "What goes before /e/<hook id> in the URLs of endpoints" if managed else "Root"
    outputs = {f"{names.base}Url": {"Description": f"{root} of {where}", "Value": url}}
    if plan.options.api != "url":
        api = {"Description": f"Id of the API of {where}", "Value": ref(names.api)}
        outputs[f"{names.base}ApiId"] = api
    arn = {
        "Description": f"ARN of the function of {where}",
        "Value": get_att(f"{names.function}.Arn"),
    }
    if plan.options.alias is not None:  # who calls it by the function's own gets $LATEST
        arn = {
            "Description": f"ARN of the alias that the function of {where} is called by",
            "Value": ref(f"{names.function}.Alias"),
        }
    outputs[f"{names.base}FunctionArn"] = arn
    return outputs | managed_outputs(plan, where) | event_outputs(plan) | deferred_outputs(plan)


def endpoint_outputs(
    plan: FunctionPlan, *, taken: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Return an output with the full URL of each endpoint; names differ from all of `taken`.

    Managed ones have theirs from whoever makes them.
    """
    names = ResourceNames(plan.logical_id)
    outputs: dict[str, dict[str, Any]] = {}
    if plan.options.is_managed:
        return outputs
    for endpoint in plan.group.endpoints:
        # As a client sends it, who escapes braces; two of them might start a dynamic reference.
        path = literal_in_sub(re.sub(r"\{(?=\{)", "%7B", endpoint.path))
        if _has_only_function_url(plan):  # The URL of a function ends in a slash.
            url = f"${{{names.url}.FunctionUrl}}{path.removeprefix('/')}"
        else:
            base = base_url(plan)
            url = Meant(base + path) if isinstance(base, Meant) else base + path
        named = route_name(endpoint.method, VARIABLE.sub(r"<\g<name>>", endpoint.path))
        wanted = f"{names.base}{named}"[: _MAX_NAME - 5]
        description = f"{endpoint.method} {endpoint.path}"
        if endpoint.hidden:
            description += " (hidden in Dify)"
        name = unique_name(wanted, {*taken, *outputs})
        outputs[name] = {
            "Description": shortened(description, _MAX_DESCRIPTION),
            "Value": _text(url),
        }
    return outputs


def outputs_fit(plans: Sequence[FunctionPlan]) -> bool:
    """Return whether a stack can have an output for each endpoint of `plans`."""
    return output_count(plans, with_endpoints=True) <= MAX_OUTPUTS


def output_count(plans: Sequence[FunctionPlan], *, with_endpoints: bool) -> int:
    """Return the number of outputs of a template."""
    return sum(
        len(function_outputs(plan)) + (_endpoint_count(plan) if with_endpoints else 0)
        for plan in plans
    )


def _endpoint_count(plan: FunctionPlan) -> int:
    return 0 if plan.options.is_managed else len(plan.group.endpoints)


def _has_only_function_url(plan: FunctionPlan) -> bool:
    return plan.options.api == "url" and plan.options.public_url is None


def _text(text: str) -> Any:
    """Return text for `!Sub`, without `!Sub` where nothing is to be put in."""
    if re.search(r"\$\{(?!!)", text):
        return sub(text)
    plain = text.replace("${!", "${")
    return Meant(plain) if isinstance(text, Meant) else plain


def shortened(text: str, most: int) -> str:
    """Return `text` in at most `most` bytes of UTF-8, an ellipsis where it is cut."""
    whole = text.encode(errors="replace")
    if len(whole) <= most:
        return text
    return whole[: most - len("…".encode())].decode(errors="ignore") + "…"
