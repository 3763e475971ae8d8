"""`packager endpoints export` and `import`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from packager.cli.console import say, show_diagnostics, write, write_exactly, write_json
from packager.cli.endpoints.target import Target, target_options
from packager.cli.endpoints.telling import effect
from packager.cli.options import format_option
from packager.cli.values_input import read_values_yaml
from packager.endpoints.exchange import Exported, export_endpoints, import_endpoints
from packager.endpoints.function import ManagedFunction
from packager.endpoints.import_file import read_import
from packager.endpoints.manage import Done
from packager.endpoints.shown import created_facts
from packager.errors import Diagnostics, PackagerError, UsageError
from packager.formatting import columns, counted

_NOTE = "# Endpoints of {group}: `packager endpoints import` makes them again.\n"
_WORDS = {"create": "created", "change": "changed", "keep": "as it was"}


@click.command("export")
@target_options
@click.option(
    "--name",
    "names",
    metavar="NAME",
    multiple=True,
    help="An endpoint, all by default; may be repeated.",
)
@click.option("--file", "out", metavar="FILE", default="-", help="Where to; - is stdout.")
@click.option(
    "--with-secrets", is_flag=True, help="Secrets, too: into a new FILE that you alone can read."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="How endpoints are written.",
)
def export_(
    target: Target, names: tuple[str, ...], out: str, with_secrets: bool, form: str
) -> None:
    """Write endpoints as a document that `import` takes.

    Secrets are left out, and named on stderr; places of values ({ssm: /name}) are in it.

    \b
    Examples:
      packager endpoints export --stack prod --file endpoints.yaml
      packager endpoints export --stack prod --file backup.yaml --with-secrets
    """
    if with_secrets and out == "-":
        raise UsageError("secrets are written into a file alone", hint="name it: --file FILE")
    function = target.function()
    endpoints = (
        [function.find(name) for name in dict.fromkeys(names)]
        if names
        else sorted(function.store.all(), key=lambda each: each.name)
    )
    exported = export_endpoints(function, endpoints, secrets=with_secrets)
    text = exported_text(exported.document, form, function)
    if with_secrets:
        _write_file(Path(out), text, private=True)
    elif out == "-":
        (write if sys.stdout.isatty() else write_exactly)(text)
    else:
        _write_file(Path(out), text, private=False)
    _say_left_out(exported)
    if out != "-":
        say(f"wrote {counted(len(endpoints), 'endpoint')} to {out}")


@click.command("import")
@target_options
@click.option(
    "--file", "source", metavar="FILE", required=True, help="What `export` wrote; - is stdin."
)
@click.option(
    "--update",
    is_flag=True,
    help="Change endpoints that are there already; what FILE does not say of them stays.",
)
@format_option
def import_(target: Target, source: str, update: bool, form: str) -> None:
    """Make the endpoints of a document, after all were checked.

    An endpoint keeps the hook id that the document has for it, if it was this function's own: what
    was deleted answers again where it did.

    \b
    Examples:
      packager endpoints import --stack prod --file endpoints.yaml
      packager endpoints export plugins/neko | packager endpoints import --stack prod --file -
    """
    function = target.function()
    diagnostics = Diagnostics()
    top = read_values_yaml(source, diagnostics)
    entries = [] if top is None else read_import(top, function.declaration, diagnostics)
    done = import_endpoints(function, entries, diagnostics, update=update)
    show_diagnostics(diagnostics.warnings)
    said = {each.name: each.hook_id for each in entries}
    moved = [
        each.endpoint.name
        for each in done
        if said.get(each.endpoint.name) not in (None, each.endpoint.hook_id)
    ]
    if moved:
        say(f"at another address than before: {', '.join(moved)}")
    if form == "json":
        facts = [created_facts(function, each.endpoint) | {"action": each.action} for each in done]
        write_json({"endpoints": facts})
    else:
        write(columns([_row(each) for each in done]) if done else "")
    changed = sum(each.action != "keep" for each in done)
    say(f"{counted(changed, 'endpoint')} written: {effect(function)}" if changed else "no changes")


def _row(done: Done) -> tuple[str, ...]:
    return done.endpoint.name, done.endpoint.hook_id, _WORDS[done.action]


def exported_text(document: Mapping[str, Any], form: str, function: ManagedFunction) -> str:
    """Return an exported document as the YAML or JSON that `import` takes."""
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    note = _NOTE.format(group=function.declaration.group)
    return note + yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf")
    )


class _Dumper(yaml.SafeDumper):
    """Quotes what a reader would take for the end of a line (YAML 1.1, "Line Break Characters")."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if any(each in text for each in "\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _quoted)


def _write_file(path: Path, text: str, *, private: bool) -> None:
    """Write a file, a new one that its owner alone can read where it is `private`."""
    new = os.O_EXCL if private else os.O_TRUNC
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | new, 0o600 if private else 0o666)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already, and others may be able to read it",
            hint="name a new file for secrets",
        ) from None
    except OSError as error:
        raise PackagerError(f"{path} can't be written: {error.strerror}") from error


def _say_left_out(exported: Exported) -> None:
    for what, by_name in (
        ("secrets are left out", exported.left_out),
        ("settings that the group no longer declares are left out", exported.undeclared),
    ):
        if by_name:
            listed = ", ".join(
                f"{' and '.join(names)} of {name}" for name, names in by_name.items()
            )
            say(f"{what}: {listed}")
