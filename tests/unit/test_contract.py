"""Every name that the tool and the runtime share is the same in both."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from endpoint_runtime import code_archive, storage
from endpoint_runtime.app import mapped_events
from endpoint_runtime.calls import answering, inner
from endpoint_runtime.calls import keys as call_keys
from endpoint_runtime.calls.tools import other
from endpoint_runtime.deferred import messages
from endpoint_runtime.deferred import variables as deferred_variables
from endpoint_runtime.dify import keys
from endpoint_runtime.managed import application, hook_ids, sealed, stores, subscriptions
from endpoint_runtime.managed import dynamodb as managed_table
from endpoint_runtime.managed import ssm as managed_parameters
from endpoint_runtime.settings import aws_values, group
from endpoint_runtime.storage import dynamodb, s3
from endpoint_runtime.subscriptions import attach, constructor, renewal
from endpoint_runtime.triggers import record
from packager import contract
from packager._in_target import check_zip
from packager.bundle.literals import render_bundle_literals
from packager.model import events
from packager.subscriptions import manage
from tests.support.template_builders import make_plan

TEMPLATE = contract.template_folder()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (contract.SETTINGS_VARIABLE, group.LOCAL),
        (contract.APPS_VARIABLE, keys.LOCAL),
        (contract.DIFY_VARIABLE, keys.STAND_IN),
        (contract.DIFY_VARIABLE, answering.STAND_IN),
        (contract.DIFY_VARIABLE, inner.STAND_IN),
        (contract.KEYS_VARIABLE, call_keys.LOCAL),
        (contract.OTHER_PLUGINS, other.PLACE),
        (contract.STORAGE_VARIABLE, storage.VARIABLE),
        (contract.TABLE_VARIABLE, dynamodb.VARIABLE),
        (contract.BUCKET_VARIABLE, s3.VARIABLE),
        (contract.EVENTS_VARIABLE, mapped_events.ARNS_VARIABLE),
        (contract.ENDPOINTS_VARIABLE, stores.VARIABLE),
        (contract.ENDPOINTS_KEY_VARIABLE, stores.KEY_VARIABLE),
        (contract.LOCAL_ENDPOINTS_VARIABLE, stores.LOCAL),
        (contract.QUEUE_VARIABLE, deferred_variables.QUEUE),
        (contract.ORDERED_QUEUE_VARIABLE, deferred_variables.ORDERED_QUEUE),
        (contract.DEAD_QUEUE_VARIABLE, deferred_variables.DEAD_QUEUE),
        (contract.ORDERED_DEAD_QUEUE_VARIABLE, deferred_variables.ORDERED_DEAD_QUEUE),
        (contract.CLAIMS_VARIABLE, deferred_variables.TABLE),
        (contract.PARKED_VARIABLE, deferred_variables.BUCKET),
        (contract.LOCAL_QUEUE_VARIABLE, deferred_variables.LOCAL),
        (contract.ENDPOINTS_SECRET_VARIABLE, sealed.VARIABLE),
        (contract.SEAL_ENCRYPTION, sealed.ENCRYPTION),
        (contract.SEAL_AUTHENTICATION, sealed.AUTHENTICATION),
        (contract.ENDPOINTS_PATH, hook_ids.PATH),
        (contract.HOOK_ID_ALPHABET, hook_ids.ALPHABET),
        (events.NAMED, hook_ids.PATH + application.NAMED),
        (contract.ROOT_ITEM, managed_table.ROOT),
        (contract.ROOT_ITEM, managed_parameters.ROOT),
        (contract.NAME_ITEM, managed_table.NAME),
        (contract.NAME_PARAMETER, managed_parameters.NAME),
        (contract.SUBSCRIPTIONS_VARIABLE, attach.VARIABLE),
        (contract.CONSTRUCT, attach.CONSTRUCT),
        (contract.RENEW, attach.RENEW),
        (contract.CONSTRUCTOR_KEY, constructor.KEY),
        (contract.TRIGGER_KEY, record.TOLD),
        (contract.EXTENSION_PORT_VARIABLE, aws_values._EXTENSION_PORT),
        (str(TEMPLATE / contract.CODE_ARCHIVE), code_archive._ARCHIVE),
        (contract.CODE_ARCHIVE, check_zip.ARCHIVE),
    ],
)
def test_a_shared_name(ours: str, theirs: str) -> None:
    assert ours == theirs


def test_shared_numbers() -> None:
    ours = contract.HOOK_ID_RANDOM, contract.HOOK_ID_CHECK, contract.NAME_DIGITS
    assert ours == (hook_ids.RANDOM, hook_ids.CHECK, managed_parameters.DIGITS)
    assert contract.SUBSCRIPTION_SECRET == subscriptions.SECRET
    assert contract.SUBSCRIPTION_SEALED == subscriptions.SEALED
    assert contract.SECRET_WORDS == renewal.WORDS
    margins = manage.SUBSCRIPTION_MARGIN, manage.CREDENTIALS_MARGIN
    assert margins == (renewal.SUBSCRIPTION, renewal.CREDENTIALS)
    assert contract.MESSAGE_FORMAT == messages.FORMAT
    sealing = contract.SEAL_VERSION, contract.SEAL_NONCE, contract.SEAL_TAG
    assert sealing == (sealed.VERSION, sealed.NONCE, sealed.TAG)


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
