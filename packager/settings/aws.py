"""Reads and writes parameters and secrets for this machine's user, with boto3."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from packager.dataclass import dataclass
from packager.errors import PackagerError

_PER_CALL = 10  # names that GetParameters takes
_MISSING = ("ParameterNotFound", "ResourceNotFoundException", "ParameterVersionNotFound")
_CREDENTIALS = (
    *("ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException"),
    *("InvalidClientTokenId", "InvalidSignatureException", "IncompleteSignature"),
)
_SIGN_IN = (
    "sign in to AWS (`aws sso login`, `aws configure`), or choose a profile: AWS_PROFILE=NAME"
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as it is: its text, which nothing shows, and its type."""

    value: str
    type: str

    def __repr__(self) -> str:
        return f"Parameter(type={self.type!r})"


class Aws:
    """Parameters and secrets of one account and region, as boto3 finds them."""

    def __init__(self, profile: str | None = None, region: str | None = None) -> None:
        """Raises `PackagerError` where there is no such profile, or no region."""
        import boto3
        from botocore.exceptions import BotoCoreError

        try:
            self._session: Any = boto3.Session(
                profile_name=profile, region_name=region or os.environ.get("AWS_REGION")
            )
        except BotoCoreError as error:
            raise PackagerError(f"AWS: {error}", hint=_SIGN_IN) from error
        if not self._session.region_name:
            raise PackagerError(
                "no AWS region is chosen",
                hint="say which: --region eu-west-1, AWS_REGION, or `aws configure`",
            )
        self._clients: dict[str, Any] = {}
        self._marked: set[str] = set()  # secrets that may be restored

    @property
    def region(self) -> str:
        """The region that is asked."""
        return str(self._session.region_name)

    def credentials(self) -> dict[str, str]:
        """Return the credentials and the region as environment variables."""
        from botocore.exceptions import NoCredentialsError

        found = self._session.get_credentials()
        if found is None:
            raise NoCredentialsError
        frozen = found.get_frozen_credentials()
        variables = {
            "AWS_ACCESS_KEY_ID": frozen.access_key,
            "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
            "AWS_SESSION_TOKEN": frozen.token,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }
        return {name: value for name, value in variables.items() if value}

    def parameters(self, names: Sequence[str]) -> dict[str, Parameter]:
        """Return the parameters that there are, by the name that was asked for."""
        found: dict[str, Parameter] = {}
        for batch in _batches(names):
            with explained(f"parameters {', '.join(batch)} can't be read"):
                answer = self.client("ssm").get_parameters(Names=batch, WithDecryption=True)
            by_name = {
                named: Parameter(each["Value"], each["Type"])
                for each in answer["Parameters"]
                for named in (each["Name"], each.get("ARN"))
            }
            found |= {name: by_name[_base(name)] for name in batch if _base(name) in by_name}
        return found

    def secret(self, name: str) -> str | bytes | None:
        """Return a secret's text, or its bytes if it has none; None if there is no such secret."""
        with explained(f"secret {name} can't be read"):
            try:
                answer = self.client("secretsmanager").get_secret_value(SecretId=name)
            except Exception as error:
                if _is_marked(error):
                    self._marked.add(name)
                elif error_code(error) not in _MISSING:
                    raise
                return None
        text: str | bytes = answer.get("SecretString", answer.get("SecretBinary", b""))
        return text

    def put_parameter(self, name: str, value: str, type_: str, key: str | None) -> None:
        """Write a parameter, new or over what it was; `key` encrypts a SecureString."""
        more = {"KeyId": key} if key and type_ == "SecureString" else {}
        with explained(f"parameter {name} can't be written", hidden=value):
            self.client("ssm").put_parameter(
                Name=name, Value=value, Type=type_, Overwrite=True, **more
            )

    def put_secret(self, name: str, text: str, *, new: bool, key: str | None) -> None:
        """Write a secret: make it, encrypted by `key`, or give it a new version.

        One that was found to be marked for deletion is restored.
        """
        with explained(f"secret {name} can't be written", hidden=text):
            client = self.client("secretsmanager")
            if new and name not in self._marked:
                more = {"KmsKeyId": key} if key else {}
                client.create_secret(Name=name, SecretString=text, **more)
                return
            if new:
                client.restore_secret(SecretId=name)
            client.put_secret_value(SecretId=name, SecretString=text)

    def delete_parameter(self, name: str) -> None:
        """Delete a parameter."""
        with explained(f"parameter {name} can't be deleted"):
            self.client("ssm").delete_parameter(Name=name)

    def delete_secret(self, name: str) -> None:
        """Mark a secret for deletion, which AWS does 30 days later."""
        with explained(f"secret {name} can't be deleted"):
            self.client("secretsmanager").delete_secret(SecretId=name)

    def client(self, service: str) -> Any:
        """Return boto3's client of a service. Its errors are to be `explained`."""
        if service not in self._clients:
            with explained(f"AWS's {service} can't be called"):
                self._clients[service] = self._session.client(service)
        return self._clients[service]


def credential_variables(profile: str | None = None) -> dict[str, str]:
    """Return the environment variables that hold the credentials boto3 finds, and the region.

    Raises `PackagerError` where it finds none.
    """
    aws = Aws(profile)
    with explained("credentials can't be handed on"):
        return aws.credentials()


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    """Divide names among calls; versions of one parameter go apart: answers name them alike."""
    rest = list(names)
    while rest:
        batch: list[str] = []
        for name in rest:
            if len(batch) < _PER_CALL and _base(name) not in map(_base, batch):
                batch.append(name)
        yield batch
        rest = [name for name in rest if name not in batch]


def _base(name: str) -> str:
    """Return a parameter's name or ARN without its version or label."""
    return ":".join(name.split(":")[:6]) if name.startswith("arn:") else name.partition(":")[0]


def error_code(error: Exception) -> str:
    """Return what AWS calls an error, `ThrottlingException` say; "" if AWS did not raise it."""
    response: Any = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _is_marked(error: Exception) -> bool:
    """Whether a secret is deleted, but might be restored: a function takes it for a missing one."""
    return error_code(error) == "InvalidRequestException" and "delet" in str(error)


@contextmanager
def explained(what: str, hidden: str = "") -> Iterator[None]:
    """Turn boto3's errors into `PackagerError`s, which say `what` can't be done.

    AWS may quote what it refuses: `hidden` is not shown.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except NoCredentialsError as error:
        raise PackagerError(f"{what}: no AWS credentials were found", hint=_SIGN_IN) from error
    except ClientError as error:
        code = error_code(error)
        message = _shown(str(error.response.get("Error", {}).get("Message", "")), hidden)
        hint = None
        if code in _CREDENTIALS:
            hint = _SIGN_IN
        elif "AccessDenied" in code:
            hint = "whoever runs this needs that permission, beside the function's role"
        raise PackagerError(f"{what}: {code}: {message}", hint=hint) from error
    except BotoCoreError as error:
        raise PackagerError(f"{what}: {_shown(str(error), hidden)}") from error


def _shown(message: str, hidden: str) -> str:
    for text in (hidden, repr(hidden)[1:-1]):
        message = message.replace(text, "***") if text else message
    return message or "AWS gave no message"
