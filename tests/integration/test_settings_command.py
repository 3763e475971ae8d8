"""`packager settings` against moto's servers: show, check, push, prompt."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws.moto_server import MotoServer, MotoServers
from tests.support.examples import Command
from tests.support.keeper import CONFIGURATION, FILES
from tests.support.plugin_writer import write_plugin
from tests.support.terminal import converse

KEY, TOKEN = "s3cr3t-key-1", 'a "s3cr3t" token:\n  éè'
VALUES = f"""\
api_key: {KEY}
token: {json.dumps(TOKEN)}
mode: on
loud: yes
"""
Packager = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def moto(moto_servers: MotoServers) -> MotoServer:
    """moto, with nothing in it."""
    moto_servers.reset()
    return moto_servers.plain


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return write_plugin(tmp_path / "keeper", FILES)


@pytest.fixture
def packager(command: Command, moto: MotoServer, tmp_path: Path) -> Packager:
    """Run `packager settings` in moto's account; nothing it writes may hold a secret."""

    def run(*arguments: object, **more: Any) -> subprocess.CompletedProcess[bytes]:
        done = command("settings", *arguments, **(environment(moto, tmp_path) | more))
        for written in (done.stdout, done.stderr):
            assert b"s3cr3t" not in written
        return done

    return run


