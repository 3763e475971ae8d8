"""What the runtime's tests are made of: events, literals, endpoints, bundles in a folder."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from packager.bundle.literals import render_bundle_literals
from tests.support.sources import copy_sources
from tests.support.template_builders import make_plan

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "handler_template"

ECHO = """
from dify_plugin import Endpoint
from werkzeug import Request, Response


class Echo(Endpoint):
    def _invoke(self, r: Request, values, settings):
        return Response(f"{r.method} {r.path} {dict(values)} {settings}", content_type="text/plain")
"""


def literals(**bundle: Any) -> dict[str, Any]:
    """The values of a `_bundle.py`; keyword arguments replace those of a bundle that echoes."""
    values: dict[str, Any] = {"ROUTES": (("/echo/<name>", "GET", "endpoints/echo.py"),)} | bundle
    whole: dict[str, Any] = {}
    exec(_whole_literals(), whole)
    del whole["__builtins__"], whole["__doc__"]
    assert values.keys() <= whole.keys(), "a bundle has no such literal"
    return whole | values


@functools.cache
def _whole_literals() -> str:
    plan = make_plan(name="test", architecture="x86_64", storage="memory")
    return render_bundle_literals(plan)


def bundle_module(**bundle: Any) -> types.SimpleNamespace:
    """What the runtime reads as its `_bundle`, with the values of `literals`."""
    return types.SimpleNamespace(**literals(**bundle))


def clock_until(deadline: float) -> Callable[[], float]:
    """Return what tells how many ms are left until `deadline`, in seconds since the epoch."""
    return lambda: max(0.0, (deadline - time.time()) * 1000)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def endpoint(invoke: str) -> str:
    """The source of an endpoint whose `_invoke` has this body."""
    body = "\n".join("        " + line for line in invoke.strip("\n").splitlines())
    return (
        "from dify_plugin import Endpoint\n"
        "from werkzeug import Request, Response\n"
        "class E(Endpoint):\n"
        f"    def _invoke(self, r, values, settings):\n{body}\n"
    )


class Bundle:
    """A bundle in a folder, run by a fresh interpreter with nothing but it and werkzeug."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python code with the bundle's root as the first entry of `sys.path`."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=self.folder,
            env={**inherited, "PYTHONPATH": str(self.folder), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def make_bundle(parent: Path, files: Mapping[str, str] | None, values: Mapping[str, Any]) -> Bundle:
    """Put the template, a `_bundle.py` and a plugin into a folder `bundle`."""
    folder = parent / "bundle"
    copy_sources(TEMPLATE, folder)
    text = "".join(f"{name} = {value!r}\n" for name, value in literals(**values).items())
    (folder / "endpoint_runtime" / "_bundle.py").write_text(text)
    (folder / "plugin").mkdir()
    write_files(folder / "plugin", {"endpoints/echo.py": ECHO} if files is None else files)
    return Bundle(folder)


def http_2(
    *,
    method: str = "GET",
    path: str = "/a",
    query: str = "",
    headers: dict[str, str] | None = None,
    cookies: list[str] | None = None,
    body: str | None = None,
    is_base64: bool = False,
    stage: str = "$default",
    domain: str = "abc.execute-api.eu-west-1.amazonaws.com",
    route: str = "$default",
    parameters: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An event of an HTTP API, payload 2.0; of a function URL by its domain."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": domain, "x-forwarded-proto": "https", **(headers or {})},
        "requestContext": {
            "domainName": domain,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.7",
                "userAgent": "test",
            },
            "requestId": "id",
            "routeKey": route,
            "stage": stage,
        },
        "isBase64Encoded": is_base64,
    }
    if cookies is not None:
        event["cookies"] = cookies
    if parameters is not None:
        event["pathParameters"] = parameters
    if body is not None:
        event["body"] = body
    return event


def url(**changes: Any) -> dict[str, Any]:
    """An event of a function URL."""
    return http_2(**{"domain": "abc.lambda-url.eu-west-1.on.aws", **changes})


def rest(
    *,
    method: str = "GET",
    path: str = "/a",
    query: dict[str, list[str]] | None = None,
    headers: dict[str, list[str]] | None = None,
    body: str | None = None,
    is_base64: bool = False,
    stage: str = "prod",
    domain: str = "abc.execute-api.eu-west-1.amazonaws.com",
    whole: str | None = None,
    resource: str = "/{proxy+}",
    proxy: str | None = None,
) -> dict[str, Any]:
    """An event of a REST API, payload 1.0; `whole` is `requestContext.path`."""
    every = {"Host": [domain], "X-Forwarded-Proto": ["https"], **(headers or {})}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in every.items()},
        "multiValueHeaders": every,
        "queryStringParameters": {n: v[-1] for n, v in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "pathParameters": {"proxy": path.strip("/") if proxy is None else proxy},
        "stageVariables": None,
        "requestContext": {
            "resourceId": "abc123",
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/{stage}{path}" if whole is None else whole,
            "protocol": "HTTP/1.1",
            "stage": stage,
            "domainName": domain,
            "requestId": "id",
            "identity": {"sourceIp": "192.0.2.7", "userAgent": "test"},
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


def http_1(**changes: Any) -> dict[str, Any]:
    """An event of an HTTP API, payload 1.0: like a REST API's, with the path decoded and whole."""
    event = rest(**{"stage": "$default", "whole": changes.get("path", "/a"), **changes})
    event["version"] = "1.0"
    event["requestContext"]["resourceId"] = None
    return event


def alb(
    *,
    method: str = "GET",
    path: str = "/a",
    query: dict[str, list[str]] | None = None,
    headers: dict[str, list[str]] | None = None,
    body: str = "",
    is_base64: bool = False,
    multi_value: bool = False,
) -> dict[str, Any]:
    """An event of an Application Load Balancer, single-value or multi-value."""
    every = {
        "host": ["lb-1.eu-west-1.elb.amazonaws.com"],
        "x-forwarded-for": ["203.0.113.9, 192.0.2.7"],
        "x-forwarded-port": ["80"],
        "x-forwarded-proto": ["http"],
        **(headers or {}),
    }
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": method,
        "path": path,
        "body": body,
        "isBase64Encoded": is_base64,
    }
    if multi_value:
        event["multiValueHeaders"] = every
        event["multiValueQueryStringParameters"] = query or {}
    else:
        event["headers"] = {name: values[-1] for name, values in every.items()}
        event["queryStringParameters"] = {n: v[-1] for n, v in (query or {}).items()}
    return event
