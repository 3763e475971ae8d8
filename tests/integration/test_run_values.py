"""What `packager invoke` warns of regards what its run has, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.aws.moto_server import MotoServers
from tests.support.examples import Command
from tests.support.keeper import FILES, LOCAL, NO_AWS, SEEN
from tests.support.plugin_writer import write_plugin

AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE")
NONE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/none"}
CALLER = """\
from dify_plugin import Endpoint
from werkzeug import Response


class Digest(Endpoint):
    def _invoke(self, r, values, settings):
        if r.args:
            self.session.app.chat.invoke("a", "q", {}, "blocking")
            self.session.app.workflow.invoke("a", {})
        return Response("yes")
"""


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AWS:
        monkeypatch.delenv(name, raising=False)


def warnings(command: Command, plugin: Path, *arguments: object, **environment: str) -> list[str]:
    done = command("invoke", plugin, "--request", "GET /digest", *arguments, **environment)
    assert done.returncode == 0, done.stderr.decode()
    return [
        line.partition("warning: ")[2]
        for line in done.stderr.decode().splitlines()
        if "warning: " in line
    ]


def test_values_that_a_run_has_are_not_warned_of(command: Command, tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path / "keeper", {**FILES, "packager.toml": ""})
    file = tmp_path / "local.toml"
    file.write_text(LOCAL)

    assert warnings(command, plugin, "--settings", file, **NO_AWS) == []

    file.write_text('[settings]\napi_key = "0123456789"\n')
    assert warnings(command, plugin, "--settings", file, **NO_AWS) == [
        "the required setting token has no value in this run: every request will be answered "
        "with 500"
    ]


def test_values_in_aws_need_credentials_or_a_file(command: Command, tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path / "keeper", FILES)

    assert warnings(command, plugin, **NO_AWS) == [
        f"settings.{name}: comes from AWS ({source}), and this run has no credentials"
        for name, source in (
            ("api_key", "SSM parameter /keeper/api_key"),
            ("token", "secret keeper, key token"),
            ("mode", "SSM parameter /keeper/mode"),
            ("loud", "secret keeper, key loud"),
        )
    ]

    (plugin / "settings.local.toml").write_text('[settings]\napi_key = "0123456789"\n')
    assert warnings(command, plugin, **NO_AWS) == [
        "settings.token: is not in the file that stands in for AWS (secret keeper, key token)"
    ]


def test_a_variable_that_is_not_set(command: Command, tmp_path: Path) -> None:
    configuration = '[settings]\napi_key = {env = "THE_KEY"}\ntoken = {env = "THE_TOKEN"}\n'
    plugin = write_plugin(tmp_path / "keeper", {**FILES, "packager.toml": configuration})
    env_file = tmp_path / "env"
    env_file.write_text("THE_KEY=0123456789\n")

    assert warnings(command, plugin, "--env-file", env_file) == [
        "settings.token: comes from the variable THE_TOKEN, which this run does not have"
    ]
    assert warnings(command, plugin, "--env-file", env_file, THE_TOKEN="t") == []


def test_keys_of_apps(command: Command, tmp_path: Path) -> None:
    group = str(FILES["group/keeper.yaml"]).replace("required: true", "required: false")
    files = {**FILES, "packager.toml": "", "group/keeper.yaml": group}
    plugin = write_plugin(tmp_path / "keeper", {**files, "endpoints/digest.py": CALLER})

    needs = "needs an API key of the app, and no app has one: the call will fail"
    assert warnings(command, plugin) == [
        f"session.app.chat.invoke {needs}",
        f"session.app.workflow.invoke {needs}",
    ]
    assert warnings(command, plugin, "--fake-dify") == []
    (plugin / "settings.local.toml").write_text('[apps]\n"*" = "app-0123456789"\n')
    assert warnings(command, plugin) == []


def test_the_key_of_an_app_that_is_named(command: Command, tmp_path: Path) -> None:
    group = str(FILES["group/keeper.yaml"]).replace("required: true", "required: false")
    configuration = '[apps]\n"a" = {ssm = "/dify/a"}\n'
    files = {**FILES, "packager.toml": configuration, "group/keeper.yaml": group}
    plugin = write_plugin(tmp_path / "keeper", {**files, "settings.local.toml": "[settings]\n"})
    done = command("invoke", plugin, "--request", "GET /digest")

    assert (
        "  hint: put a value into settings.local.toml, under [apps]: a = ...; or run it with "
        "Dify's stand-in: packager invoke --fake-dify\n"
    ) in done.stderr.decode()


@pytest.mark.parametrize("profile", [False, True])
def test_credentials_are_handed_on_when_asked(
    command: Command, moto_servers: MotoServers, tmp_path: Path, profile: bool
) -> None:
    plugin = write_plugin(tmp_path / "keeper", FILES)
    values = {"api_key": "key-of-the-keeper-1", "token": 'token "2" of\nthe kéeper'}
    values |= {"mode": "on", "loud": True}  # type: ignore[dict-item]
    moto_servers.reset()
    shell = dict(moto_servers.plain.environment)
    given = json.dumps(values).encode()
    done = command("settings", "push", plugin, "--file", "-", stdin=given, **shell)
    assert done.returncode == 0, done.stderr.decode()
    option = ("--aws",)
    if profile:
        option = ("--aws-profile", "cats")  # type: ignore[assignment]
        file = tmp_path / "credentials"
        file.write_text(
            f"[cats]\naws_access_key_id = {shell.pop('AWS_ACCESS_KEY_ID')}\n"
            f"aws_secret_access_key = {shell.pop('AWS_SECRET_ACCESS_KEY')}\n"
        )
        shell["AWS_SHARED_CREDENTIALS_FILE"] = str(file)
    request = ("invoke", plugin, "--request", "GET /digest")
    without = command(*request, **shell, **({} if profile else NONE))
    done = command(*request, *option, **shell)

    assert b"has no credentials" in without.stderr and b"500" in without.stderr
    assert (done.returncode, json.loads(done.stdout)) == (0, SEEN), done.stderr.decode()
    assert b"warning" not in done.stderr


def test_no_credentials_to_hand_on(command: Command, tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path / "keeper", FILES)
    shell = {**NONE, "AWS_CONFIG_FILE": "/none", "AWS_REGION": "eu-west-1"}
    done = command("invoke", plugin, "--request", "GET /digest", "--aws", **shell)

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == (
        "error: credentials can't be handed on: no AWS credentials were found\n"
        "  hint: sign in to AWS (`aws sso login`, `aws configure`), or choose a profile: "
        "AWS_PROFILE=NAME\n"
    )
