"""The properties that `template` and `api_template` take, each with the shape of its value.

After AWS SAM's and CloudFormation's references of the resources ("AWS::Serverless::Function",
"AWS::Serverless::HttpApi", "AWS::Serverless::Api", and what SAM makes of them). Only what surely is
refused is told here: enumerations that AWS adds to are plain text. A test holds names and shapes to
SAM's models and CloudFormation's schemas.
"""

from __future__ import annotations

from collections.abc import Mapping

from packager.sam.shapes import (
    Shape,
    anything,
    arn,
    choice,
    either,
    items,
    mapping,
    number,
    scalar,
    table,
    text,
    truth,
)

# Lambda sets these itself ("Working with Lambda environment variables", reserved ones).
RESERVED_VARIABLES = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION"),
        *("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
_TEXTS = items(text())
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_CORS = {
    "AllowCredentials": truth(),
    "AllowHeaders": _TEXTS,
    "AllowMethods": _TEXTS,
    "AllowOrigins": _TEXTS,
    "ExposeHeaders": _TEXTS,
    "MaxAge": number(-1, 86400),
}
_DESTINATION = table({}, more=True)  # its Type is checked where the role is

FUNCTION: Mapping[str, Shape] = {
    "AutoPublishAlias": text(
        "letters, digits, - and _, not digits alone", r"(?!^[0-9]+$)[a-zA-Z0-9_-]{1,128}"
    ),
    "AutoPublishAliasAllProperties": truth(),
    "AutoPublishCodeSha256": text(),
    "CapacityProviderConfig": table(
        {
            "Arn": text(),
            "ExecutionEnvironmentMemoryGiBPerVCpu": number(whole=False),
            "PerExecutionEnvironmentMaxConcurrency": number(),
        },
        "Arn",
    ),
    "CodeSigningConfigArn": arn(),
    "DeadLetterQueue": _DESTINATION,
    "DeploymentPreference": table(
        {
            "Alarms": anything,
            "Enabled": truth(),
            "Hooks": table({"PreTraffic": text(), "PostTraffic": text()}),
            "PassthroughCondition": anything,
            "Role": text(),
            "TriggerConfigurations": items(
                table({"TriggerEvents": _TEXTS, "TriggerName": text(), "TriggerTargetArn": text()})
            ),
            "Type": text(),
        }
    ),
    "Description": text("text of at most 256 characters", r"(?s).{0,256}"),
    "Environment": table(
        {
            "Variables": mapping(
                scalar,
                r"[a-zA-Z][a-zA-Z0-9_]+",
                "a name of a letter and then one or more letters, digits and _",
            )
        }
    ),
    "DurableConfig": table(
        {
            "ExecutionTimeout": number(1, 31622400),
            "KMSKeyArn": arn(),
            "RetentionPeriodInDays": number(1, 90),
        },
        "ExecutionTimeout",
    ),
    "EphemeralStorage": table({"Size": number(512, 32768)}, "Size"),
    "EventInvokeConfig": table(
        {
            "DestinationConfig": table({"OnSuccess": _DESTINATION, "OnFailure": _DESTINATION}),
            "MaximumEventAgeInSeconds": number(60, 21600),
            "MaximumRetryAttempts": number(0, 2),
        }
    ),
    "FileSystemConfigs": items(
        table(
            {
                "Arn": arn(),
                "LocalMountPath": text("/mnt/ and a name", r"/mnt/[a-zA-Z0-9_.-]+"),
                "S3FilesConfig": table({"DirectS3Read": text()}),
            },
            *("Arn", "LocalMountPath"),
        )
    ),
    "FunctionName": text("1 to 64 letters, digits, - and _", r"[a-zA-Z0-9_-]{1,64}"),
    "FunctionUrlConfig": table(
        {
            "AuthType": choice("NONE", "AWS_IAM"),
            "Cors": table(_CORS | {"MaxAge": number(0, 86400)}),
            "InvokeMode": anything,  # refused with a better reason
        }
    ),
    "FunctionScalingConfig": table(
        {
            "MaxExecutionEnvironments": number(0, 15000),
            "MinExecutionEnvironments": number(0, 15000),
        }
    ),
    "KmsKeyArn": arn(),
    "Layers": items(
        text(
            "the ARN of a layer's version",
            r"arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9_-]+:[0-9]+",
        )
    ),
    "LoggingConfig": table(
        {
            "ApplicationLogLevel": choice(*_LEVELS),
            "LogFormat": choice("Text", "JSON"),
            "LogGroup": anything,  # refused with a better reason
            "SystemLogLevel": choice("DEBUG", "INFO", "WARN"),
        }
    ),
    "PermissionsBoundary": arn(),
    "Policies": anything,  # looked at where the role is
    "PropagateTags": truth(),
    "ProvisionedConcurrencyConfig": table(
        {"ProvisionedConcurrentExecutions": number(1)}, "ProvisionedConcurrentExecutions"
    ),
    "PublishToLatestPublished": truth(),
    "RecursiveLoop": choice("Allow", "Terminate"),
    "ReservedConcurrentExecutions": number(0),
    "RolePath": text("a path that starts and ends with /", r"/(.+/)*"),
    "RuntimeManagementConfig": table(
        {
            "RuntimeVersionArn": arn(),
            "UpdateRuntimeOn": choice("Auto", "FunctionUpdate", "Manual"),
        },
        "UpdateRuntimeOn",
    ),
    "SnapStart": table({"ApplyOn": choice("PublishedVersions", "None")}, "ApplyOn"),
    "SourceKMSKeyArn": arn(),
    "Tags": mapping(scalar),
    "TenancyConfig": table({"TenantIsolationMode": text()}, "TenantIsolationMode"),
    "Tracing": choice("Active", "PassThrough", "Disabled"),
    "VersionDeletionPolicy": either(truth(), text()),
    "VersionDescription": text(),
    "VpcConfig": table(
        {
            "Ipv6AllowedForDualStack": truth(),
            "SecurityGroupIds": items(text(), least=1),
            "SubnetIds": items(text(), least=1),
        },
        *("SubnetIds", "SecurityGroupIds"),
    ),
}
_DOMAIN = table(
    {"DomainName": text(), "CertificateArn": arn(), "BasePath": _TEXTS},
    *("DomainName", "CertificateArn"),
    more=True,
)
_STAGE_NAME = text("1 to 128 letters, digits, - and _", r"[a-zA-Z0-9_-]{1,128}")
_BOTH: Mapping[str, Shape] = {
    "Description": text(),
    "DisableExecuteApiEndpoint": truth(),
    "Domain": _DOMAIN,
    "FailOnWarnings": truth(),
    "Name": text("text of 1 to 128 characters", r".{1,128}"),
    "PropagateTags": truth(),
    "StageName": _STAGE_NAME,
    "Tags": mapping(scalar),
}
API: Mapping[str, Mapping[str, Shape]] = {
    "http": {
        **_BOTH,
        "AccessLogSettings": table(
            {"DestinationArn": text(), "Format": text()}, "DestinationArn", "Format"
        ),
        "Auth": table(
            {
                "Authorizers": mapping(table({}, more=True)),
                "DefaultAuthorizer": text(),
                "EnableIamAuthorizer": truth(),
            }
        ),
        "CorsConfiguration": either(truth(), table(_CORS)),
        "DefaultRouteSettings": table(
            {
                "DataTraceEnabled": truth(),
                "DetailedMetricsEnabled": truth(),
                "LoggingLevel": choice("ERROR", "INFO", "OFF"),
                "ThrottlingBurstLimit": number(0),
                "ThrottlingRateLimit": number(0, whole=False),
            }
        ),
        "RouteSettings": mapping(table({}, more=True)),
        "StageName": either(choice("$default"), _STAGE_NAME),
        "StageVariables": mapping(scalar),
    },
    "rest": {
        **_BOTH,
        "AccessLogSetting": table({"DestinationArn": text(), "Format": text()}),
        "AlwaysDeploy": truth(),
        "ApiKeySourceType": choice("AUTHORIZER", "HEADER"),
        "Auth": table(
            {
                "AddApiKeyRequiredToCorsPreflight": truth(),
                "AddDefaultAuthorizerToCorsPreflight": truth(),
                "ApiKeyRequired": truth(),
                "Authorizers": mapping(table({}, more=True)),
                "DefaultAuthorizer": text(),
                "InvokeRole": text(),
                "ResourcePolicy": table({}, more=True),
                "UsagePlan": table({}, more=True),
            }
        ),
        "CacheClusterEnabled": truth(),
        "CacheClusterSize": text(),
        "CanarySetting": table(
            {
                "DeploymentId": text(),
                "PercentTraffic": number(0, 100, whole=False),
                "StageVariableOverrides": mapping(scalar),
                "UseStageCache": truth(),
            }
        ),
        "Cors": either(text(), table({}, more=True)),
        "EndpointAccessMode": text(),
        "EndpointConfiguration": either(
            choice("EDGE", "REGIONAL", "PRIVATE"),
            table(
                {
                    "IpAddressType": text(),
                    "Type": choice("EDGE", "REGIONAL", "PRIVATE"),
                    "VPCEndpointIds": _TEXTS,
                }
            ),
        ),
        "GatewayResponses": mapping(table({}, more=True)),
        "MethodSettings": items(
            table(
                {
                    "CacheDataEncrypted": truth(),
                    "CacheTtlInSeconds": number(),
                    "CachingEnabled": truth(),
                    "DataTraceEnabled": truth(),
                    "HttpMethod": text(),
                    "LoggingLevel": text(),
                    "MetricsEnabled": truth(),
                    "ResourcePath": text(),
                    "ThrottlingBurstLimit": number(),
                    "ThrottlingRateLimit": number(whole=False),
                }
            )
        ),
        "MinimumCompressionSize": number(0, 10485760),
        "Models": mapping(table({}, more=True)),
        "Policy": table({}, more=True),
        "SecurityPolicy": text(),
        "TracingEnabled": truth(),
        "Variables": mapping(scalar),
    },
}
