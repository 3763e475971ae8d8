"""`packager build`: plugins into bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from packager.bundle import MAX_UNZIPPED, Bundle, build_bundle
from packager.cli.plugins import (
    PATH,
    format_option,
    override_options,
    overrides,
    plan_facts,
    planned,
    plugins_argument,
)
from packager.errors import FaultCollector
from packager.report import (
    byte_size,
    columns,
    progress,
    say,
    show_faults,
    write,
    write_json,
)


@click.command()
@plugins_argument
@click.option(
    "-o",
    "--out",
    type=PATH,
    required=True,
    metavar="OUT",
    help="The folder for the bundles: OUT/<function>/ and OUT/<function>.zip.",
)
@override_options
@click.option(
    "--bytecode/--no-bytecode",
    default=True,
    show_default=True,
    help="Compile with the runtime's Python, which must be on this machine. Without bytecode cold "
    "starts are slower.",
)
@format_option
def build(
    plugins: tuple[Path, ...],
    out: Path,
    runtime: str | None,
    arch: str | None,
    memory: int | None,
    timeout: int | None,
    bytecode: bool,
    form: str,
) -> None:
    """Build the functions of plugins into OUT.

    Options go before what the plugins' configuration says. The same input gives the same zips,
    byte for byte. If anything is wrong with the plugins, OUT stays as it was.

    \b
    Examples:
      packager build plugins/neko -o build
      packager build neko.difypkg slack.difypkg -o build --runtime python3.12 --arch x86_64
      packager build plugins/neko -o build --format json | jq -r '.functions[].zip'
    """
    faults = FaultCollector()
    with planned(plugins, faults, overrides(runtime, arch, memory, timeout)) as plans:
        faults.raise_errors()
        show_faults(faults.warnings)
        bundles: list[Bundle] = []
        for plan in plans:
            with progress():
                bundle = build_bundle(plan, out, bytecode=bytecode, progress=say)
            show_faults(bundle.notes)
            bundles.append(bundle)
        if form == "json":
            write_json({"functions": [_facts(bundle) for bundle in bundles]})
        elif bundles:
            heading = ("FUNCTION", "ZIP", "ZIPPED", "UNZIPPED", "OF 250 MB", "ROUTES")
            write(columns([heading, *map(_row, bundles)]))


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
    }
