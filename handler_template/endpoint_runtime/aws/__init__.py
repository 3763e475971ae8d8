"""A light AWS client: what the runtime needs of SSM, Secrets Manager, DynamoDB, SQS and S3.

boto3 costs a cold start more than 100 ms; this costs a few, and loads nothing that a request does
not need. In use:

    from endpoint_runtime.aws import client

    answer = client("ssm").call("GetParameters", {"Names": ["/a"]}, deadline=deadline)

`client(service)` gives the client of `ssm`, `secretsmanager`, `dynamodb` or `sqs`, always the same
one; `call` takes the operation and its input as AWS's API reference has them, and gives the output
as plain JSON: binary values are base64 text, times are numbers. S3 is `endpoint_runtime.aws.s3`.

Whatever goes wrong raises `AwsError` (`code`, `message`, `status`, `retryable`, `request_id`), once
throttling, server errors and failed connections have been retried. `deadline` is the end of the
invocation in seconds since the epoch: calls, retries included, end a little before it, so that
there is time left for an answer; without one they end after 30 seconds.

Region, credentials, endpoints and CA bundle are those of the environment, as AWS's SDKs read it:
see `endpoints`, `credentials` and `roots`.
"""

from __future__ import annotations

from endpoint_runtime import process
from endpoint_runtime.aws.errors import AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from endpoint_runtime.aws.json_protocol import Client

__all__ = ["AwsError", "client", "forget"]

_clients: dict[str, Client] = {}


def client(service: str) -> Client:
    """Return the client of a service: `ssm`, `secretsmanager`, `dynamodb` or `sqs`."""
    found = _clients.get(service)
    if found is None:
        from endpoint_runtime.aws.json_protocol import Client  # calls of models need none

        found = _clients.setdefault(service, Client(service))
    return found


def forget() -> None:
    """Drop connections and credentials: a process restored from a snapshot has others."""
    from endpoint_runtime.aws import signed_requests

    signed_requests.forget()


process.forgetters.append(forget)
