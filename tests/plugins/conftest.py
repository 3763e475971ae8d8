"""Builds an example plugin for this machine, once for all tests of it, and gives it an account."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from packager.bundle.build import BuildOptions, build_bundle
from packager.errors import Diagnostics
from packager.host.interpreter import newest_supported
from packager.plugin.functions import FunctionPlan, plan_functions
from packager.plugin.load import load_plugin
from packager.sam.template import render_template
from tests.support.aws.moto_server import MotoServer
from tests.support.template_builders import translate

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
STORES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A function that gives the bundle of the plugin that is named, with more configuration."""

    @cache
    def build(name: str, configuration: str = "", top: str = "") -> Path:
        plan = plan_of(tmp_path_factory.mktemp(name), name, configuration, top)
        return build_bundle(
            plan, plan.plugin.root.parent / "out", BuildOptions(make_zip=False)
        ).folder

    return build


@pytest.fixture(scope="module")
def moto(moto_plain: MotoServer) -> MotoServer:
    """An AWS account for an example's secrets and what it stores."""
    return moto_plain


def plan_of(folder: Path, name: str, configuration: str = "", top: str = "") -> FunctionPlan:
    """Return the function of an example, with `top` and `configuration` around its own."""
    interpreter = newest_supported()
    assert interpreter is not None
    diagnostics = Diagnostics()
    source = folder / name
    shutil.copytree(PLUGINS / name, source)
    file = source / "packager.toml"
    file.write_text(top + file.read_text("utf-8") + configuration, "utf-8")
    overrides = {"runtime": f"python{interpreter.python}"}
    plugin = load_plugin(source, diagnostics, overrides=overrides)
    assert (plugin is not None, diagnostics.errors) == (True, [])
    assert plugin is not None
    (plan,) = plan_functions([plugin], diagnostics, host=True)
    return plan


def deploy_storage(moto: MotoServer, plan: FunctionPlan, stack: str) -> dict[str, str]:
    """Make the tables and buckets of a function's template, as CloudFormation does.

    Gives the function's environment variables that name them.
    """
    resources = translate(render_template([plan]))["Resources"]
    stores = {name: each for name, each in resources.items() if each["Type"] in STORES}
    cloudformation = moto.boto("cloudformation")
    template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": stores})
    cloudformation.create_stack(StackName=stack, TemplateBody=template)
    made = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    }
    assert made.keys() == stores.keys()
    variables = resources[plan.logical_id]["Properties"]["Environment"]["Variables"]
    return {
        name: made[value["Ref"]]
        for name, value in variables.items()
        if isinstance(value, dict) and value.get("Ref") in made
    }


def dify_at(url: str) -> str:
    """The configuration of a plugin whose apps are at another place."""
    return f'\n[dify]\nbase_url = "{url}"\n'
