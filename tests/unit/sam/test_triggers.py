"""A trigger provider in a template: the function, its worker, queues, and what roles may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from packager.errors import Diagnostics
from packager.plugin.functions import FunctionPlan, plan_functions
from packager.plugin.load import load_plugin
from packager.sam.function import CodeLocation, declared_routes, function_resources
from packager.sam.routes import GatewayRoute
from tests.support.trigger_plugin import write_trigger_plugin

CONFIGURATION = '[trigger]\ndedupe = {header = "X-Id"}\n[apps]\n"*" = {ssm = "/app"}\n'


@pytest.fixture
def plan(tmp_path: Path) -> FunctionPlan:
    diagnostics = Diagnostics()
    root = write_trigger_plugin(tmp_path, {"packager.toml": CONFIGURATION})
    plugin = load_plugin(root, diagnostics, display="p")
    assert plugin is not None
    assert diagnostics.all == []
    (plan,) = plan_functions([plugin], diagnostics)
    return plan


def actions(role: dict[str, Any]) -> set[str]:
    """What a role may do."""
    statements = [
        statement
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    return {action for each in statements for action in each["Action"]}


def test_it_is_a_function_a_worker_and_what_is_between_them(plan: FunctionPlan) -> None:
    resources = function_resources(plan, CodeLocation("."), {})

    assert {name: each["Type"].split("::")[-1] for name, each in resources.items()}.items() >= {
        "BellFunction": "Function",
        "BellFunctionWorker": "Function",
        "BellDeferredQueue": "Queue",
        "BellDeferredDeadLetterQueue": "Queue",
        "BellDeferredTable": "Table",
        "BellFunctionEndpoints": "Table",
        "BellFunctionEndpointsKey": "Secret",
    }.items()
    worker = resources["BellFunctionWorker"]["Properties"]
    assert worker["Description"] == "Starts the workflows that the events of BellFunction are for"
    assert plan.early_sources == ("provider/bell.py",)
    assert declared_routes(plan) == (GatewayRoute("ANY", "/e/{proxy+}"),)


def test_the_function_sends_and_the_worker_works_off(plan: FunctionPlan) -> None:
    resources = function_resources(plan, CodeLocation("."), {})
    front, worker = actions(resources["BellRole"]), actions(resources["BellWorkerRole"])

    assert "sqs:SendMessage" in front
    assert "sqs:ReceiveMessage" not in front
    assert worker >= {"sqs:ReceiveMessage", "sqs:DeleteMessage", "dynamodb:PutItem"}
    for role in (front, worker):
        assert role >= {"dynamodb:GetItem", "secretsmanager:GetSecretValue"}
