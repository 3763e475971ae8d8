"""Writes what a role needs to read the parameters and secrets that its function names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from packager.model.options import Options, SecretSource, SsmSource
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import aws_sources
from packager.sam.document import Intrinsic, sub
from packager.sam.resources import allow

# A secret's ARN ends in a hyphen and six characters that nobody can foretell ("Secrets Manager
# secret ARN"): a policy that names a secret without them has a wildcard in their place.
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
_ANY_SUFFIX = "-??????"
_KEY_ID = re.compile(r"(arn:[^:]*:kms:[^:]*:[^:]*:)?(?:(alias)/|key/)?(.*)")

# Names of the layers of AWS's extension that keeps values at hand start so ("AWS Parameters and
# Secrets Lambda Extension ARNs").
_LAYER = ":layer:AWS-Parameters-and-Secrets-Lambda-Extension"


def settings_statements(plan: FunctionPlan) -> list[dict[str, Any]]:
    """Return the statements for the parameters and secrets of `plan`, and for the key around them.

    A value that AWS's own keys encrypt needs none for the key: whoever may read it, may decrypt it.
    """
    parameters = _unique(
        _parameter_arn(source.name) for source in aws_sources(plan) if isinstance(source, SsmSource)
    )
    secrets = _unique(
        _secret_arn(source.name) for source in aws_sources(plan) if isinstance(source, SecretSource)
    )
    statements = []
    if parameters:
        # The extension asks for one at a time, the runtime for all at once.
        single = ["ssm:GetParameter"] if has_extension(plan.options) else []
        statements.append(allow(["ssm:GetParameters", *single], parameters))
    if secrets:
        statements.append(allow(["secretsmanager:GetSecretValue"], secrets))
    if len(secrets) > 1:
        # It takes no narrower resource; the secrets themselves are those of the statement above.
        statements.append(allow(["secretsmanager:BatchGetSecretValue"], "*"))
    key = plan.options.kms_key
    if key and parameters:
        statements.append(decrypt_statement(key, "ssm", "PARAMETER_ARN", parameters))
    if key and secrets:
        statements.append(decrypt_statement(key, "secretsmanager", "SecretARN", secrets))
    return statements


def _parameter_arn(name: str) -> str | Intrinsic:
    """Return the ARN of a parameter, without version or label."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:6])
    path = name.partition(":")[0].removeprefix("/")
    # AWS's own, public parameters belong to no account.
    account = "" if path.startswith("aws/") else "${AWS::AccountId}"
    return sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:{account}:parameter/{path}")


def _secret_arn(name: str) -> str | Intrinsic:
    if name.startswith("arn:"):
        return name if _SUFFIX.search(name) else name + _ANY_SUFFIX
    arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
    return sub(arn + name + _ANY_SUFFIX)


def decrypt_statement(
    key: str, service: str, context: str, arns: Sequence[str | Intrinsic]
) -> dict[str, Any]:
    """Allow to decrypt with `key` what `service` keeps under `arns`, and only through it.

    The encryption contexts are those of the pages "How Parameter Store uses AWS KMS" and "Secret
    encryption and decryption in AWS Secrets Manager".
    """
    match = _KEY_ID.fullmatch(key)
    prefix, alias, name = match.groups() if match else (None, None, key)
    own = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:"
    text = f"{prefix or own}key/{'*' if alias else name}"
    statement = allow(["kms:Decrypt"], text if prefix else sub(text))
    statement["Condition"] = {
        # The name ends in the partition's domain.
        "StringLike": {
            "kms:ViaService": sub(f"{service}.${{AWS::Region}}.*"),
            f"kms:EncryptionContext:{context}": list(arns),
        }
    }
    if alias:  # a policy can't name an alias as the key ("Use aliases to control access")
        condition = {"kms:ResourceAliases": f"alias/{name}"}
        statement["Condition"]["ForAnyValue:StringEquals"] = condition
    return statement


def _unique(arns: Any) -> list[str | Intrinsic]:
    return list(dict.fromkeys(arns))


def has_extension(options: Options) -> bool:
    """Return whether `template.Layers` names a layer of AWS's Parameters and Secrets extension."""
    layers = options.template.get("Layers")
    return any(_LAYER in str(layer) for layer in (layers if isinstance(layers, list) else ()))
