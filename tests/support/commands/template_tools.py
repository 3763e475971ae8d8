"""SAM CLI and cfn-lint as one program: `template_tools.py sam|cfn-lint ARGUMENT...`

Imported by the server of a `Forked`: cfn-lint has then read its rules, and the schemas of what our
templates hold.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import logging
import sys
from typing import Any

import cfnlint.api  # type: ignore[import-untyped]
import cfnlint.context.context  # type: ignore[import-untyped]
import cfnlint.helpers  # type: ignore[import-untyped]
import cfnlint.jsonschema._keywords  # type: ignore[import-untyped]
import cfnlint.jsonschema.validators  # type: ignore[import-untyped]
import cfnlint.runner  # type: ignore[import-untyped]
from cfnlint.schema.resolver._resolver import RefResolver  # type: ignore[import-untyped]
from samcli.cli.main import cli  # type: ignore[import-untyped]

from packager.sam.template import render_template
from tests.support.template_builders import PLUGINS, make_plan

COMMANDS = {"sam": cli, "cfn-lint": cfnlint.runner.main}
KINDS = [("http", "declared"), ("rest", "declared"), ("url", "all")]
STORAGES = ["dynamodb", "s3", "memory"]


def main() -> None:
    """Run the command that the first argument names."""
    sys.argv[:2] = [sys.argv[1]]
    sys.exit(COMMANDS[sys.argv[0]]())


@functools.cache
def ratio(a: str, b: str) -> float:
    return difflib.SequenceMatcher(a=a, b=b).ratio()


class SequenceMatcher:
    """difflib's, asked for the same pairs of names again and again: a third of the time."""

    def __init__(self, *, a: str, b: str) -> None:
        self.ratio = functools.partial(ratio, a, b)


resolve_fragment = RefResolver.resolve_fragment
resolved: dict[tuple[int, str], tuple[object, object]] = {}


def fragment_of(self: RefResolver, document: object, fragment: str) -> object:
    """RefResolver's, which searches a whole schema for each: a third of the time, too."""
    key = (id(document), fragment)
    if key not in resolved:  # with the document, else another could have its id
        resolved[key] = (document, resolve_fragment(self, document, fragment))
    return resolved[key][1]


def remember() -> None:
    """Have cfn-lint do once what it does again and again."""
    cfnlint.jsonschema._keywords.SequenceMatcher = SequenceMatcher
    RefResolver.resolve_fragment = fragment_of
    fields = functools.cache(dataclasses.fields)
    cfnlint.context.context.fields = cfnlint.jsonschema.validators.fields = fields
    cfnlint.helpers.import_filename = functools.cache(cfnlint.helpers.import_filename)


def warm_up() -> None:
    """Lint templates with what ours hold, and forget what is said of them."""
    logging.disable()
    for number, (api, routes) in enumerate(KINDS):
        options: dict[str, Any] = {"api": api, "routes": routes, "stream": api != "http"}
        plans = [
            make_plan(*paths, name=name, storage=STORAGES[number], **options)
            for name, paths in PLUGINS.items()
        ]
        cfnlint.api.lint(render_template(plans), regions=["eu-west-1"])
    logging.disable(logging.NOTSET)


remember()
warm_up()
