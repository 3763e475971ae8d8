"""Credentials that are not in the environment, renewed before they expire.

Where Lambda can't give them there (SnapStart) they are at a container endpoint ("Container
credential provider", AWS SDKs reference). Any other source is boto3's: it is asked, and the log
says so.
"""

from __future__ import annotations

from os import environ
from time import time

from endpoint_runtime import process
from endpoint_runtime.aws.errors import AwsError
from endpoint_runtime.aws.sigv4 import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RENEW = 900.0  # s before the end of their life that credentials are renewed
_RETRY = 60.0  # s until a renewal that failed is tried again, while the old ones live
_RELATIVE_HOST = "http://169.254.170.2"
# Besides 127.0.0.0/8, what may be asked without TLS (as botocore allows).
_PLAIN_HOSTS = ("localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23")


class OtherCredentials:
    """Credentials of a container endpoint or of boto3's, for any number of threads."""

    def __init__(self) -> None:
        self._fetched: Credentials | None = None
        self._renew_at = 0.0
        self._session: Any = None  # boto3's credentials, which renew themselves

    def get(self, limit: float) -> Credentials:
        """Return credentials that are valid now; `limit` (s since the epoch) ends a fetch of them.

        Raises AwsError (`NoCredentials`) where there are none, or they can't be had.
        """
        url = _container_url()
        if url is None:
            return self._from_boto3()
        held = self._fetched
        now = time()
        if held is not None and now < self._renew_at:
            return held
        try:
            fetched = _fetch(url, limit)
        except AwsError as error:
            if held is None or held.expires is None or held.expires <= now:
                raise
            from endpoint_runtime.logs.report import log

            log("WARN", f"AWS credentials could not be renewed, the old ones stay in use: {error}")
            self._renew_at = now + _RETRY
            return held
        process.add_secret(fetched.secret_key)
        process.add_secret(fetched.token)
        self._fetched = fetched
        life = (fetched.expires or now + 2 * _RENEW) - now
        # Credentials of a short life are used for half of it, not fetched for every call.
        self._renew_at = now + max(life - _RENEW, life / 2)
        return fetched

    def forget(self) -> None:
        """Have the next call fetch again."""
        self._fetched = None

    def _from_boto3(self) -> Credentials:
        if self._session is None:
            try:
                import boto3
            except ImportError:
                raise AwsError(
                    "NoCredentials",
                    "no AWS credentials in the environment nor at a container endpoint (and there"
                    " is no boto3 that could look elsewhere)",
                ) from None
            from endpoint_runtime.logs.report import log

            log(
                "WARN",
                "no AWS credentials in the environment nor at a container endpoint: boto3 looks"
                " for others, which takes time",
            )
            self._session = boto3.Session().get_credentials()
            if self._session is None:
                raise AwsError(
                    "NoCredentials", "no credentials, neither here nor where boto3 looks"
                )
        try:
            frozen = self._session.get_frozen_credentials()
        except Exception as error:  # botocore's own, of many kinds
            raise AwsError(
                "NoCredentials", f"boto3 can't renew the credentials: {error}"
            ) from error
        process.add_secret(frozen.secret_key)
        process.add_secret(frozen.token)
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "")


def _container_url() -> str | None:
    relative = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    if relative:
        return _RELATIVE_HOST + relative
    return environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") or None


def _fetch(url: str, limit: float) -> Credentials:
    """Ask the container endpoint."""
    from endpoint_runtime.aws.endpoints import split_url
    from endpoint_runtime.aws.transport import fetch
    from endpoint_runtime.json_codec import decode_json

    origin, _ = split_url(url)
    if not origin.tls and not _may_ask_plainly(origin.host):
        raise AwsError(
            "NoCredentials",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that may only be asked over https",
        )
    answer = fetch(url, _authorization(), limit)
    problem = f"the container endpoint answered {answer.status}"
    if answer.status == 200:
        try:
            found: Any = decode_json(answer.body)
            return Credentials(
                _text(found, "AccessKeyId"),
                _text(found, "SecretAccessKey"),
                found.get("Token") or "",
                _seconds(found["Expiration"]) if found.get("Expiration") else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            problem = "the container endpoint's answer holds no credentials"
    raise AwsError("NoCredentials", problem, answer.status, retryable=answer.status >= 500)


def _text(found: Any, name: str) -> str:
    value = found[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _may_ask_plainly(host: str) -> bool:
    if host in _PLAIN_HOSTS:
        return True
    numbers = host.split(".")
    return len(numbers) == 4 and numbers[0] == "127" and all(map(str.isdecimal, numbers))


def _authorization() -> dict[str, str]:
    path = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if path:
        try:
            with open(path, encoding="utf-8") as file:  # it is rewritten as it expires
                token = file.read()
        except OSError as error:
            raise AwsError(
                "NoCredentials", f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {error.strerror}"
            ) from None
    else:
        token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    if "\r" in token or "\n" in token:
        raise AwsError("NoCredentials", "the container endpoint's token has a line break in it")
    return {"Authorization": token} if token else {}


def _seconds(text: str) -> float:
    """Return the seconds since the epoch of `2015-08-30T12:36:00Z`; ValueError for another form."""
    if len(text) < 20 or text[-1] != "Z" or text[10] != "T":
        raise ValueError("no time in UTC")
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
    # Days since the epoch, by counting years from March, so that the leap day comes last.
    year -= month <= 2
    days = 365 * year + year // 4 - year // 100 + year // 400 - 719_468
    days += (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return float(((days * 24 + hour) * 60 + minute) * 60 + second)
