"""What roles allow for parameters, secrets and their key, as SAM's translator makes it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest

from packager.errors import Diagnostics
from packager.model.options import SecretSource, SsmSource
from packager.sam.checks.template import check_template
from packager.sam.template import render_template
from tests.support.template_builders import make_plan, make_setting, of_type, translate

PARAMETER = {"Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/a/b"}
SECRETS = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
LAYER = "arn:aws:lambda:eu-west-1:015030872274:layer:AWS-Parameters-and-Secrets-Lambda-Extension:11"


def statements(**options: Any) -> list[Any]:
    """The statements of a function's role, less the one for its log group."""
    plan = make_plan(declared=[make_setting("s"), make_setting("t")], **options)
    role = of_type(translate(render_template([plan])), "AWS::IAM::Role")["NekoRole"]
    first, *rest = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert first["Action"][0] == "logs:CreateLogStream"
    return [*rest]


def allow(*actions: str, on: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def test_nothing_is_allowed_that_nothing_names() -> None:
    assert statements(kms_key="alias/neko") == []


def test_parameters() -> None:
    assert statements(
        settings={"s": SsmSource("/a/b:3"), "t": SsmSource("/a/b")},
        settings_from=SsmSource("plain"),
    ) == [
        allow(
            "ssm:GetParameters",
            on=[PARAMETER, {"Fn::Sub": PARAMETER["Fn::Sub"].replace("a/b", "plain")}],
        )
    ]


def test_parameters_of_others() -> None:
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/x"

    assert statements(settings={"s": SsmSource(arn + ":2"), "t": SsmSource("/aws/service/x")}) == [
        allow(
            "ssm:GetParameters",
            on=[
                arn,
                {"Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}::parameter/aws/service/x"},
            ],
        )
    ]


def test_the_keys_of_apps() -> None:
    assert statements(settings={"s": SsmSource("/a/b")}, apps={"*": SecretSource("neko", "k")}) == [
        allow("ssm:GetParameters", on=[PARAMETER]),
        allow("secretsmanager:GetSecretValue", on=[{"Fn::Sub": SECRETS + "neko-??????"}]),
    ]


def test_one_secret_needs_no_wildcard() -> None:
    assert statements(
        settings={"s": SecretSource("neko", "a"), "t": SecretSource("neko", "b")}
    ) == [allow("secretsmanager:GetSecretValue", on=[{"Fn::Sub": SECRETS + "neko-??????"}])]


def test_several_secrets_by_name_and_arn() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:other"

    assert statements(
        settings={"s": SecretSource(arn + "-a1B2c3"), "t": SecretSource(arn, "b")},
        settings_from=SecretSource("neko"),
    ) == [
        allow(
            "secretsmanager:GetSecretValue",
            on=[arn + "-a1B2c3", arn + "-??????", {"Fn::Sub": SECRETS + "neko-??????"}],
        ),
        allow("secretsmanager:BatchGetSecretValue", on="*"),
    ]


def test_the_extension_reads_parameters_one_by_one() -> None:
    assert statements(settings={"s": SsmSource("/a/b")}, template={"Layers": [LAYER]}) == [
        allow("ssm:GetParameters", "ssm:GetParameter", on=[PARAMETER])
    ]


@pytest.mark.parametrize(
    "layers", [[LAYER], ["arn:aws:lambda:eu-west-1:123456789012:layer:fonts:3"]]
)
def test_the_extensions_port_is_said_where_it_is(layers: list[str]) -> None:
    port = {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "2773"}
    for settings in ({"s": SsmSource("/a/b")}, {}):
        plan = make_plan(
            declared=[make_setting("s")], settings=settings, template={"Layers": layers}
        )
        function = of_type(translate(render_template([plan])), "AWS::Lambda::Function")
        variables = function["NekoFunction"].get("Environment", {}).get("Variables", {})
        assert (port.items() <= variables.items()) == (layers == [LAYER] and bool(settings))


def test_a_port_of_ones_own_stays() -> None:
    template = {
        "Layers": [LAYER],
        "Environment": {"Variables": {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "4000"}},
    }
    plan = make_plan(
        declared=[make_setting("s")], settings={"s": SsmSource("/a/b")}, template=template
    )
    function = of_type(translate(render_template([plan])), "AWS::Lambda::Function")
    variables = function["NekoFunction"]["Environment"]["Variables"]
    assert variables["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"] == "4000"


@pytest.mark.parametrize(
    ("kms_key", "resource", "alias"),
    [
        (
            "alias/neko",
            {"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*"},
            "alias/neko",
        ),
        (
            "arn:aws:kms:eu-west-1:123456789012:alias/a/b",
            "arn:aws:kms:eu-west-1:123456789012:key/*",
            "alias/a/b",
        ),
        (
            "mrk-0a1b",
            {"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/mrk-0a1b"},
            None,
        ),
        (
            "arn:aws:kms:eu-west-1:123456789012:key/0a1b",
            "arn:aws:kms:eu-west-1:123456789012:key/0a1b",
            None,
        ),
    ],
)
def test_a_key_decrypts_what_is_named_and_nothing_else(
    kms_key: str, resource: Any, alias: str | None
) -> None:
    _, _, for_parameters, for_secrets = statements(
        settings={"s": SsmSource("/a/b"), "t": SecretSource("neko")}, kms_key=kms_key
    )

    more = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}} if alias else {}
    assert for_parameters == {
        **allow("kms:Decrypt", on=resource),
        "Condition": {
            "StringLike": {
                "kms:ViaService": {"Fn::Sub": "ssm.${AWS::Region}.*"},
                "kms:EncryptionContext:PARAMETER_ARN": [PARAMETER],
            },
            **more,
        },
    }
    assert for_secrets == {
        **allow("kms:Decrypt", on=resource),
        "Condition": {
            "StringLike": {
                "kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.*"},
                "kms:EncryptionContext:SecretARN": [{"Fn::Sub": SECRETS + "neko-??????"}],
            },
            **more,
        },
    }


