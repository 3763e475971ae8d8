"""Sends signed requests to AWS's services, and sends them again where that may help.

Throttling, server errors and failed connections are retried with full jitter ("Exponential Backoff
And Jitter", AWS Architecture Blog), until they succeed, the attempts are used up or the time is.
"""

from __future__ import annotations

import os
from time import sleep, time

from endpoint_runtime.aws import endpoints, sigv4, transport
from endpoint_runtime.aws.credentials import source
from endpoint_runtime.aws.errors import AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from endpoint_runtime.aws.endpoints import Origin, Request
    from endpoint_runtime.aws.transport import Answer

_ATTEMPTS = 8
_FIRST_DELAY = 0.1  # s, at most, before the second attempt; it doubles with each
_MAX_DELAY = 2.0  # s
_TIME = 30.0  # s that a call without a deadline may take
_MARGIN = 0.5  # s that a call leaves before the deadline, or half of what is left if that is less
_RETRIED_STATUSES = frozenset((429, 500, 502, 503, 504))
# Errors that pass, whatever their status ("Retry behavior", AWS SDKs reference; DynamoDB's guide).
_RETRIED_CODES = frozenset(
    (
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"),
        *("RequestThrottledException", "TooManyRequestsException", "TooManyUpdates", "SlowDown"),
        *("ProvisionedThroughputExceededException", "RequestLimitExceeded"),
        *("PriorRequestNotComplete", "BandwidthLimitExceeded", "LimitExceededException"),
        *("TransactionInProgressException", "TransactionConflictException"),
        *("RequestTimeout", "RequestTimeoutException", "InternalServerError", "InternalError"),
        *("InternalServiceError", "ServiceUnavailable"),
    )
)
_EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException", "RequestExpired"))


def send(
    request: Request,
    scope: tuple[str, str],
    *,
    deadline: float | None,
    operation: str,
    error_of: Callable[[Answer], tuple[str, str, dict[str, Any]]],
) -> Answer:
    """Send a request until it succeeds, and return the answer, whose status is 2xx.

    `scope` is the region and the service; `error_of` reads code, message and document of an error's
    answer; `deadline` is in seconds since the epoch. Raises AwsError.
    """
    limit = _limit(deadline)
    body_hash = sigv4.payload_hash(request.body)
    attempts = 0
    renewed = False
    while True:
        attempts += 1
        try:
            credentials = source.get(limit)
            signed = sigv4.sign(request, body_hash, credentials, scope, sigv4.timestamp(time()))
            answer = transport.exchange(request, signed, limit)
        except AwsError as failure:
            error, wait = failure, None
            error.operation = error.operation or operation
        else:
            if 200 <= answer.status < 300:
                return answer
            error, wait = _error(answer, operation, error_of), _asked_for(answer)
            if error.code in _EXPIRED and not renewed:
                renewed = True
                source.forget()
                if source.get(limit).access_key != credentials.access_key:
                    continue
        if not error.retryable or attempts == _ATTEMPTS:
            raise error
        delay = _delay(attempts) if wait is None else wait
        if time() + delay >= limit:
            raise error
        sleep(delay)


def endpoint(service: str, region: str) -> tuple[Origin, str]:
    """Return where a service is reached, and the path that goes before all others ("" mostly)."""
    url = endpoints.override(service)
    if url is None:
        return endpoints.Origin(endpoints.host(service, region)), ""
    origin, path = endpoints.split_url(url)
    return origin, path.rstrip("/")


def forget() -> None:
    """Drop connections, what they trust, and credentials."""
    source.forget()
    transport.forget()


def _limit(deadline: float | None) -> float:
    """Return when a call ends, in seconds since the epoch."""
    now = time()
    if deadline is None:
        return now + _TIME
    return deadline - min(_MARGIN, max(deadline - now, 0) / 2)


def _error(
    answer: Answer,
    operation: str,
    error_of: Callable[[Answer], tuple[str, str, dict[str, Any]]],
) -> AwsError:
    code, message, details = error_of(answer)
    return AwsError(
        code or f"Status{answer.status}",
        message or "AWS gave no message",
        answer.status,
        retryable=answer.status in _RETRIED_STATUSES or code in _RETRIED_CODES,
        request_id=answer.request_id,
        operation=operation,
        details=details,
    )


def _delay(attempts: int) -> float:
    """Return a random delay (s), as `random` would, whose import costs a cold start."""
    most: float = min(_FIRST_DELAY * 2 ** (attempts - 1), _MAX_DELAY)
    return most * int.from_bytes(os.urandom(4), "big") / 2**32


def _asked_for(answer: Answer) -> float | None:
    """Return the delay (s) that an answer asks for, if it does."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None
