"""Shapes of SAM's properties take what AWS's own schemas take, and refuse what these refuse."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from packager.sam.properties import OWNED_BY_API, OWNED_BY_FUNCTION
from packager.sam.property_shapes import API, FUNCTION
from packager.sam.shapes import Shape
from tests.support.sam_schema import fitting, misfitting, sam_properties

# What AWS's documentation says beyond the schemas: patterns, ends of ranges, choices.
STRICTER = {
    "function": {
        *("AutoPublishAlias", "EventInvokeConfig.MaximumEventAgeInSeconds"),
        *("FunctionUrlConfig.AuthType", "RolePath"),
    },
    "http": {"DefaultRouteSettings.LoggingLevel", "Domain.CertificateArn", "StageName"},
    "rest": {
        *("ApiKeySourceType", "Domain.CertificateArn", "StageName"),
        "EndpointConfiguration.Type",  # a text in SAM, whose model has CloudFormation's list
    },
}
LOOSER = {
    "function": {
        "DeadLetterQueue": "looked at where the role is",
        "DeploymentPreference.Alarms": "SAM makes a list of what is none",
        "DeploymentPreference.PassthroughCondition": "a condition, which templates have none of",
        "DeploymentPreference.TriggerConfigurations.0.TriggerEvents.0": "AWS adds to them",
        "FileSystemConfigs.0.S3FilesConfig.DirectS3Read": "AWS adds to them",
        "FunctionUrlConfig": "the packager states AuthType where it is not said",
        "LoggingConfig.LogGroup": "refused with a better reason",
        "TenancyConfig.TenantIsolationMode": "AWS adds to them",
        "VpcConfig.SecurityGroupIds.0": "a length that no id comes near",
        "VpcConfig.SubnetIds.0": "a length that no id comes near",
    },
    "http": {},
    "rest": {
        "Auth.ResourcePolicy": "not looked into",
        "Auth.UsagePlan": "not looked into",
    },
}
UNKNOWN = {
    "function": {"VersionDescription"},
    "http": {"RouteSettings", "StageVariables"},
    "rest": {"Policy"},
}
SHAPES: list[tuple[str, Mapping[str, Shape], Mapping[str, str | None]]] = [
    ("function", FUNCTION, OWNED_BY_FUNCTION),
    ("http", API["http"], OWNED_BY_API),
    ("rest", API["rest"], OWNED_BY_API),
]


def joined(name: str, path: str) -> str:
    return f"{name}.{path}".rstrip(".")


@pytest.mark.parametrize(("kind", "shapes", "owned"), SHAPES, ids=["function", "http", "rest"])
def test_shapes_are_those_of_aws(
    kind: str, shapes: Mapping[str, Shape], owned: Mapping[str, str | None]
) -> None:
    refused, taken, unknown = set(), set(), set()
    for name, schema in sam_properties(kind).items():
        if name in owned:
            continue
        right = [*fitting(schema)]
        refused |= {joined(name, path) for value in right for path, _ in shapes[name](value)}
        taken |= {
            joined(name, path) for path, value in misfitting(schema) if not [*shapes[name](value)]
        }
        unknown |= set() if right else {name}

    assert refused == STRICTER[kind]
    places = {
        path: next((at for at in LOOSER[kind] if path.startswith(at)), None) for path in taken
    }
    assert [path for path, place in places.items() if place is None] == []
    assert {*places.values()} == {*LOOSER[kind]}
    assert unknown == UNKNOWN[kind]
