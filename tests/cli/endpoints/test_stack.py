"""`packager endpoints --stack`: endpoints of deployed functions, in moto's account."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from endpoint_runtime import aws, process
from endpoint_runtime.managed import sealed, stores
from endpoint_runtime.managed.endpoints import Endpoints
from packager.endpoints.local import default_file
from packager.settings.aws import Aws
from tests.cli.conftest import Done, Run
from tests.cli.endpoints.conftest import Deploy
from tests.support.aws.endpoint_stack import BASE
from tests.support.aws.moto_server import MotoServer
from tests.support.builders import bundle_module
from tests.support.built_faults import compare

KEY = "s3cr3t-key-1"
VALUES = f"api_key: {KEY}\ngreeting: 'Miau {{{{x}}}}'\napp: {{app_id: a}}\n"
STORES = ("dynamodb", "ssm")
CREATE = ("endpoints", "create", "--stack", "prod", "--file", "-", "--name", "Acme")
ROWS = (
    {"name": "api_key", "type": "secret-input", "required": True},
    {"name": "greeting", "type": "text-input", "required": False, "default": "Nyan"},
    {"name": "app", "type": "app-selector", "required": False},
    {"name": "token", "type": "secret-input", "required": False},
)


def good(done: Done) -> Done:
    assert done.code == 0, done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr
    return done


def create(run: Run, name: str = "Pepper", values: str = VALUES, stack: str = "prod") -> Any:
    arguments = ("create", "--stack", stack, "--name", name, "--file", "-", "--format", "json")
    return json.loads(good(run("endpoints", *arguments, stdin=values.encode())).stdout)


def everything(moto: MotoServer, outputs: dict[str, Any]) -> str:
    """All that the stores show to who may read them, without the means to decrypt."""
    table = outputs["CatsFunctionEndpoints"]
    if table.startswith("/"):
        return repr(moto.boto("ssm").describe_parameters())
    return repr(moto.boto("dynamodb").scan(TableName=table))


def test_a_choice_that_the_stack_has_no_answer_for_is_warned_of(
    run: Run, stack: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack('[apps]\nassistant = {ssm = "/a"}\n')
    monkeypatch.chdir("/")

    done = good(run(*CREATE, stdin=b"api_key: s3cr3t\napp: {app_id: asistant}"))

    assert done.stderr.startswith(
        "stdin:2:6: warning: app: chooses the app asistant, which nothing under [apps] answers\n"
        "  hint: did you mean assistant?\ncreated Acme: "
    )


@pytest.mark.parametrize("store", STORES)
def test_create_in_a_stack_without_the_plugin(
    run: Run, stack: Deploy, moto: MotoServer, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = stack(f'endpoints_store = "{store}"\n')
    monkeypatch.chdir("/")

    facts = create(run)

    base = f"{BASE}/e/{facts['hook_id']}"
    assert facts == {
        "name": "Pepper",
        "hook_id": facts["hook_id"],
        "enabled": True,
        "urls": [
            {"method": "GET", "url": f"{base}/"},
            {"method": "POST", "url": f"{base}/cats/<int:number>"},
        ],
    }
    assert "s3cr3t" not in everything(moto, outputs)
    assert not default_file().exists()
    again = run(
        *("endpoints", "create", "--stack", "prod", "--name", "Pepper", "--file", "-"),
        stdin=VALUES.encode(),
    )
    assert (again.code, again.stderr) == (
        2,
        "error: there is an endpoint named Pepper already\n"
        "  hint: names differ within a group; `packager endpoints edit` changes it\n",
    )


class Answers:
    def use(self, settings: Any, label: str) -> None:
        self.settings, self.label = settings, label


class Runtime:
    """What a deployed function reads, by the runtime's own code and in this process."""

    def __init__(
        self, outputs: dict[str, Any], store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        aws.forget()
        monkeypatch.setattr(process, "secrets", {})
        monkeypatch.setenv(stores.KEY_VARIABLE, f"{outputs['StackId']}/CatsFunction")
        monkeypatch.setenv(stores.VARIABLE, outputs["CatsFunctionEndpoints"])
        monkeypatch.setenv(sealed.VARIABLE, outputs.get("CatsFunctionEndpointsKey", ""))
        if store == "file":
            monkeypatch.setenv(stores.LOCAL, outputs["CatsFunctionEndpoints"])
        self.bundle = bundle_module(
            ENDPOINTS={"store": store, "secrets": True, "storage": "plugin"},
            SETTINGS=ROWS,
            SETTINGS_TTL=0,
            PLUGIN="cats",
            GROUP="cats",
        )
        self.endpoints = Endpoints(self.bundle, lambda endpoint: Answers())

    def settings(self, hook_id: str) -> Any:
        found = self.endpoints.find(hook_id)
        return found and found.application.settings.copy()  # type: ignore[attr-defined]


@pytest.mark.parametrize("store", [*STORES, "file"])
def test_the_runtime_reads_what_is_written(
    run: Run, stack: Deploy, plugin: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is done to an endpoint, a function sees that and nothing of another's."""
    where: tuple[object, ...] = ("--stack", "prod")
    if store == "file":
        (plugin / "packager.toml").write_text('endpoints = "managed"\n')
        where = (plugin,)
        from packager.endpoints.file_store import FileStore

        key = FileStore(default_file(), "x/y").key
        outputs: dict[str, Any] = {"CatsFunctionEndpoints": str(default_file())}
        outputs["StackId"] = ""
    else:
        outputs = stack(f'endpoints_store = "{store}"\n')
    runtime = Runtime(outputs, store, monkeypatch)
    if store == "file":
        monkeypatch.setenv(stores.KEY_VARIABLE, key)
        runtime.endpoints.forget()

    def act(command: str, *arguments: object, values: str = "") -> Any:
        done = good(
            run(
                *("endpoints", command, *where, *arguments, "--format", "json"),
                stdin=values.encode(),
            )
        )
        return json.loads(done.stdout)

    pepper = act("create", "--name", "Pepper", "--file", "-", values=VALUES)["hook_id"]
    salt = act("create", "--name", "Salt é", "--file", "-", values="api_key: s3cr3t-2")["hook_id"]

    assert runtime.settings(pepper) == {
        "api_key": KEY,
        "greeting": "Miau {{x}}",
        "app": {"app_id": "a"},
    }
    assert runtime.settings(salt) == {"api_key": "s3cr3t-2", "greeting": "Nyan"}
    assert (runtime.endpoints.named("Salt é"), runtime.endpoints.root()) == (salt, None)

    act("edit", "--name", "Pepper", "--file", "-", values="token: s3cr3t-3\napp: null")
    act("edit", "--name", "Pepper", "--rename", "Sugar", "--root")
    assert runtime.settings(pepper) == {
        "api_key": KEY,
        "greeting": "Miau {{x}}",
        "token": "s3cr3t-3",
    }
    assert runtime.endpoints.named("Sugar") == runtime.endpoints.root() == pepper
    assert runtime.endpoints.named("Pepper") is None

    act("disable", "--name", "Sugar")
    assert runtime.settings(pepper) is None
    act("enable", "--name", "Sugar")
    sugar = act("rotate", "--name", "Sugar")["hook_id"]
    assert runtime.settings(pepper) is None
    assert runtime.settings(sugar)["token"] == "s3cr3t-3"
    assert runtime.endpoints.named("Sugar") == runtime.endpoints.root() == sugar
    found = runtime.endpoints.find(sugar)
    assert found is not None
    assert found.space == pepper  # it keeps its space of storage

    act("delete", "--name", "Sugar", "--yes")
    assert runtime.settings(sugar) is None
    assert (runtime.endpoints.named("Sugar"), runtime.endpoints.root()) == (None, None)
    assert runtime.settings(salt) == {"api_key": "s3cr3t-2", "greeting": "Nyan"}
    aws.forget()


def test_references_are_read_before_they_are_written(
    run: Run, stack: Deploy, moto: MotoServer
) -> None:
    stack()
    moto.boto("ssm").put_parameter(Name="/cats/key", Value="s3cr3t", Type="SecureString")
    moto.boto("secretsmanager").create_secret(Name="cats", SecretString='{"colour": "s3cr3t"}')
    arguments = ("create", "--stack", "prod", "--name", "Pepper", "--file", "-")
    values = b"api_key: {ssm: /cats/kay}\ncolour: {secret: cats, key: colour}\nloud: {secret: gone}"

    done = run("endpoints", *arguments, stdin=values)

    assert (done.code, done.stdout, done.stderr) == (
        2,
        "",
        "stdin:1:10: error: api_key: there is no SSM parameter /cats/kay\n"
        "  hint: write it first; the function's role must be allowed to read it, too\n"
        "stdin:2:9: error: colour: secret cats, key colour: expected one of orange, g\n"
        "stdin:3:7: error: loud: there is no secret gone\n"
        "  hint: write it first; the function's role must be allowed to read it, too\n",
    )
    good(run("endpoints", *arguments, stdin=b"api_key: {ssm: /cats/key}"))
    shown = good(run("endpoints", "show", "--stack", "prod", "--name", "Pepper")).stdout
    assert "api_key   secret-input  required  SSM parameter /cats/key  ***" in shown


@pytest.mark.parametrize(("store", "most"), [("dynamodb", 409_600), ("ssm", 8192)])
def test_an_endpoint_that_its_store_does_not_take(
    run: Run, stack: Deploy, store: str, most: int
) -> None:
    stack(f'endpoints_store = "{store}"\n')
    arguments = ("endpoints", "create", "--stack", "prod", "--file", "-", "--name")

    done = run(*arguments, "Pepper", stdin=b"api_key: a\ngreeting: " + b"x" * most)

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("stdin:2:11: error: Pepper would have ")
    assert done.stderr.endswith(
        f" bytes in its store ({store}); at most {most} fit\n"
        "  hint: keep the large values elsewhere, and say where: {secret: name, key: k}\n"
    )
    assert run("endpoints", "list", "--stack", "prod").stdout == ""

    done = good(run(*arguments, "Salt", stdin=b"api_key: a\ngreeting: " + b"x" * 4096))
    assert ("Salt has " in done.stderr) == (store == "ssm")


def test_the_fault_of_a_large_endpoint(run: Run, stack: Deploy, refresh: bool) -> None:
    stack('endpoints_store = "ssm"\n')
    values = b"api_key: a\ngreeting: " + b"x" * 4096
    done = good(run(*CREATE, stdin=values))
    compare("advanced-parameter", f"{done.stderr}exit code {done.code}\n", refresh=refresh)


def test_the_fault_of_a_value_that_may_not_be_read(
    run: Run, stack: Deploy, clients: Callable[..., Aws], refresh: bool
) -> None:
    stack()
    said = b'{"__type": "AccessDeniedException", "message": "not authorized to perform: x"}'
    answer = AWSResponse(
        "https://aws", 400, HTTPHeaders(), SimpleNamespace(stream=lambda: iter([said]))
    )

    def refuse(**_: object) -> AWSResponse:
        return answer

    events = clients(None, None).client("secretsmanager").meta.events
    call = "before-send.secretsmanager.GetSecretValue"
    events.register(call, refuse)
    try:
        done = good(run(*CREATE, stdin=b"api_key: { secret: cats/key }\n"))
    finally:
        events.unregister(call, refuse)
    compare("unchecked-value", f"{done.stderr}exit code {done.code}\n", refresh=refresh)


def test_what_was_written_is_in_effect_at_the_latest_after_settings_ttl(
    run: Run, stack: Deploy
) -> None:
    stack("settings_ttl = 60\n")
    create(run)

    for command, said in (
        (("disable",), "disabled Pepper: running functions have it within 60 s (settings_ttl)\n"),
        (("edit", "--rename", "Salt"), "changed Salt: running functions have it within 60 s (set"),
        (("rotate",), "rotated Salt: it answers at its new address from now on, and no more at"),
        (("delete", "--yes"), "deleted Salt: running functions have it within 60 s (settings_ttl)"),
    ):
        name = "Pepper" if command[0] in ("disable", "edit") else "Salt"
        done = good(run("endpoints", *command, "--stack", "prod", "--name", name))
        assert done.stderr.startswith(said)
    done = good(
        run(
            *("endpoints", "create", "--stack", "prod", "--name", "Sugar", "--file", "-"),
            stdin=VALUES.encode(),
        )
    )
    assert done.stderr == "created Sugar: it answers from now on\n"


def test_from_this_machine_to_a_stack_and_from_there_to_another(
    run: Run, stack: Deploy, plugin: Path, tmp_path: Path
) -> None:
    stack()
    stack('endpoints_store = "ssm"\n', name="other")
    here = ("endpoints", "create", plugin, "--name", "Pepper", "--file", "-")
    good(run(*here, stdin=VALUES.encode()))
    file, other = tmp_path / "here.yaml", tmp_path / "prod.yaml"
    good(run("endpoints", "export", plugin, "--with-secrets", "--file", file))

    done = good(run("endpoints", "import", "--stack", "prod", "--file", file))

    assert done.stderr == (
        "at another address than before: Pepper\n"
        "1 endpoint written: running functions have it within 300 s (settings_ttl)\n"
    )
    good(run("endpoints", "export", "--stack", "prod", "--with-secrets", "--file", other))
    good(run("endpoints", "import", "--stack", "other", "--file", other))
    assert file.read_text().split("settings:")[1] == other.read_text().split("settings:")[1]

    without = good(run("endpoints", "export", "--stack", "prod")).stdout
    done = run("endpoints", "import", "--stack", "other", "--file", "-", stdin=without.encode())
    assert (done.code, "there is an endpoint named Pepper already" in done.stderr) == (2, True)
    good(run("endpoints", "delete", "--stack", "other", "--name", "Pepper", "--yes"))
    done = run("endpoints", "import", "--stack", "other", "--file", "-", stdin=without.encode())
    assert (done.code, "error: api_key: is required and not set" in done.stderr) == (2, True)


def test_a_stack_that_was_made_again_does_not_take_the_old_hook_ids(
    run: Run, stack: Deploy, moto: MotoServer
) -> None:
    """Parameters outlive their stack; its id is what the check in hook ids is made with."""
    stack('endpoints_store = "ssm"\n')
    before = create(run)
    moto.boto("cloudformation").delete_stack(StackName="prod")
    stack('endpoints_store = "ssm"\n')

    done = good(run("endpoints", "list", "--stack", "prod", "--format", "json"))

    assert [each["served"] for each in json.loads(done.stdout)["endpoints"]] == [False]
    assert "another stack's: rotate it" in run("endpoints", "list", "--stack", "prod").stdout
    good(run("endpoints", "rotate", "--stack", "prod", "--name", "Pepper"))
    (after,) = json.loads(run("endpoints", "list", "--stack", "prod", "--format", "json").stdout)[
        "endpoints"
    ]
    assert after["served"]
    assert after["hook_id"] != before["hook_id"]


def test_who_may_not_read_the_key_sees_all_but_secrets(
    run: Run, stack: Deploy, moto: MotoServer
) -> None:
    outputs = stack()
    create(run)
    moto.boto("secretsmanager").delete_secret(
        SecretId=outputs["CatsFunctionEndpointsKey"], ForceDeleteWithoutRecovery=True
    )

    done = good(run("endpoints", "show", "--stack", "prod", "--name", "Pepper"))

    assert "warning: secrets are left out: there is no secret arn:aws" in done.stderr
    assert 'greeting  text-input    optional  endpoint  "Miau {{x}}"' in done.stdout
    assert "api_key   secret-input  required  not set" in done.stdout
    good(run("endpoints", "disable", "--stack", "prod", "--name", "Pepper"))
    for command in ("rotate", "edit"):
        done = run(
            *("endpoints", command, "--stack", "prod", "--name", "Pepper"),
            *(["--file", "-"] if command == "edit" else []),
            stdin=b"greeting: a",
        )
        assert (done.code, done.stderr.startswith("error: there is no secret arn:aws")) == (1, True)


def test_a_stack_that_can_t_be_used(run: Run, stack: Deploy, moto: MotoServer) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        done = run("endpoints", "list", *arguments)
        return done.code, done.stderr

    assert said("--stack", "nope") == (
        2,
        "error: there is no stack nope in eu-central-1\n"
        "  hint: is it in another region or account? --region, --profile\n",
    )
    moto.boto("cloudformation").create_stack(
        StackName="plain", TemplateBody='{"Resources": {"A": {"Type": "AWS::SNS::Topic"}}}'
    )
    assert said("--stack", "plain") == (
        2,
        "error: the stack plain has no function with managed endpoints\n"
        '  hint: set endpoints = "managed" in packager.toml, build, and deploy it\n',
    )
    for text, message in (
        ("[", "error: what stack bad declares of its endpoints can't be read\n"),
        ("{}", "error: stack bad declares its endpoints in the format None, and this packager"),
        ('{"format": 1}', "error: what stack bad declares of its endpoints can't be read\n"),
    ):
        topic = {"Type": "AWS::SNS::Topic", "Metadata": {"PackagerEndpoints": text}}
        body = json.dumps({"Resources": {"A": topic}})
        moto.boto("cloudformation").create_stack(StackName="bad", TemplateBody=body)
        code, stderr = said("--stack", "bad")
        assert (code, stderr.startswith(message)) == (1, True), stderr
        moto.boto("cloudformation").delete_stack(StackName="bad")
    stack('endpoints_store = "file"\n')
    assert said("--stack", "prod")[1].startswith(
        "error: the endpoints of CatsFunction in stack prod are in a file of its own"
    )


def test_a_stack_that_holds_it_as_an_application(run: Run, stack: Deploy, moto: MotoServer) -> None:
    stack()
    client, s3 = moto.boto("cloudformation"), moto.boto("s3")
    inner = client.get_template(StackName="prod")["TemplateBody"]
    place = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration=place)
    s3.put_object(Bucket="templates", Key="inner.json", Body=json.dumps(inner).encode())
    url = "https://templates.s3.amazonaws.com/inner.json"
    application = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    client.create_stack(
        StackName="outer", TemplateBody=json.dumps({"Resources": {"Cats": application}})
    )

    facts = create(run, stack="outer")

    listed = json.loads(run("endpoints", "list", "--stack", "outer", "--format", "json").stdout)
    assert [(each["hook_id"], each["served"]) for each in listed["endpoints"]] == [
        (facts["hook_id"], True)
    ]
    assert run("endpoints", "list", "--stack", "prod").stdout == ""  # another table


def test_a_template_in_yaml_with_short_forms(run: Run, moto: MotoServer, stack: Deploy) -> None:
    stack()
    client = moto.boto("cloudformation")
    body = client.get_template(StackName="prod")["TemplateBody"]
    declared = body["Resources"]["CatsFunction"]["Metadata"]["PackagerEndpoints"]
    outputs = {
        **{"CatsUrl": "https://a.example.com/", "CatsFunctionEndpoints": "t"},
        "CatsFunctionEndpointsKey": "k",
    }
    text = (
        "Resources:\n  CatsFunction:\n    Type: AWS::SNS::Topic\n"
        "    Properties:\n      DisplayName: !Sub 'a-${AWS::StackName}'\n"
        f"    Metadata:\n      PackagerEndpoints: {json.dumps(declared)}\nOutputs:\n"
        + "".join(f"  {name}:\n    Value: {value}\n" for name, value in outputs.items())
    )
    client.create_stack(StackName="yaml", TemplateBody=text)

    done = run("endpoints", "list", "--stack", "yaml")

    assert (done.code, "error: table t can't be read: ResourceNotFound" in done.stderr) == (1, True)


@pytest.mark.parametrize("without", ["credentials", "region", "profile"])
def test_aws_that_cant_be_asked(
    run: Run, moto: MotoServer, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    options: list[str] = []
    if without == "credentials":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        said = "error: the stack prod can't be read: no AWS credentials were found\n  hint: sign in"
    elif without == "region":
        monkeypatch.delenv("AWS_REGION")
        said = "error: no AWS region is chosen\n  hint: say which: --region eu-west-1"
    else:
        options = ["--profile", "nobody"]
        said = "error: AWS: The config profile (nobody) could not be found"

    done = run("endpoints", "list", "--stack", "prod", *options)

    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith(said)


def test_plugin_and_stack_exclude_each_other(run: Run, plugin: Path) -> None:
    done = run("endpoints", "list", plugin, "--stack", "prod")

    assert (done.code, done.stderr) == (
        2,
        "error: PLUGIN is for endpoints of this machine, --stack for those of a stack\n"
        "  hint: leave out one of them\n",
    )


def test_a_folder_without_a_plugin(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = run("endpoints", "list")

    assert (done.code, done.stderr) == (
        2,
        "error: there is no plugin in the folder you are in\n"
        "  hint: name a plugin for the endpoints of this machine, or a deployed function's stack: "
        "--stack NAME\n",
    )


def test_values_are_no_options() -> None:
    from packager.cli.endpoints.commands import endpoints

    options = {
        option
        for command in endpoints.commands.values()
        for parameter in command.params
        for option in parameter.opts
    }
    assert options == {
        *("plugin", "--stack", "--group", "--profile", "--region", "--name", "--id", "--format"),
        *("--file", "--root", "--disabled", "--language", "--unset", "--rename", "--yes", "--all"),
        *("--update", "--with-secrets"),
    }
