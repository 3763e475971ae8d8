"""`packager build`: plugins into bundles."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from packager.bundle.build import BuildOptions, Bundle, build_bundles
from packager.bundle.known_secrets import known_secrets
from packager.bundle.publish import check_out
from packager.bundle.size import MAX_UNZIPPED
from packager.cli.console import (
    echo,
    progress,
    say,
    say_briefly,
    show_diagnostics,
    write,
    write_json,
)
from packager.cli.options import (
    PATH,
    format_option,
    override_options,
    overrides,
    plugins_argument,
    strict_option,
)
from packager.cli.permissions import permission_options
from packager.cli.plans import plan_facts, planned
from packager.errors import Diagnostic, Diagnostics, UsageError
from packager.formatting import byte_size, columns
from packager.model.permissions import Permissions
from packager.model.progress import Progress
from packager.model.steps import Stopwatch, step
from packager.paths import is_file
from packager.plugin.functions import FunctionPlan
from packager.sam.template import GeneratedFile, need_ours, render_template


@click.command()
@plugins_argument
@click.option(
    "-o",
    "--out",
    type=PATH,
    required=True,
    metavar="OUT",
    help="The folder for the result: OUT/<function>/, OUT/<function>.zip and OUT/template.yaml.",
)
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="ID",
    help="Build this function alone; may be given several times. The template keeps those of "
    "PLUGIN... whose zips are in OUT.",
)
@override_options
@click.option(
    "--bytecode/--no-bytecode",
    default=True,
    show_default=True,
    help="Compile with the runtime's Python, which must be on this machine. Without bytecode cold "
    "starts are slower.",
)
@permission_options
@click.option(
    "--allow-failing",
    is_flag=True,
    help="Warn of what makes an endpoint's import, or every request, fail, and build all the same.",
)
@strict_option
@click.option("--timings", is_flag=True, help="Say what each step of the build took.")
@format_option
def build(
    plugins: tuple[Path, ...],
    out: Path,
    functions: tuple[str, ...],
    runtime: str | None,
    arch: str | None,
    memory: int | None,
    timeout: int | None,
    bytecode: bool,
    permissions: Permissions,
    allow_failing: bool,
    strict: bool,
    timings: bool,
    form: str,
) -> None:
    """Build the functions of plugins into OUT, with the SAM template that deploys them.

    OUT/template.yaml is for `sam deploy` as it is, without `sam build`. Options go before what the
    plugins' configuration says. The same input gives the same zips, byte for byte. Whatever
    fails, OUT stays as it was. Functions that could answer no request are refused: an endpoint
    whose import certainly fails or that has no _invoke, a required setting without a value.

    Packages that exist as source are built, which runs their code: isolated, unless
    --source-builds says otherwise. What a .difypkg's own configuration asks for in your account is
    listed, and refused until --allow-config allows it.

    \b
    Examples:
      packager build plugins/neko -o build
      packager build neko.difypkg slack.difypkg -o build --runtime python3.12 --arch x86_64
      packager build plugins/neko -o build --format json | jq -r '.functions[].zip'
    """
    diagnostics = Diagnostics()
    configuration = overrides(runtime, arch, memory, timeout)
    stopwatch = Stopwatch(say_briefly)
    with ExitStack() as stack:
        with progress(stopwatch), step("reading the plugins"):
            plans = stack.enter_context(
                planned(plugins, diagnostics, configuration, permissions=permissions)
            )
        if not allow_failing:
            diagnostics.refuse_failing()
        diagnostics.raise_errors()
        if strict:
            diagnostics.raise_warnings()
        show_diagnostics(diagnostics.warnings, excerpts=True)
        chosen = _chosen(plans, functions)
        check_out(chosen, out)
        _say_runtimes(chosen, out)
        with progress(stopwatch):
            with step("writing the template"):
                template = GeneratedFile(
                    out / "template.yaml", render_template(_described(plans, chosen, out))
                )
                need_ours([template])
            bundles = build_bundles(
                chosen,
                out,
                BuildOptions(bytecode=bytecode, allow_failing=allow_failing, strict=strict),
                Progress(say, say_briefly),
                files={template.path.name: template.text},
                secrets=known_secrets(plans, os.environ),
            )
        show_diagnostics(_fresh(bundles, diagnostics), excerpts=True)
        _say_left_out(bundles)
        _write(bundles, template, stopwatch if timings else None, form)


def _write(
    bundles: tuple[Bundle, ...], template: GeneratedFile, stopwatch: Stopwatch | None, form: str
) -> None:
    """Write what was built, and what each step took, where that was asked for."""
    took = [*stopwatch.seconds.items(), ("all else", stopwatch.rest)] if stopwatch else []
    if form == "json":
        facts: dict[str, Any] = {"template": str(template.path)}
        facts["functions"] = [_facts(bundle) for bundle in bundles]
        if stopwatch:
            facts["timings"] = [{"step": name, "seconds": round(each, 4)} for name, each in took]
        write_json(facts)
        return
    heading = ("FUNCTION", "ZIP", "ZIPPED", "UNZIPPED", "OF 250 MB", "ROUTES")
    write(columns([heading, *map(_row, bundles)]))
    if stopwatch:
        rows = [*took, ("in all", sum(each for _, each in took))]
        table = columns([("STEP", "SECONDS"), *((name, f"{each:.3f}") for name, each in rows)])
        echo(table.rstrip("\n"))


def _chosen(plans: tuple[FunctionPlan, ...], ids: tuple[str, ...]) -> tuple[FunctionPlan, ...]:
    """Return the plans of the functions that were asked for, all of them if none was."""
    names = [plan.logical_id for plan in plans]
    unknown = [name for name in ids if name not in names]
    if unknown:
        raise UsageError(
            f"there is no function {', '.join(unknown)}", hint=f"one of {', '.join(names)}"
        )
    return tuple(plan for plan in plans if not ids or plan.logical_id in ids)


def _described(
    plans: tuple[FunctionPlan, ...], chosen: tuple[FunctionPlan, ...], out: Path
) -> tuple[FunctionPlan, ...]:
    """Return the plans that the template deploys: those built now, and those whose zip is in `out`.

    A template without the functions that were built before would take them out of the stack.
    """
    return tuple(
        plan for plan in plans if plan in chosen or is_file(out / f"{plan.logical_id}.zip")
    )


def _say_runtimes(plans: tuple[FunctionPlan, ...], out: Path) -> None:
    """Say at the first build which Python the manifest chose."""
    for plan in plans:
        runtime = plan.options.runtime
        chosen = runtime == plan.plugin.declared.runtime and "runtime" not in plan.options.places
        if chosen and not is_file(out / f"{plan.logical_id}.zip"):
            say(f"{plan.logical_id} is built for {runtime}, as the manifest says")


def _fresh(bundles: tuple[Bundle, ...], said: Diagnostics) -> list[Diagnostic]:
    """Return each note once, and none of what was said of its place before."""
    before = {(each.code, each.place) for each in said.all if each.place}
    notes = dict.fromkeys(note for bundle in bundles for note in bundle.notes)
    return [note for note in notes if (note.code, note.place) not in before]


def _say_left_out(bundles: tuple[Bundle, ...]) -> None:
    """Say once for each plugin what large folders of it are in no bundle."""
    said = {
        bundle.plan.plugin.display: ", ".join(
            f"{each.path} ({'' if each.complete else 'more than '}{byte_size(each.bytes)})"
            for each in bundle.left_out
        )
        for bundle in bundles
    }
    for plugin, folders in said.items():
        if folders:
            say(f"not in the bundles of {plugin}: {folders}")


def _row(bundle: Bundle) -> tuple[str, ...]:
    return (
        bundle.plan.logical_id,
        str(bundle.zip),
        byte_size(bundle.zip_bytes or 0),
        byte_size(bundle.unzipped_bytes),
        f"{bundle.unzipped_bytes / MAX_UNZIPPED:.1%}",
        str(len(bundle.plan.group.endpoints)),
    )


def _facts(bundle: Bundle) -> dict[str, Any]:
    return plan_facts(bundle.plan) | {
        "folder": str(bundle.folder),
        "zip": str(bundle.zip),
        "zip_bytes": bundle.zip_bytes,
        "unzipped_bytes": bundle.unzipped_bytes,
        "limit_bytes": MAX_UNZIPPED,
        "packages": [
            {"name": package.name, "version": package.version, "bytes": package.bytes}
            for package in bundle.packages
        ],
        "left_out": [{"path": each.path, "bytes": each.bytes} for each in bundle.left_out],
        "source_builds": {
            "mode": bundle.source_builds,
            "sandbox": bundle.sandbox,
            "packages": list(bundle.built),
        },
    }
