"""Calls the operations of the services that speak AWS's JSON protocol.

Source: AWS, "AWS JSON 1.0 and 1.1 protocols" (Smithy): every call is a POST to `/` whose
X-Amz-Target names the operation; an error's document names its type.
"""

from __future__ import annotations

from endpoint_runtime.aws.endpoints import Request, region
from endpoint_runtime.aws.errors import AwsError
from endpoint_runtime.aws.signed_requests import endpoint, send
from endpoint_runtime.json_codec import decode_json, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from endpoint_runtime.aws.transport import Answer

# By service: the prefix of X-Amz-Target, and the protocol's version.
_PROTOCOLS = {
    "ssm": ("AmazonSSM", "1.1"),
    "secretsmanager": ("secretsmanager", "1.1"),
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "sqs": ("AmazonSQS", "1.0"),
}


class Client:
    """One service; for any number of threads."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._target, version = _PROTOCOLS[service]
        self._type = f"application/x-amz-json-{version}"

    def call(
        self, operation: str, payload: Mapping[str, Any], deadline: float | None = None
    ) -> dict[str, Any]:
        """Call an operation (`GetParameters`) with its input, and return its output.

        `deadline` is in seconds since the epoch. Raises AwsError.
        """
        place = region()
        origin, base = endpoint(self.service, place)
        headers = {
            "Content-Type": self._type,
            "X-Amz-Target": f"{self._target}.{operation}",
        }
        answer = send(
            Request(origin, "POST", f"{base}/", headers, encode_json(payload)),
            (place, self.service),
            deadline=deadline,
            operation=operation,
            error_of=_error_of,
        )
        try:
            output = decode_json(answer.body) if answer.body else {}
        except ValueError:
            output = None
        if not isinstance(output, dict):
            raise AwsError(
                "MalformedAnswer",
                "the answer is not a JSON object",
                answer.status,
                request_id=answer.request_id,
                operation=operation,
            )
        return output


def _error_of(answer: Answer) -> tuple[str, str, dict[str, Any]]:
    """Return an error's code, its message and its document."""
    try:
        document = decode_json(answer.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {}
    # `aws.protocols#ThrottlingException:http://...`, of which the name alone matters.
    kind = answer.headers.get("x-amzn-errortype") or document.get("__type") or document.get("code")
    code = str(kind or "").partition(":")[0].rpartition("#")[2]
    message = document.get("message") or document.get("Message") or ""
    return code, str(message), document
