"""`packager template`: the SAM template of plugins, for `sam build`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from packager.bundle.known_secrets import known_secrets
from packager.bundle.secret_scan import refuse_leaks_in
from packager.cli.console import say, show_diagnostics, write, write_exactly
from packager.cli.options import PATH, plugins_argument
from packager.cli.permissions import permission_arguments, permission_options
from packager.cli.plans import planned
from packager.errors import Diagnostics, UsageError
from packager.model.permissions import Permissions
from packager.sam.template import (
    check_files,
    makefile_code,
    render_template,
    template_files,
    write_files,
)


@click.command()
@plugins_argument
@click.option(
    "-o",
    "--out",
    type=PATH,
    metavar="FILE",
    help="Write the template to FILE instead of stdout; paths in it are relative to FILE's folder.",
)
@click.option(
    "--makefile",
    type=PATH,
    metavar="FILE",
    help="Write the recipes that `sam build` runs, too: a Makefile, or a file it includes. "
    "Goes with -o.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 1 if a file is out of date. With -o."
)
@permission_options
def template(
    plugins: tuple[Path, ...],
    out: Path | None,
    makefile: Path | None,
    check: bool,
    permissions: Permissions,
) -> None:
    """Write the SAM template that builds and deploys the functions of plugins.

    `sam build` runs a recipe `build-<function>` for each function, which puts the finished bundle
    where SAM wants it; what is allowed here is allowed there. (`packager build` writes a template
    of its own beside its zips, which needs no `sam build`.)

    \b
    Examples:
      packager template plugins/neko
      packager template plugins/*/ -o template.yaml --makefile Makefile
      packager template plugins/*/ -o template.yaml --makefile sam.mk --check
    """
    if out is None and (check or makefile is not None):
        option = "--check" if check else "--makefile"
        raise UsageError(f"{option} needs -o FILE", hint="say which template is meant: -o FILE")
    diagnostics = Diagnostics()
    with planned(plugins, diagnostics, {}, permissions=permissions) as plans:
        diagnostics.raise_errors()
        show_diagnostics(diagnostics.warnings, excerpts=True)
        secrets = known_secrets(plans, os.environ)
        if out is None:
            here = Path.cwd()
            text = render_template(plans, code=makefile_code(here, here))
            refuse_leaks_in([("the template", text.encode())], secrets)
            write_exactly(text)
            return
        files = template_files(
            plans,
            template=out,
            makefile=makefile,
            options=permission_arguments(permissions),
        )
        refuse_leaks_in(((str(file.path), file.text.encode()) for file in files), secrets)
        if check:
            check_files(files)
            say("up to date")
        else:
            write_files(files)
            write("".join(f"{file.path}\n" for file in files))
