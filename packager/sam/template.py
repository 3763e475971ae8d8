"""Renders the SAM template of functions, for built zips or for `sam build` with a Makefile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from packager import __version__
from packager.plugin.functions import FunctionPlan
from packager.sam.checks.template import check_template
from packager.sam.document import Section, meant, write_document
from packager.sam.endpoints import KEY_NOTE as ENDPOINTS_KEY_NOTE
from packager.sam.endpoints import NOTE as ENDPOINTS_NOTE
from packager.sam.function import CodeLocation, function_resources
from packager.sam.generated_files import MARK, GeneratedFile, check_files, need_ours, write_files
from packager.sam.makefile import makefile_code, render_makefile
from packager.sam.names import ResourceNames, parameter_names, storage_name
from packager.sam.operate.dashboard import dashboard_resources
from packager.sam.outputs import (
    MAX_OUTPUTS,
    endpoint_outputs,
    function_outputs,
    outputs_fit,
    shortened,
)
from packager.sam.parameters import parameter_section
from packager.sam.storage import NOTE

__all__ = [
    "CodeLocation",
    "GeneratedFile",
    "check_files",
    "check_template",
    "makefile_code",
    "need_ours",
    "render_makefile",
    "render_template",
    "template_files",
    "write_files",
    "zip_code",
]
_EDIT = "To change it, change [tool.packager] and generate it again."
_MAX_STACK_DESCRIPTION = 1024  # bytes (CloudFormation, "Description")


def zip_code(plan: FunctionPlan) -> CodeLocation:
    """Return the zip beside the template as a function's code: `packager build` writes it there."""
    return CodeLocation(f"{plan.logical_id}.zip")


def render_template(
    plans: Sequence[FunctionPlan],
    *,
    code: Callable[[FunctionPlan], CodeLocation] = zip_code,
    header: Sequence[str] = (),
) -> str:
    """Return the YAML of the template that deploys `plans`, always the same for the same plans.

    `code` says where each function's code is; `header` are more comment lines for the top. What
    AWS would refuse in the plans' options is not looked for here: see `check_template`.
    """
    plans = [_as_meant(plan) for plan in plans]
    document = Section()
    document.put("AWSTemplateFormatVersion", "2010-09-09")
    document.put("Transform", "AWS::Serverless-2016-10-31")
    document.put("Description", _stack_description(plans))
    parameters = parameter_names(plans)
    if parameters:
        document.put("Parameters", parameter_section(plans, parameters), "")
    resources = Section()
    for plan in plans:
        names = ResourceNames(plan.logical_id)
        for name, resource in function_resources(plan, code(plan), parameters).items():
            if name in resources:  # what several functions share
                continue
            above: tuple[str, ...] = ()
            if name == names.function:
                above = (f"{plan.plugin.name} {plan.plugin.version}: {plan.group.file}",)
            elif name == names.worker:
                above = (f"The same code, which works off what {plan.logical_id} defers.",)
            elif name == names.renewer:
                above = (f"The same code, which renews the subscriptions of {plan.logical_id}.",)
            elif name == storage_name(plan):
                above = (NOTE.format(plugin=plan.plugin.name),)
            elif name in (names.endpoints, names.endpoints_key):
                note = ENDPOINTS_NOTE if name == names.endpoints else ENDPOINTS_KEY_NOTE
                above = (note.format(function=plan.logical_id),)
            resources.put(name, resource, *([""] if resources else []), *above)
    for name, resource in dashboard_resources(plans).items():
        resources.put(name, resource, "")
    document.put("Resources", resources, "")
    document.put("Outputs", _outputs(plans), "")
    return write_document(document, _header(header))


def template_files(
    plans: Sequence[FunctionPlan],
    *,
    template: Path,
    makefile: Path | None = None,
    header: Sequence[str] = (),
    options: Sequence[str] = (),
) -> tuple[GeneratedFile, ...]:
    """Return the template for `sam build`, and its Makefile if `makefile` names one.

    Without `makefile`, the recipes are expected in the Makefile of the template's folder; a name
    other than `Makefile` is for a file that the Makefile beside it includes. `options` are for each
    `packager build` in it.
    """
    folder = template.parent
    beside = folder if makefile is None else makefile.parent
    text = render_template(plans, code=makefile_code(folder, beside), header=header)
    files = [GeneratedFile(template, text)]
    if makefile is not None:
        recipes = render_makefile(plans, folder=beside, header=_header(header), options=options)
        files.append(GeneratedFile(makefile, recipes))
    return tuple(files)


def _header(lines: Sequence[str]) -> list[str]:
    return [f"{MARK} {__version__}. {_EDIT}", *lines]


def _stack_description(plans: Sequence[FunctionPlan]) -> str:
    plugins = dict.fromkeys(f"{plan.plugin.name} {plan.plugin.version}" for plan in plans)
    text = f"Endpoints of Dify plugins: {', '.join(plugins)}"
    return shortened(text, _MAX_STACK_DESCRIPTION)


def _as_meant(plan: FunctionPlan) -> FunctionPlan:
    """Return `plan` with what its configuration says for the template marked as such."""
    options = plan.options
    marked = {"template": meant(options.template), "api_template": meant(options.api_template)}
    return replace(plan, options=replace(options, **marked))


def _outputs(plans: Sequence[FunctionPlan]) -> Section:
    own = [function_outputs(plan) for plan in plans]
    taken = {name for outputs in own for name in outputs}
    section = Section()
    with_endpoints = outputs_fit(plans)
    for plan, outputs in zip(plans, own, strict=True):
        if with_endpoints:
            outputs |= endpoint_outputs(plan, taken=taken)
            taken |= set(outputs)
        for name, output in outputs.items():
            section.put(name, output)
    if not with_endpoints:
        note = f"The endpoints are left out: a stack has at most {MAX_OUTPUTS} outputs."
        section.above[next(iter(section))] = (note,)
    return section
