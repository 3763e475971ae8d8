"""What SAM takes for a function and its API, what of it the packager writes, and the merging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Properties that the packager decides, and the key that says how to change them.
OWNED_BY_FUNCTION = {
    "Architectures": "architecture",
    "AssumeRolePolicyDocument": None,
    "CodeUri": None,
    "Events": None,
    "Handler": None,
    "ImageConfig": None,
    "ImageUri": None,
    "InlineCode": None,
    "MemorySize": "memory",
    "PackageType": None,
    "Role": None,
    "Runtime": "runtime",
    "Timeout": "timeout",
}
OWNED_BY_API = {
    "BinaryMediaTypes": None,
    "DefinitionBody": None,
    "DefinitionUri": None,
    "MergeDefinitions": None,
    "Mode": None,
    "OpenApiVersion": None,
}
# Properties of AWS::Serverless::Function that `template` says for the function's role.
ROLE_PROPERTIES = ("Policies", "PermissionsBoundary", "RolePath")

# AWS SAM, "AWS::Serverless::Function", less the owned ones; a test holds them to SAM's own list.
FUNCTION_PROPERTIES = frozenset(
    {
        *("AutoPublishAlias", "AutoPublishAliasAllProperties", "AutoPublishCodeSha256"),
        *("CodeSigningConfigArn", "DeadLetterQueue", "DeploymentPreference", "Description"),
        *("Environment", "EphemeralStorage", "EventInvokeConfig", "FileSystemConfigs"),
        *("FunctionName", "FunctionUrlConfig", "KmsKeyArn", "Layers", "LoggingConfig"),
        *("PermissionsBoundary", "Policies", "PropagateTags", "ProvisionedConcurrencyConfig"),
        *("RecursiveLoop", "ReservedConcurrentExecutions", "RolePath", "RuntimeManagementConfig"),
        *("SnapStart", "SourceKMSKeyArn", "Tags", "TenancyConfig", "Tracing"),
        *("VersionDescription", "VpcConfig"),
    }
)
# AWS SAM, "AWS::Serverless::HttpApi" and "AWS::Serverless::Api", likewise.
API_PROPERTIES = {
    "http": frozenset(
        {
            *("AccessLogSettings", "Auth", "CorsConfiguration", "DefaultRouteSettings"),
            *("Description", "DisableExecuteApiEndpoint", "Domain", "FailOnWarnings", "Name"),
            *("PropagateTags", "RouteSettings", "StageName", "StageVariables", "Tags"),
        }
    ),
    "rest": frozenset(
        {
            *("AccessLogSetting", "AlwaysDeploy", "ApiKeySourceType", "Auth"),
            *("CacheClusterEnabled", "CacheClusterSize", "CanarySetting", "Cors", "Description"),
            *("DisableExecuteApiEndpoint", "Domain", "EndpointConfiguration", "FailOnWarnings"),
            *("GatewayResponses", "MethodSettings", "MinimumCompressionSize", "Models", "Name"),
            *("Policy", "PropagateTags", "StageName", "Tags", "TracingEnabled", "Variables"),
        }
    ),
}


def is_intrinsic(value: object) -> bool:
    """Say whether `value` is a CloudFormation function in its long form, such as `{"Ref": ...}`."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    return key in ("Ref", "Condition") or str(key).startswith("Fn::")


def merge(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Give `mine` with `theirs` laid over it, mapping by mapping; lists and the rest are replaced.

    The order of `mine` stays, what only `theirs` has follows.
    """
    merged = dict(mine)
    for key, new in theirs.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping) and not is_intrinsic(new):
            merged[key] = merge(old, new)
        else:
            merged[key] = new
    return merged
