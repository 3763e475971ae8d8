"""References to parameters and secrets: what they may say, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from packager.config.keys import KEYS
from packager.config.refused import InvalidValue
from packager.config.sources import read_reference, ssm_name
from packager.model.options import AwsSource, SecretSource, SsmSource

PARAMETER_ARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/neko/key"
SECRET_ARN = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:neko/key-a1B2c3"


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ({"ssm": "/neko/key"}, SsmSource("/neko/key")),
        ({"ssm": "key"}, SsmSource("key")),
        ({"ssm": "/neko/key:3"}, SsmSource("/neko/key:3")),
        ({"ssm": "/neko/key:live"}, SsmSource("/neko/key:live")),
        ({"ssm": PARAMETER_ARN}, SsmSource(PARAMETER_ARN)),
        ({"ssm": PARAMETER_ARN + ":3"}, SsmSource(PARAMETER_ARN + ":3")),
        ({"secret": "neko"}, SecretSource("neko")),
        (
            {"secret": "prod/neko_+=.@-x", "key": "api key"},
            SecretSource("prod/neko_+=.@-x", "api key"),
        ),
        ({"secret": "rds!db-1", "key": "password"}, SecretSource("rds!db-1", "password")),
        ({"key": "k", "secret": SECRET_ARN}, SecretSource(SECRET_ARN, "k")),
    ],
)
def test_references(written: dict[str, Any], source: AwsSource) -> None:
    assert read_reference(written) == source


NAME = "expected the name of a parameter, such as /neko/api_key or /neko/api_key:3, or its ARN"
SECRET = "expected the name of a secret (letters, digits and /_+=.@-), or its ARN"
LONG = "expected a name of at most 15 levels and 1011 characters"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            {"ssm": "neko/key"},
            "expected the name of a parameter, which starts with a slash: /neko/key",
        ),
        ({"ssm": ""}, NAME),
        ({"ssm": 5}, NAME),
        ({"ssm": "/neko/k y"}, NAME),
        ({"ssm": "/neko/"}, NAME),
        ({"ssm": "/neko/key:"}, NAME),
        ({"ssm": "/neko\n"}, NAME),
        ({"ssm": "arn:aws:ssm:eu-west-1:1:parameter/x"}, NAME),
        ({"ssm": "/a" * 16}, LONG),
        ({"ssm": "/" + "a" * 1011}, LONG),
        ({"ssm": "/x", "key": "k"}, 'expected {ssm = "/name"} alone, not with key'),
        ({"ssm": "/x", "env": "NAME"}, 'expected {env = "NAME"} alone, not with ssm'),
        (
            {"ssm": "/aws/reference/secretsmanager/neko"},
            'a secret is read from Secrets Manager itself; expected {secret = "neko"}',
        ),
        ({"secret": "ne ko"}, SECRET),
        ({"secret": "a" * 513}, SECRET),
        ({"secret": "neko", "key": ""}, "expected a key of the secret's JSON, not ''"),
        ({"secret": "neko", "key": 1}, "expected a key of the secret's JSON, not 1"),
        (
            {"secret": "neko", "stage": "x"},
            'expected {secret = "name", key = "k"} alone, not with stage',
        ),
        (
            "s3cr3t",
            'expected a source, {ssm = "/name"}, {secret = "name", key = "k"} or {env = "NAME"}, '
            "not 's3cr3t'",
        ),
    ],
)
def test_refused_references(written: object, message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_reference(written)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("settings_from", {"ssm": "/neko"}, SsmSource("/neko")),
        ("settings_from", {"secret": "neko"}, SecretSource("neko")),
        ("settings_ttl", 0, 0),
        ("settings_ttl", 86400, 86400),
        ("kms_key", "alias/neko", "alias/neko"),
        ("kms_key", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"),
        (
            "kms_key",
            "arn:aws:kms:eu-west-1:123456789012:alias/neko",
            "arn:aws:kms:eu-west-1:123456789012:alias/neko",
        ),
    ],
)
def test_keys(key: str, written: object, value: object) -> None:
    assert KEYS[key].read(written) == value


@pytest.mark.parametrize(
    ("key", "written", "message"),
    [
        ("settings_from", {"env": "DOCUMENT"}, "a table"),
        ("settings_from", {"secret": "neko", "key": "k"}, "one with env or key"),
        ("settings_from", "neko", "'neko'"),
        ("settings_ttl", -1, "-1"),
        ("settings_ttl", True, "true"),
        ("kms_key", "arn:aws:s3:::bucket", "'arn:aws:s3:::bucket'"),
    ],
)
def test_refused_keys(key: str, written: object, message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        KEYS[key].read(written)
    assert str(refused.value) == message


def test_a_name_for_any_setting() -> None:
    assert ssm_name("neko", "api_key") == "/neko/api_key"
    assert read_reference({"ssm": ssm_name("größe x", "клю ч")}) == SsmSource("/gr_e_x/_")
