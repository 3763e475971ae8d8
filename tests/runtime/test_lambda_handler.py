"""The entry in a bundle of its own: paths, modules it imports, Lambda's own client."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.builders import ECHO, Bundle, endpoint, rest, url

MakeBundle = Callable[..., Bundle]


def test_first_on_the_path_and_working_directory(bundle: MakeBundle) -> None:
    source = endpoint(
        "import os, sys, utils\n"
        "return Response(repr([sys.path[0], os.getcwd(), utils.NAME, 'main' in sys.modules]))"
    )
    made = bundle(
        {
            "e.py": source,
            "utils.py": "NAME = 'the plugin'",
            "main.py": "raise SystemExit('main.py was imported')",
        },
        ROUTES=(("/", "GET", "e.py"),),
    )

    done = made.run(
        "from endpoint_runtime.lambda_handler import handler\n"
        f"print(handler({url(path='/')!r}, None)['body'])"
    )

    plugin = str(made.folder / "plugin")
    assert done.stdout == f"{[plugin, plugin, 'the plugin', False]!r}\n"


def test_an_event_that_is_no_request_raises(bundle: MakeBundle) -> None:
    done = bundle().run("from endpoint_runtime.lambda_handler import handler; handler({}, None)")

    assert done.stderr.splitlines()[-1] == (
        "endpoint_runtime.gateway.errors.NotAnHttpEvent: this function serves HTTP requests from "
        "API Gateway (REST and HTTP APIs), function URLs, Application Load Balancers and VPC "
        "Lattice; this event is none: its keys are none"
    )


def test_wsgi_entry(bundle: MakeBundle) -> None:
    done = bundle().run(
        "from endpoint_runtime.lambda_handler import application\n"
        "from werkzeug.test import Client\n"
        "print(Client(application).get('/echo/1').text)"
    )

    assert done.stdout == "GET /echo/1 {'name': '1'} {}\n"


def test_settings_from_the_environment(bundle: MakeBundle) -> None:
    made = bundle(
        SETTINGS=(
            {"name": "key", "type": "secret-input", "required": True},
            {"name": "on", "type": "boolean", "required": False, "default": False},
        ),
        SOURCES={"key": ("env", "KEY"), "on": ("env", "ON")},
    )

    done = made.run(
        "from endpoint_runtime.lambda_handler import handler\n"
        f"print(handler({rest(path='/echo/1')!r}, None)['body'])",
        KEY="hush",
        ON="yes",
    )

    assert done.stdout == "GET /echo/1 {'name': '1'} {'key': 'hush', 'on': True}\n"
    assert "hush" not in done.stderr


# What a cold request imports besides what werkzeug's wrappers and exceptions do.
OF_OURS = {
    "_bundle",
    "app",
    "app.application",
    "app.endpoints",
    "app.invocation",
    "code_archive",
    "gateway",
    "gateway.environ",
    "gateway.errors",
    "gateway.headers",
    "gateway.paths",
    "gateway.plain_replies",
    "gateway.replies",
    "lambda_api",
    "lambda_api.left_behind",
    "lambda_handler",
    "logs",
    "logs.report",
    "process",
    "routes",
    "routes.plain_routes",
    "settings",
    "settings.group",
}
OF_THE_SDK = {
    "dify_plugin",
    "dify_plugin.core",
    "dify_plugin.core.runtime",
    "dify_plugin.interfaces",
    "dify_plugin.interfaces.endpoint",
}


@pytest.mark.parametrize("event", [url(path="/echo/1"), rest(path="/echo/1", query={"a": ["b"]})])
def test_modules_a_cold_request_imports(bundle: MakeBundle, event: dict[str, object]) -> None:
    lean = ECHO.replace("from werkzeug import", "from werkzeug.wrappers import")
    made = bundle({"endpoints/echo.py": lean})
    code = (
        "import sys, werkzeug.wrappers, werkzeug.exceptions\n"
        "before = set(sys.modules)\n"
        "from endpoint_runtime.lambda_handler import handler\n"
        f"assert handler({event!r}, None)['statusCode'] == 200\n"
        "import json\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )

    added = set(json.loads(made.run(code).stdout))

    # The group's only source is imported in the init phase.
    ours = {"endpoint_runtime", *(f"endpoint_runtime.{name}" for name in OF_OURS)}
    ours.add("endpoint_runtime.app.init_phase")
    assert added - {"json"} == ours | OF_THE_SDK | {"endpoints", "endpoints.echo"}


def test_under_lambdas_own_client(bundle: MakeBundle) -> None:
    """`awslambdaric` resolves the handler by its dotted name, from the bundle's root."""
    done = bundle().run(
        "from awslambdaric.bootstrap import _get_handler\n"
        "handler = _get_handler('endpoint_runtime.lambda_handler.handler')\n"
        f"print(handler({url(path='/echo/1')!r}, None)['statusCode'])"
    )

    assert done.stdout.splitlines()[-1] == "200"


def test_the_template_holds_no_trace_of_a_build() -> None:
    from tests.support.builders import TEMPLATE

    assert not list(Path(TEMPLATE).rglob("_bundle.py"))
