"""Templates of streaming functions through SAM's linter and translator, and cfn-lint."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.sam.template import render_template
from tests.support.template_builders import PLUGINS, make_plan, of_type, translate
from tests.support.template_tools import TemplateTool

KINDS = [("url", "all"), ("rest", "all"), ("rest", "declared")]


def stack(api: str, routes: str, timeout: int) -> str:
    plans = [
        make_plan(*endpoints, name=name, api=api, routes=routes, stream=True, timeout=timeout)
        for name, endpoints in PLUGINS.items()
    ]
    return render_template(plans)


@pytest.mark.parametrize(("api", "routes"), KINDS)
def test_linters_have_nothing_to_say(
    template_tool: TemplateTool, tmp_path: Path, api: str, routes: str
) -> None:
    (tmp_path / "template.yaml").write_text(stack(api, routes, 300), encoding="utf-8")

    sam = template_tool("sam", "validate", "--lint", "-t", "template.yaml", cwd=tmp_path)
    command = ("cfn-lint", "-c", "I", "-r", "eu-west-1", "-t", "template.yaml")
    lint = template_tool(*command, cwd=tmp_path)

    assert (sam.returncode, "is a valid SAM Template" in sam.stdout) == (0, True), sam
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")


@pytest.mark.parametrize("routes", ["all", "declared"])
@pytest.mark.parametrize(("timeout", "milliseconds"), [(20, None), (300, 300_000)])
def test_a_rest_api_calls_for_a_stream(routes: str, timeout: int, milliseconds: int | None) -> None:
    template = translate(stack("rest", routes, timeout))

    apis = of_type(template, "AWS::ApiGateway::RestApi")
    assert len(apis) == len(PLUGINS)
    for name, properties in apis.items():
        function = name.removesuffix("Api") + "Function"
        methods = [
            operation["x-amazon-apigateway-integration"]
            for path in properties["Body"]["paths"].values()
            for operation in path.values()
        ]
        assert methods
        for integration in methods:
            assert integration["responseTransferMode"] == "STREAM"
            assert integration.get("timeoutInMillis") == milliseconds
            assert integration["uri"]["Fn::Sub"].endswith(
                f"lambda:path/2021-11-15/functions/${{{function}.Arn}}/response-streaming-invocations"
            )
        assert properties["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


def test_a_function_url_streams() -> None:
    template = translate(stack("url", "all", 900))

    urls = of_type(template, "AWS::Lambda::Url")
    assert len(urls) == len(PLUGINS)
    assert {url["InvokeMode"] for url in urls.values()} == {"RESPONSE_STREAM"}
