"""Regions and hosts, beside the rule sets that botocore ships, for every region there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from endpoint_runtime.aws import endpoints
from endpoint_runtime.aws.errors import AwsError

SERVICES = {
    "ssm": ("GetParameters", {}),
    "secretsmanager": ("GetSecretValue", {}),
    "dynamodb": ("GetItem", {"TableName": "t"}),
    "sqs": ("SendMessage", {"QueueUrl": "https://q"}),
    "s3": ("GetObject", {"Bucket": "bucket", "Key": "k"}),
    "lambda": ("Invoke", {"FunctionName": "f"}),
    "bedrock-runtime": ("Converse", {"modelId": "m", "messages": []}),
}
SESSION: Any = botocore.session.Session()


def regions() -> list[str]:
    return [
        name
        for partition in SESSION.get_data("partitions")["partitions"]
        for name in partition["regions"]
        if not name.startswith("aws-")  # aws-global and the like are none
    ]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)


def botocores(service: str, *, fips: bool, dual: bool) -> Iterator[tuple[str, str]]:
    """The host of a service in each region that botocore gives it one for.

    A client for each takes 3 ms, which is more than all else: one is asked as that of each region.
    """
    operation, arguments = SERVICES[service]
    client = SESSION.create_client(
        service,
        region_name="us-east-1",
        config=Config(
            use_fips_endpoint=fips,
            use_dualstack_endpoint=dual,
            account_id_endpoint_mode="disabled",
            s3={"us_east_1_regional_endpoint": "regional"},
        ),
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    model = client.meta.service_model
    partitions = SESSION._get_internal_component("endpoint_resolver")
    kind = {"use_fips_endpoint": fips, "use_dualstack_endpoint": dual}
    rules = client._ruleset_resolver
    for region in regions():
        rules._builtins["AWS::Region"] = region
        try:
            partitions.construct_endpoint(model.endpoint_prefix, region, **kind)
            found = rules.construct_endpoint(model.operation_model(operation), arguments, {})
        except BotoCoreError:  # the partition has none
            continue
        yield region, found.url.removeprefix("https://")


@pytest.mark.parametrize("dual", [False, True])
@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("service", SERVICES)
def test_like_botocore(
    service: str, fips: bool, dual: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", str(fips).lower())
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", str(dual).lower())
    bucket = "bucket." if service == "s3" else ""

    theirs = dict(botocores(service, fips=fips, dual=dual))

    assert len(theirs) > 40
    assert {region: bucket + endpoints.host(service, region) for region in theirs} == theirs


def test_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert endpoints.region() == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    assert endpoints.region() == "cn-north-1"


def test_no_region() -> None:
    with pytest.raises(AwsError) as caught:
        endpoints.region()
    assert str(caught.value) == "NoRegion: no region is set: set AWS_REGION, as Lambda does"


@pytest.mark.parametrize("name", ["x.evil.example/", "eu west", "é"])
def test_a_region_is_part_of_a_host(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", name)
    with pytest.raises(AwsError, match="AWS_REGION is not a region's name"):
        endpoints.region()


def test_override(monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoints.override("s3") is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2")
    assert endpoints.override("s3") == "http://127.0.0.1:2"
    assert endpoints.override("secretsmanager") == "http://127.0.0.1:1"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert endpoints.override("s3") is None


@pytest.mark.parametrize("service", SERVICES)
def test_the_variable_of_a_service_is_botocores(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SESSION.get_service_model(service)
    variable = "AWS_ENDPOINT_URL_" + str(model.service_id).replace(" ", "_").upper()
    monkeypatch.setenv(variable, "https://own.example")
    assert endpoints.override(service) == "https://own.example"
