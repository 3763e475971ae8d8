"""Parameters and workflows as parts of a form, and what a filled form says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from packager.console.fields import Field, fields_of
from packager.console.forms import Form
from packager.console.source import Group
from packager.dataclass import dataclass
from packager.endpoints.function import Values
from packager.errors import Diagnostics
from packager.inputs.yaml_tree import parse_yaml
from packager.model.plugin import Parameter, TriggerProvider
from packager.settings.language import text_in
from packager.settings.values import WrongValue
from packager.subscriptions.constructor import Option
from packager.subscriptions.given import TWICE, read_workflows
from packager.subscriptions.parameters import (
    checked_parameter,
    parameter_of_text,
    takes_several,
)
from packager.subscriptions.subscription import Workflow

_EMPTY_ROWS = 2  # of workflows, below those that there are
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A workflow as a form shows it: `parameters` and `inputs` are lines of text."""

    event: str = ""
    app: str = ""
    parameters: str = ""
    inputs: str = ""
    errors: tuple[str, ...] = field(default=())


def parameter_fields(
    group: Group,
    parameters: Sequence[Parameter],
    values: Mapping[str, Any],
    language: str,
    options: Mapping[str, Sequence[Option]],
) -> list[Field]:
    """Return the fields of parameters that have `values`; `options` are what the service offers."""
    shown = fields_of(group, Values(dict(values)), language, parameters)
    fields = zip(shown, parameters, strict=True)
    return [
        _parameter_field(each, parameter, values, language, options) for each, parameter in fields
    ]


def parameters_of(fields: Sequence[Field], form: Form, diagnostics: Diagnostics) -> dict[str, Any]:
    """Return what a form says of parameters: those that it has a value of."""
    values: dict[str, Any] = {}
    for each in fields:
        parameter, name = each.setting, f"value:{each.name}"
        assert isinstance(parameter, Parameter)  # noqa: S101 - as `parameter_fields` made them
        try:
            if each.kind == "choices":
                chosen = form.all(name)
                value = checked_parameter(parameter, chosen) if chosen else None
            else:
                value = parameter_of_text(parameter, form.text(name))
        except WrongValue as wrong:
            diagnostics.error("invalid-value", str(wrong), key=each.name)
            continue
        if value is not None:
            values[each.name] = value
        elif each.needed:
            diagnostics.error("invalid-value", "is required", key=each.name)
    return values


def workflow_rows(workflows: Sequence[Workflow]) -> list[WorkflowRow]:
    """Return the rows of workflows, and some that are empty."""
    rows = [
        WorkflowRow(each.event, each.app, _lines(each.parameters), _input_lines(each.inputs))
        for each in workflows
    ]
    return rows + [WorkflowRow()] * _EMPTY_ROWS


def filled_rows(form: Form) -> list[WorkflowRow]:
    """Return the rows as somebody has filled them in; those without an event and an app go."""
    rows = []
    for number in range(_MOST_ROWS):
        if not form.has(f"event:{number}"):
            break
        event, app, parameters, inputs = (
            form.text(f"{name}:{number}").strip("\n")
            for name in ("event", "app", "parameters", "inputs")
        )
        if event or app.strip():
            rows.append(WorkflowRow(event, app.strip(), parameters, inputs))
    return rows


def workflows_of(
    rows: Sequence[WorkflowRow], provider: TriggerProvider, diagnostics: Diagnostics
) -> tuple[tuple[Workflow, ...], list[WorkflowRow]]:
    """Return the workflows that rows say, and the rows with what is wrong with each."""
    workflows: list[Workflow] = []
    shown: list[WorkflowRow] = []
    told: set[tuple[str, str]] = set()
    for row in rows:
        found = Diagnostics()
        workflow = _workflow(row, provider, found)
        if workflow is not None:
            if (workflow.event, workflow.app) in told:
                said = f"the event {row.event} starts the app {row.app} already, {TWICE}"
                found.error("duplicate", said)
            told.add((workflow.event, workflow.app))
            workflows.append(workflow)
        diagnostics.extend(found.errors)
        shown.append(
            replace(row, errors=tuple(_said(each.key, each.message) for each in found.errors))
        )
    return tuple(workflows), shown


def _workflow(
    row: WorkflowRow, provider: TriggerProvider, diagnostics: Diagnostics
) -> Workflow | None:
    document: dict[str, Any] = {"event": row.event, "app": row.app}
    if row.parameters.strip():
        read = Diagnostics()
        top = parse_yaml(row.parameters, "parameters", read)
        if top is None or read.errors or top.kind != "a mapping":
            diagnostics.error(
                "invalid-value", "expected lines of name: value", key="[0].parameters"
            )
            return None
        document["parameters"] = top.plain()
    if row.inputs.strip():
        inputs = {}
        for line in row.inputs.splitlines():
            name, _, path = line.partition("=")
            if line.strip():
                inputs[name.strip()] = path.strip()
        document["inputs"] = inputs
    node = parse_yaml(json.dumps([document]), "form", diagnostics)  # JSON is YAML
    found = read_workflows(node, provider, diagnostics)
    return found[0] if found else None


def _said(key: str, message: str) -> str:
    """Return a message with what it is of: `[0].parameters.least` is `parameters.least`."""
    of = key.partition("]")[2].removeprefix(".")
    return f"{message} ({of})" if of else message


def _parameter_field(
    shown: Field,
    parameter: Parameter,
    values: Mapping[str, Any],
    language: str,
    options: Mapping[str, Sequence[Option]],
) -> Field:
    value = values.get(parameter.name, parameter.default)
    offered = options.get(parameter.name, ())
    if offered:
        shown = replace(
            shown,
            options=tuple(
                (each.value, text_in(each.label, language) or each.value) for each in offered
            ),
        )
    if takes_several(parameter):
        chosen = tuple(map(str, value)) if isinstance(value, list) else ()
        if shown.options:
            unknown = [each for each in chosen if each not in dict(shown.options)]
            more = tuple((each, each) for each in unknown)
            return replace(shown, kind="choices", options=shown.options + more, chosen=chosen)
        return replace(shown, kind="line", text=", ".join(chosen), default=None)
    match parameter.type:
        case "checkbox":
            text = {True: "true", False: "false"}.get(value, "") if isinstance(value, bool) else ""
            return replace(shown, kind="boolean", text=text)
        case "select" | "dynamic-select" if shown.options:
            return replace(shown, kind="choice", text="" if value is None else str(value))
        case "string" | "select" | "dynamic-select":
            text = "" if value is None else str(value)
            return replace(shown, kind="lines" if "\n" in text else "line", text=text)
    return shown


def _lines(values: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{name}: {json.dumps(each, ensure_ascii=False)}" for name, each in values.items()
    )


def _input_lines(inputs: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {path}" for name, path in inputs.items())
