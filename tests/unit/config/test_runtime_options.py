"""The keys that the runtime obeys: from the configuration to a bundle's literals and template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from packager.bundle.literals import render_bundle_literals
from packager.config.read import read_configuration
from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.options import Options
from packager.model.plugin import EndpointGroup
from packager.plugin.functions import plan_functions
from packager.plugin.load import load_plugin
from packager.sam.checks.template import check_template
from packager.sam.template import render_template
from tests.support.plugin_writer import write_plugin
from tests.support.template_builders import make_plan, of_type, translate

NEKO = Path(__file__).parents[3] / "plugins" / "neko"
CONFIGURATION = """
adapter = "mangum"
errors = "dify"
max_body = 1000
binary_types = ["application/vnd.x", "image/*"]
text_types = ["application/x-log"]
gzip = true
base_path = "/v1"
"""


def literals_of(folder: Path) -> dict[str, Any]:
    diagnostics = Diagnostics()
    plugin = load_plugin(folder, diagnostics)
    assert plugin is not None and not diagnostics.all
    (plan,) = plan_functions([plugin], diagnostics)
    values: dict[str, Any] = {}
    exec(render_bundle_literals(plan), values)
    names = ("ERRORS", "MAX_BODY", "BINARY_TYPES", "TEXT_TYPES", "GZIP", "BASE_PATH", "HANDLER")
    return {name: values[name] for name in names}


def test_they_reach_the_literals(tmp_path: Path) -> None:
    write_plugin(tmp_path / "p")
    (tmp_path / "p" / "packager.toml").write_text(CONFIGURATION)

    assert literals_of(tmp_path / "p") == {
        "ERRORS": "dify",
        "MAX_BODY": 1000,
        "BINARY_TYPES": ("application/vnd.x", "image/*"),
        "TEXT_TYPES": ("application/x-log",),
        "GZIP": True,
        "BASE_PATH": "/v1",
        "HANDLER": "endpoint_runtime.adapters.mangum.handler",
    }


def test_their_defaults(tmp_path: Path) -> None:
    write_plugin(tmp_path / "p")

    assert literals_of(tmp_path / "p") == {
        "ERRORS": "opaque",
        "MAX_BODY": 6291456,
        "BINARY_TYPES": (),
        "TEXT_TYPES": (),
        "GZIP": False,
        "BASE_PATH": "",
        "HANDLER": "endpoint_runtime.lambda_handler.handler",
    }


BYTES = "expected a whole number of bytes from 1 to 10485760"
PATH = "expected a path such as /v1, without a slash at its end"
TYPES = 'expected a list of media types, such as "application/vnd.x" or "image/*"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("adapter = 'wsgi'", "expected one of native, mangum, aws-wsgi, not 'wsgi'"),
        ("errors = 'all'", "expected one of opaque, dify, not 'all'"),
        ("max_body = 0", f"{BYTES}, not 0"),
        ("max_body = 10485761", f"{BYTES}, not 10485761"),
        ("max_body = '6 MB'", f"{BYTES}, not '6 MB'"),
        ("binary_types = 'image/*'", f"{TYPES}, not 'image/*'"),
        ("binary_types = ['png']", f"{TYPES}, not a list with 'png'"),
        ("binary_types = ['a/b; c=d']", f"{TYPES}, not a list with 'a/b; c=d'"),
        ("text_types = ['log']", f"{TYPES}, not a list with 'log'"),
        ("text_types = 'a/b'", f"{TYPES}, not 'a/b'"),
        ("binary_types = [1]", f"{TYPES}, not a list with 1"),
        ("gzip = 1", "expected true or false, not 1"),
        ("base_path = 'v1'", f"{PATH}, not 'v1'"),
        ("base_path = '/v1/'", f"{PATH}, not '/v1/'"),
        ("base_path = '/'", f"{PATH}, not '/'"),
    ],
)  # fmt: skip
def test_wrong_values(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "packager.toml").write_text(text)
    diagnostics = Diagnostics()
    group = EndpointGroup("g", "g.yaml", (), (), Place("m.yaml", 1, 1))

    options = read_configuration(PluginFolder(tmp_path, "p"), [group], diagnostics)

    assert options == {"g": Options()}
    assert diagnostics.all == [
        Diagnostic("invalid-value", message, Place("p/packager.toml", 1, 1), text.split(" ")[0])
    ]


def test_a_function_url_and_aws_wsgi() -> None:
    diagnostics = Diagnostics()

    check_template([make_plan(adapter="aws-wsgi", api="url")], diagnostics)

    assert diagnostics.all == [
        Diagnostic(
            "conflicting-keys",
            "a function URL sends payload 2.0, which the adapter aws-wsgi can't read",
            None,
            "adapter",
            'take api = "http" or "rest", or another adapter',
        )
    ]


@pytest.mark.parametrize(
    ("adapter", "handler"),
    [
        ("native", "endpoint_runtime.lambda_handler.handler"),
        ("mangum", "endpoint_runtime.adapters.mangum.handler"),
        ("aws-wsgi", "endpoint_runtime.adapters.aws_wsgi.handler"),
    ],
)
@pytest.mark.parametrize("api", ["http", "rest"])
def test_the_templates_handler(adapter: str, handler: str, api: str) -> None:
    template = translate(render_template([make_plan(adapter=adapter, api=api)]))

    (function,) = of_type(template, "AWS::Lambda::Function").values()
    assert function["Handler"] == handler


@pytest.mark.parametrize(("adapter", "version"), [("mangum", "2.0"), ("aws-wsgi", "1.0")])
def test_an_http_api_sends_what_the_adapter_reads(adapter: str, version: str) -> None:
    template = translate(render_template([make_plan(adapter=adapter)]))

    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    (path,) = api["Body"]["paths"].values()
    (route,) = path.values()
    assert route["x-amazon-apigateway-integration"]["payloadFormatVersion"] == version
