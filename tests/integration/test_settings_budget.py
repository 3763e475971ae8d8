"""What a cold request pays for five secrets in AWS: two calls, and these modules, no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.host.interpreter import Interpreter
from packager.local.request_event import make_event
from tests.support.aws.faulty_aws import FaultyAws, faulty_aws
from tests.support.aws.moto_server import MotoServer, MotoServers
from tests.support.examples import Build
from tests.support.imports import imported
from tests.support.loop_process import fast_command
from tests.support.plugin_writer import write_plugin

NAMES = [f"s{number}" for number in range(5)]
GROUP = "settings:\n" + "".join(
    f"  - {{name: {name}, type: secret-input, required: true}}\n" for name in NAMES
)
FILES = {
    "group/tiny.yaml": GROUP
    + "endpoints:\n  - {path: /, method: GET, extra: {python: {source: endpoints/duck.py}}}\n",
    "endpoints/duck.yaml": None,
    "endpoints/duck.py": """\
        from dify_plugin import Endpoint
        from werkzeug import Response

        class Duck(Endpoint):
            def _invoke(self, r, values, settings):
                return Response("".join(settings[name] for name in sorted(settings)))
    """,
}
IN_AWS = "[settings]\n" + "".join(
    [f's{n} = {{ssm = "/tiny/s{n}"}}\n' for n in range(3)]
    + [f's{n} = {{secret = "tiny/s{n}", key = "k"}}\n' for n in range(3, 5)]
)
HERE = "[settings]\n" + "".join(f'{name} = {{env = "{name.upper()}"}}\n' for name in NAMES)
VARIABLES = {name.upper(): "meow" for name in NAMES}
LOADED = {
    *(
        "_sha2",
        "_ssl",
        "endpoint_runtime.settings.aws_values",
        "endpoint_runtime.settings.refreshed",
    ),
    *(
        "endpoint_runtime.settings.remote",
        "endpoint_runtime.settings.source_kinds",
        "endpoint_runtime.settings.sources",
        "endpoint_runtime.aws",
    ),
    *("endpoint_runtime.aws.json_protocol", "endpoint_runtime.aws.credentials"),
    *("endpoint_runtime.aws.endpoints", "endpoint_runtime.aws.errors"),
    *("endpoint_runtime.aws.signed_requests", "endpoint_runtime.aws.sigv4"),
    *("endpoint_runtime.aws.roots", "endpoint_runtime.aws.transport"),
    "endpoint_runtime.http_client.connection",
    *(
        "endpoint_runtime.http_client.response",
        "endpoint_runtime.http_client.stream",
        "endpoint_runtime.http_client.tls",
    ),
}
GET = make_event("GET", "/")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory, build: Build) -> tuple[Path, Path]:
    """The bundles of one plugin, with its secrets in AWS and in the environment."""
    folder = tmp_path_factory.mktemp("budget")
    made = []
    for name, configuration in (("aws", IN_AWS), ("here", HERE)):
        plugin = write_plugin(folder / name, {**FILES, "packager.toml": configuration})
        made.append(build(plugin) / "TinyFunction")
    return made[0], made[1]


def fill(moto: MotoServer) -> None:
    ssm, secrets = moto.boto("ssm"), moto.boto("secretsmanager")
    for name in NAMES[:3]:
        ssm.put_parameter(Name=f"/tiny/{name}", Value="meow", Type="SecureString")
    for name in NAMES[3:]:
        secrets.create_secret(Name=f"tiny/{name}", SecretString=json.dumps({"k": "meow"}))


@pytest.fixture(scope="module")
def filled(moto_account: MotoServers) -> MotoServers:
    fill(moto_account.plain)
    return moto_account


@pytest.fixture
def aws(filled: MotoServers) -> Iterator[FaultyAws]:
    with faulty_aws(filled.plain) as server:
        yield server


def test_two_calls(bundles: tuple[Path, Path], interpreter: Interpreter, aws: FaultyAws) -> None:
    in_aws, _ = bundles
    run = fast_command(in_aws, interpreter.path)

    _, status = imported(run, in_aws, GET, **aws.environment)

    assert (status, aws.calls) == (200, ["GetParameters", "BatchGetSecretValue"])


def test_modules_over_tls(
    bundles: tuple[Path, Path], interpreter: Interpreter, filled: MotoServers
) -> None:
    in_aws, here = bundles
    run = fast_command(in_aws, interpreter.path)
    with_aws, status = imported(run, in_aws, GET, **filled.tls.environment)
    assert status == 200

    without, status = imported(fast_command(here, interpreter.path), here, GET, **VARIABLES)

    assert status == 200
    loaded = with_aws - without
    assert (loaded - LOADED, LOADED - loaded) == (set(), set())
