"""Finds the credentials to sign with: in the environment, where Lambda gives them, or elsewhere."""

from __future__ import annotations

from os import environ

from endpoint_runtime.aws.sigv4 import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from endpoint_runtime.aws.other_credentials import OtherCredentials


class CredentialSource:
    """The credentials of this process, for any number of threads."""

    def __init__(self) -> None:
        self._others: OtherCredentials | None = None

    def get(self, limit: float) -> Credentials:
        """Return credentials that are valid now; `limit` (s since the epoch) ends a fetch of them.

        Raises AwsError (`NoCredentials`) where there are none, or they can't be had.
        """
        access_key = environ.get("AWS_ACCESS_KEY_ID")
        secret_key = environ.get("AWS_SECRET_ACCESS_KEY")
        if access_key and secret_key:
            return Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN", ""))
        if self._others is None:
            from endpoint_runtime.aws.other_credentials import OtherCredentials

            self._others = OtherCredentials()
        return self._others.get(limit)

    def forget(self) -> None:
        """Have the next call fetch again: AWS refused these, or the process was restored."""
        if self._others is not None:
            self._others.forget()


source = CredentialSource()  # of all calls of this process
