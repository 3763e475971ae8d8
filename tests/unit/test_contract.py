"""Every name that the tool and the runtime share is the same in both."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from endpoint_runtime import code_archive, storage
from endpoint_runtime.app import mapped_events
from endpoint_runtime.dify import keys
from endpoint_runtime.settings import aws_values, group
from endpoint_runtime.storage import dynamodb, s3
from packager import contract
from packager._in_target import check_zip
from packager.bundle.literals import render_bundle_literals
from tests.support.template_builders import make_plan

TEMPLATE = contract.template_folder()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (contract.SETTINGS_VARIABLE, group.LOCAL),
        (contract.APPS_VARIABLE, keys.LOCAL),
        (contract.DIFY_VARIABLE, keys.STAND_IN),
        (contract.STORAGE_VARIABLE, storage.VARIABLE),
        (contract.TABLE_VARIABLE, dynamodb.VARIABLE),
        (contract.BUCKET_VARIABLE, s3.VARIABLE),
        (contract.EVENTS_VARIABLE, mapped_events.ARNS_VARIABLE),
        (contract.EXTENSION_PORT_VARIABLE, aws_values._EXTENSION_PORT),
        (str(TEMPLATE / contract.CODE_ARCHIVE), code_archive._ARCHIVE),
        (contract.CODE_ARCHIVE, check_zip.ARCHIVE),
    ],
)
def test_a_shared_name(ours: str, theirs: str) -> None:
    assert ours == theirs


@pytest.mark.parametrize("handler", contract.HANDLERS.values())
def test_a_handler(handler: str) -> None:
    module, _, name = handler.rpartition(".")
    file = TEMPLATE / f"{module.replace('.', '/')}.py"  # it can be imported in a bundle alone
    bound = {
        each.name if isinstance(each, ast.FunctionDef) else each.id
        for each in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(each, ast.FunctionDef)
        or (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))
    }
    assert name in bound


def test_the_runtime_reads_no_literal_that_is_not_written() -> None:
    """Nor has it a default of its own for one: each is always there."""
    written = {*re.findall(r"(?m)^([A-Z_]+) = ", render_bundle_literals(make_plan()))}
    lines = [
        line for file in TEMPLATE.rglob("*.py") for line in file.read_text("utf-8").splitlines()
    ]
    read = {name for line in lines for name in re.findall(r"bundle\.([A-Z][A-Z_]+)\b", line)}
    assert not any("getattr(" in line and "bundle, " in line for line in lines)
    assert {"ROUTES", "SETTINGS", "GZIP"} < read
    assert read <= written


def test_paths_of_the_template() -> None:
    assert os.access(TEMPLATE / contract.PROGRAM, os.X_OK)
    assert (TEMPLATE / contract.SEARCH).is_dir()
    # It is made by each build, and the archive, too.
    made = (contract.LITERALS, contract.CODE_ARCHIVE)
    assert [Path(each).parent.as_posix() for each in made] == ["endpoint_runtime"] * 2
    assert not any((TEMPLATE / each).exists() for each in made)