def environment(moto: MotoServer, tmp_path: Path) -> dict[str, str]:
    nothing = str(tmp_path / "nothing")  # no credentials of whoever runs the tests
    files = {"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing}
    return moto.environment | files | {"AWS_EC2_METADATA_DISABLED": "true"}


def stdout(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def parameter(moto: MotoServer, name: str) -> tuple[str, str]:
    found = moto.boto("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return found["Value"], found["Type"]


def secret(moto: MotoServer, name: str) -> Any:
    return json.loads(moto.boto("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def test_show(packager: Packager, plugin: Path) -> None:
    assert stdout(packager("show", plugin, KEEPER_PLAIN="x")) == (
        "KeeperFunction\n"
        "  api_key  secret-input  required  SSM parameter /keeper/api_key      ***\n"
        "  token    secret-input  required  secret keeper, key token           ***\n"
        "  mode     select        optional  SSM parameter /keeper/mode         ***\n"
        "  loud     boolean       optional  secret keeper, key loud            ***\n"
        "  plain    text-input    optional  environment variable KEEPER_PLAIN  set here\n"
    )
    shown = json.loads(stdout(packager("show", plugin, "--format", "json")))
    assert shown["functions"][0]["settings"][4] == {
        "name": "plain",
        "type": "text-input",
        "required": False,
        "source": "environment variable KEEPER_PLAIN",
        "value": "not set here",
    }


def test_push_then_check(packager: Packager, plugin: Path, moto: MotoServer) -> None:
    values = plugin / "values.yaml"
    values.write_text(VALUES)
    rows = (
        "api_key  SSM parameter /keeper/api_key  {0}\n"
        "token    secret keeper, key token       {0}\n"
        "mode     SSM parameter /keeper/mode     {0}\n"
        "loud     secret keeper, key loud        {0}\n"
    )

    dry = packager("push", plugin, "--file", values, "--dry-run")
    assert stdout(dry) == rows.format("would be created")
    assert moto.boto("ssm").describe_parameters()["Parameters"] == []
    assert moto.boto("secretsmanager").list_secrets()["SecretList"] == []

    assert stdout(packager("push", plugin, "--file", values)) == rows.format("created")
    assert parameter(moto, "/keeper/api_key") == (KEY, "SecureString")
    assert parameter(moto, "/keeper/mode") == ("on", "SecureString")
    assert secret(moto, "keeper") == {"token": TOKEN, "loud": True}
    assert stdout(packager("push", plugin, "--file", values)) == rows.format("as it was")

    assert stdout(packager("check", plugin)) == (
        "KeeperFunction\n"
        "  api_key  SSM parameter /keeper/api_key      ok\n"
        "  token    secret keeper, key token           ok\n"
        "  mode     SSM parameter /keeper/mode         ok\n"
        "  loud     secret keeper, key loud            ok\n"
        "  plain    environment variable KEEPER_PLAIN  at the deployment\n"
    )


def test_push_changes_only_what_differs(packager: Packager, plugin: Path, moto: MotoServer) -> None:
    moto.boto("secretsmanager").create_secret(
        Name="keeper", SecretString='{"token": "old", "loud": "off", "more": 1}'
    )
    moto.boto("ssm").put_parameter(Name="/keeper/mode", Value="off", Type="String")

    done = packager("push", plugin, "--file", "-", "--format", "json", stdin=VALUES.encode())

    assert json.loads(stdout(done)) == {
        "region": "eu-central-1",
        "written": True,
        "changes": [
            {"setting": "api_key", "where": "SSM parameter /keeper/api_key", "action": "create"},
            {"setting": "token", "where": "secret keeper, key token", "action": "change"},
            {"setting": "mode", "where": "SSM parameter /keeper/mode", "action": "change"},
            {"setting": "loud", "where": "secret keeper, key loud", "action": "change"},
        ],
    }
    assert secret(moto, "keeper") == {"token": TOKEN, "loud": True, "more": 1}
    assert parameter(moto, "/keeper/mode") == ("on", "String")  # nobody can change its type


def test_one_document_for_the_group(packager: Packager, plugin: Path, moto: MotoServer) -> None:
    key = moto.boto("kms").create_key()["KeyMetadata"]["KeyId"]
    moto.boto("kms").create_alias(AliasName="alias/keeper", TargetKeyId=key)
    (plugin / "packager.toml").write_text(
        'settings_from = {secret = "all"}\nkms_key = "alias/keeper"\n'
        '[settings]\nmode = {ssm = "/keeper/mode"}\n'
    )

    done = packager("push", plugin, "--file", "-", stdin=VALUES.encode())

    assert stdout(done) == (
        "api_key  secret all, key api_key     created\n"
        "token    secret all, key token       created\n"
        "mode     SSM parameter /keeper/mode  created\n"
        "loud     secret all, key loud        created\n"
    )
    assert secret(moto, "all") == {"api_key": KEY, "token": TOKEN, "loud": True}
    described = moto.boto("secretsmanager").describe_secret(SecretId="all")
    assert described["KmsKeyId"] == "alias/keeper"
    listed = moto.boto("ssm").describe_parameters()["Parameters"]
    assert [each["KeyId"] for each in listed] == ["alias/keeper"]
    assert "ok" in stdout(packager("check", plugin))


def test_the_keys_of_apps(packager: Packager, plugin: Path, moto: MotoServer) -> None:
    (plugin / "packager.toml").write_text(
        '[apps]\na-b = {ssm = "/keeper/app"}\n"*" = {secret = "keeper", key = "any"}\n'
    )

    done = packager("push", plugin, "--file", "-", stdin=b"apps.a-b: s3cr3t\n'apps.*': s3cr3t 2\n")

    assert stdout(done) == (
        "apps.a-b  SSM parameter /keeper/app  created\n"
        "apps.*    secret keeper, key any     created\n"
    )
    assert parameter(moto, "/keeper/app") == ("s3cr3t", "SecureString")
    assert secret(moto, "keeper") == {"any": "s3cr3t 2"}
    assert stdout(packager("show", plugin)).splitlines()[-2:] == [
        "  apps.a-b  secret-input  required  SSM parameter /keeper/app  ***",
        "  apps.*    secret-input  required  secret keeper, key any     ***",
    ]


def test_wrong_values_are_all_said_and_nothing_is_written(
    packager: Packager, plugin: Path, moto: MotoServer
) -> None:
    bad = "api_key: [s3cr3t]\ntoken:\nmode: s3cr3t\nloud: s3cr3t\nplain: s3cr3t\ntokn: s3cr3t\n"

    done = packager("push", plugin, "--file", "-", stdin=bad.encode())

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == (
        "stdin:1:10: error: api_key: expected text, not a list\n"
        "stdin:2:7: error: token: expected text, not nothing\n"
        "stdin:3:7: error: mode: expected one of on, off, not such text\n"
        "stdin:4:7: error: loud: expected true, false, 1, 0, yes, no, on or off, not such text\n"
        "stdin:6:1: error: no endpoint group declares the setting 'tokn'\n"
        "  hint: did you mean token?\n"
        "stdin:5:8: error: plain: comes from the environment variable KEEPER_PLAIN, which is given "
        "at the deployment\n"
    )
    assert moto.boto("ssm").describe_parameters()["Parameters"] == []


@pytest.mark.parametrize(
    "text",
    ["api_key: *s3cr3t", "api_key: !s3cr3t x", "api_key: 's3cr3t", "a: s3cr3t: x", "- s3cr3t"],
)
def test_yaml_that_is_none_is_not_quoted(packager: Packager, plugin: Path, text: str) -> None:
    done = packager("push", plugin, "--file", "-", stdin=text.encode())

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"stdin:1:")


def test_check_finds_what_is_wrong_in_aws(
    packager: Packager, plugin: Path, moto: MotoServer
) -> None:
    moto.boto("ssm").put_parameter(Name="/keeper/mode", Value="s3cr3t", Type="String")
    moto.boto("secretsmanager").create_secret(Name="keeper", SecretString="s3cr3t")
    toml = plugin / "packager.toml"

    done = packager("check", plugin)

    assert (done.returncode, done.stdout.decode()) == (
        2,
        "KeeperFunction\n"
        "  api_key  SSM parameter /keeper/api_key      not set\n"
        "  token    secret keeper, key token           wrong\n"
        "  mode     SSM parameter /keeper/mode         wrong\n"
        "  loud     secret keeper, key loud            wrong\n"
        "  plain    environment variable KEEPER_PLAIN  at the deployment\n",
    )
    assert done.stderr.decode() == (
        f"{toml}:2:1: error: api_key: SSM parameter /keeper/api_key: is required and not set\n"
        "  hint: give it a value: packager settings prompt\n"
        f"{toml}:3:1: error: token: secret keeper, key token: secret keeper is not valid JSON\n"
        f"{toml}:4:1: error: mode: SSM parameter /keeper/mode: expected one of on, off\n"
        f"{toml}:5:1: error: loud: secret keeper, key loud: secret keeper is not valid JSON\n"
        "4 errors\n"
    )
    facts = json.loads(packager("check", plugin, "--format", "json").stdout)
    assert [each["state"] for each in facts["functions"][0]["settings"]] == [
        *("not set", "wrong", "wrong", "wrong", "at the deployment")
    ]
    assert [each["key"] for each in facts["diagnostics"]] == ["api_key", "token", "mode", "loud"]

    refused = packager("push", plugin, "--file", "-", stdin=VALUES.encode())
    assert (refused.returncode, refused.stderr.decode()) == (
        1,
        "error: secret keeper holds no JSON object; its keys can't be set\n"
        "  hint: delete it, or name another in the configuration\n",
    )


@pytest.mark.parametrize("without", ["credentials", "region", "endpoint", "profile"])
def test_aws_that_cant_be_asked(packager: Packager, plugin: Path, without: str) -> None:
    options: list[str] = []
    more = {}
    if without == "credentials":
        more = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        said = "error: parameters /keeper/api_key, /keeper/mode can't be read: no AWS credentials"
    elif without == "region":
        more = {"AWS_REGION": ""}
        said = "error: no AWS region is chosen\n  hint: say which: --region eu-west-1, AWS_REGION"
    elif without == "endpoint":
        more = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
        said = "error: parameters /keeper/api_key, /keeper/mode can't be read: Could not connect"
    else:
        options = ["--profile", "nobody"]
        said = "error: AWS: The config profile (nobody) could not be found"

    for arguments in (["check", plugin], ["push", plugin, "--file", "-"]):
        done = packager(*arguments, *options, stdin=VALUES.encode(), **more)
        assert (done.returncode, done.stdout) == (1, b"")
        last = "error: " + done.stderr.decode().rpartition("error: ")[2]
        assert last.startswith(said), last


def test_prompt_needs_a_terminal(packager: Packager, plugin: Path) -> None:
    done = packager("prompt", plugin, stdin=b"s3cr3t\n")

    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        2,
        b"",
        "error: prompt asks on a terminal, and there is none\n"
        "  hint: give the values to `packager settings push PLUGIN --file -`\n",
    )


def test_prompt(plugin: Path, moto: MotoServer, tmp_path: Path) -> None:
    answers = [KEY, "another s3cr3t", "loudly", "on", "yes"]
    arguments = ["settings", "prompt", str(plugin), "--format", "json"]

    seen, code = converse(arguments, answers, environment(moto, tmp_path) | {"LANG": "zh_CN.UTF-8"})

    assert code == 0, seen
    assert "s3cr3t" not in seen
    assert [line for line in seen.splitlines() if "(" in line and '"' not in line] == [
        "密钥 (api_key): ",
        "Token (token): ",
        "Mode (mode, one of on, off): loudly",
        "Mode (mode, one of on, off): on",
        "Loud (loud, yes or no): yes",
    ]
    assert "From your account's page" in seen
    assert "以 key- 开头" in seen
    assert "expected one of on, off; leave it empty to keep what there is" in seen
    assert parameter(moto, "/keeper/api_key") == (KEY, "SecureString")
    assert secret(moto, "keeper") == {"token": "another s3cr3t", "loud": True}


def test_prompt_says_what_there_is_already_and_what_app_keys_are(
    plugin: Path, moto: MotoServer, tmp_path: Path
) -> None:
    keys = '[apps]\nan-app = {secret = "keeper", key = "app"}\n"*" = {ssm = "/keeper/app"}\n'
    (plugin / "packager.toml").write_text(str(FILES["packager.toml"]) + keys)
    moto.boto("ssm").put_parameter(Name="/keeper/mode", Value="on", Type="String")
    moto.boto("secretsmanager").create_secret(Name="keeper", SecretString='{"token": "s3cr3t"}')
    arguments = ["settings", "prompt", str(plugin), "--dry-run"]

    seen, code = converse(arguments, [""] * 6, environment(moto, tmp_path))

    assert code == 0, seen
    assert "s3cr3t" not in seen
    assert [line.strip() for line in seen.splitlines() if "(" in line] == [
        "API key (api_key):",
        "Token (token, set already: empty keeps it):",
        "Mode (mode, one of on, off, set already: empty keeps it, - removes it):",
        "Loud (loud, yes or no):",
        "API key of the Dify app an-app (apps.an-app):",
        "API key of every other Dify app (apps.*):",
    ]


def test_prompt_asks_for_a_place_that_functions_share_what_all_of_them_take(
    plugin: Path, moto: MotoServer, tmp_path: Path
) -> None:
    group = str(FILES["group/keeper.yaml"])
    other = group.replace('value: "on", label: {en_US: On}}', "value: never, label: {en_US: No}}")
    manifest = str(FILES["manifest.yaml"]) + "    - group/other.yaml\n"
    (plugin / "manifest.yaml").write_text(manifest)
    (plugin / "group" / "other.yaml").write_text(other)
    arguments = ["settings", "prompt", str(plugin), "--dry-run"]
    # A blank answer is not a value for a boolean, and leaves it as it is.
    answers = ["", "", "on", "never", "off", "  "]

    seen, code = converse(arguments, answers, environment(moto, tmp_path))

    assert code == 0, seen
    assert seen.count("expected one of ") == 2
    assert seen.endswith("mode  SSM parameter /keeper/mode  would be created\n")


def test_prompt_that_is_left_says_so_by_its_exit_code(
    plugin: Path, moto: MotoServer, tmp_path: Path
) -> None:
    arguments = ["settings", "prompt", str(plugin)]

    _, code = converse(arguments, ["\x03"], environment(moto, tmp_path))

    assert code == 130
    assert moto.boto("ssm").describe_parameters()["Parameters"] == []


def test_a_value_that_does_not_fit_is_a_fault_of_the_file(packager: Packager, plugin: Path) -> None:
    done = packager("push", plugin, "--file", "-", stdin=b"mode: on\napi_key: " + b"a" * 4097)

    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        2,
        b"",
        "stdin:2:10: error: api_key: SSM parameter /keeper/api_key would have 4097 bytes; "
        "at most 4096 fit\n"
        "  hint: keep it in a secret, which holds 64 KB\n",
    )


def test_a_secret_that_is_named_by_its_arn_is_not_made(
    packager: Packager, plugin: Path, moto: MotoServer
) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keeper-a1b2c3"
    (plugin / "packager.toml").write_text(f'settings_from = {{secret = "{arn}"}}\n')

    done = packager("push", plugin, "--file", "-", stdin=b"api_key: s3cr3t")

    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        1,
        b"",
        f"error: there is no secret {arn}\n"
        "  hint: AWS chooses ARNs: create it, or name it by its name in the configuration\n",
    )
    assert moto.boto("secretsmanager").list_secrets()["SecretList"] == []


def test_a_secret_that_is_marked_for_deletion_is_not_set(
    packager: Packager, plugin: Path, moto: MotoServer
) -> None:
    (plugin / "packager.toml").write_text('settings_from = {secret = "gone"}\n')
    moto.boto("secretsmanager").create_secret(Name="gone", SecretString='{"api_key": "s3cr3t"}')
    moto.boto("secretsmanager").delete_secret(SecretId="gone")

    done = packager("check", plugin)

    assert done.returncode == 2
    assert "api_key  secret gone, api_key in it  not set" in done.stdout.decode()


OPTIONAL = """\
settings:
  - {name: app, type: app-selector, label: {en_US: App}}
  - {name: word, type: text-input, label: {en_US: Word}, url: https://example.com/word}
  - {name: mood, type: text-input, required: true, default: calm, label: {en_US: Mood}}
  - {name: token, type: secret-input, required: true, label: {en_US: Token}}
endpoints:
  - {path: /digest, method: GET, extra: {python: {source: endpoints/digest.py}}}
"""
PLACES = """\
[settings]
app = {secret = "keeper", key = "app"}
word = {ssm = "/keeper/word"}
mood = {secret = "mood"}
token = {secret = "keeper", key = "token"}
"""
SET = b"{app: {app_id: a}, word: cat, mood: wild, token: s3cr3t}"


@pytest.fixture
def optional(packager: Packager, tmp_path: Path) -> Path:
    """A plugin most of whose settings may be unset, all with a value in AWS."""
    changes = {"group/keeper.yaml": OPTIONAL, "packager.toml": PLACES}
    plugin = write_plugin(tmp_path / "optional", {**FILES, **changes})
    stdout(packager("push", plugin, "--file", "-", stdin=SET))
    return plugin


def values_in(moto: MotoServer) -> tuple[list[str], dict[str, Any]]:
    """The parameters there are, and the keys of the secret."""
    names = [each["Name"] for each in moto.boto("ssm").describe_parameters()["Parameters"]]
    return names, secret(moto, "keeper")


def test_a_null_removes_a_value_and_so_does_empty_text_where_it_is_none(
    packager: Packager, optional: Path, moto: MotoServer
) -> None:
    nulls = b"app: ''\nword: null\nmood:\n"
    rows = (
        "app   secret keeper, key app      {0}\n"
        "word  SSM parameter /keeper/word  {0}\n"
        "mood  secret mood                 {0}\n"
    )

    dry = packager("push", optional, "--file", "-", "--dry-run", stdin=nulls)
    assert stdout(dry) == rows.format("would be removed")
    assert values_in(moto) == (["/keeper/word"], {"app": {"app_id": "a"}, "token": "s3cr3t"})

    assert stdout(packager("push", optional, "--file", "-", stdin=nulls)) == rows.format("removed")
    assert values_in(moto) == ([], {"token": "s3cr3t"})
    assert stdout(packager("check", optional)) == (
        "KeeperFunction\n"
        "  app    secret keeper, key app      not set\n"
        "  word   SSM parameter /keeper/word  not set\n"
        "  mood   secret mood                 default\n"
        "  token  secret keeper, key token    ok\n"
    )
    again = packager("push", optional, "--file", "-", stdin=nulls)
    assert stdout(again) == rows.format("as it was")

    assert "mood   secret mood                 created" in stdout(
        packager("push", optional, "--file", "-", stdin=SET)
    )
    assert moto.boto("secretsmanager").get_secret_value(SecretId="mood")["SecretString"] == "wild"


def test_unset(packager: Packager, optional: Path, moto: MotoServer) -> None:
    assert stdout(packager("unset", optional, "--setting", "app", "--setting", "word")) == (
        "app   secret keeper, key app      removed\nword  SSM parameter /keeper/word  removed\n"
    )
    assert values_in(moto) == ([], {"token": "s3cr3t"})

    bad = packager("unset", optional, "--setting", "mod", "--setting", "token")
    assert (bad.returncode, bad.stdout, bad.stderr.decode()) == (
        2,
        b"",
        "error: no endpoint group declares the setting 'mod'\n"
        "  hint: did you mean mood?\n"
        "error: token: is required, and can't be left without a value\n",
    )


def test_prompt_removes_what_is_optional(optional: Path, moto: MotoServer, tmp_path: Path) -> None:
    seen, code = converse(
        ["settings", "prompt", str(optional)], ["-", "", "-", ""], environment(moto, tmp_path)
    )

    assert code == 0, seen
    assert "s3cr3t" not in seen
    assert [line for line in seen.splitlines() if "(" in line or "http" in line] == [
        "App (app, an app's id, set already: empty keeps it, - removes it): -",
        "where to get it: https://example.com/word",
        "Word (word, set already: empty keeps it, - removes it): ",
        "Mood (mood, set already: empty keeps it, - removes it): -",
        "Token (token, set already: empty keeps it): ",
    ]
    assert values_in(moto) == (["/keeper/word"], {"token": "s3cr3t"})


def test_nothing_is_in_the_list_of_processes() -> None:
    """Values are not options: there is none that would take one."""
    from packager.cli.settings.commands import settings

    options = {
        option
        for command in settings.commands.values()
        for parameter in command.params
        for option in parameter.opts
    }
    assert options == {
        *("plugins", "plugin", "--format", "--file", "--function", "--dry-run"),
        *("--language", "--profile", "--region", "--setting"),
    }
    assert "settings_from" not in CONFIGURATION