def arns_of_aws() -> list[str]:
    """The ARNs of three parameters, and of two secrets."""
    from moto import mock_aws

    with mock_aws():
        session = boto3.Session(
            region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        ssm, secrets = session.client("ssm"), session.client("secretsmanager")
        made = []
        for name in ("/a/b", "/a/bc", "plain"):
            ssm.put_parameter(Name=name, Value="v", Type="String")
            made.append(ssm.get_parameter(Name=name)["Parameter"]["ARN"])
        made += [secrets.create_secret(Name=name)["ARN"] for name in ("prod/neko", "prod/neko-too")]
    return made


def test_the_arns_are_those_that_aws_makes() -> None:
    made = arns_of_aws()
    allowed = statements(
        settings={"s": SsmSource("/a/b"), "t": SsmSource("plain")},
        settings_from=SecretSource("prod/neko"),
    )

    patterns = [
        each["Fn::Sub"]
        .replace("${AWS::Partition}", "aws")
        .replace("${AWS::Region}", "eu-west-1")
        .replace("${AWS::AccountId}", "123456789012")
        for statement in allowed
        for each in statement["Resource"]
    ]
    matched = [arn for arn in made if any(fnmatchcase(arn, pattern) for pattern in patterns)]
    assert matched == [made[0], made[2], made[3]]


def faults_of(number: int, **options: Any) -> list[str]:
    names = [f"setting_{each:02}" for each in range(number)]
    plan = make_plan(
        declared=[make_setting(name) for name in names],
        settings={name: SsmSource(f"/a/long/path/to/settings/of/{name}") for name in names},
        **options,
    )
    diagnostics = Diagnostics()
    check_template([plan], diagnostics)
    return [each.message for each in diagnostics.errors]


def test_a_role_that_is_too_long_is_said_before_iam_does() -> None:
    assert faults_of(60) == []
    (message,) = faults_of(60, kms_key="alias/neko")
    assert message.startswith("the function's role would have policies of 1")
    assert message.endswith(" characters; IAM takes 10240")
