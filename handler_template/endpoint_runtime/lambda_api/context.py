"""The context object a handler gets: attributes, methods and repr of the stock client's.

Source: AWS, "Using the Lambda context object to retrieve Python function information", and what
`awslambdaric` 4.2 gives (the W3C trace fields travel inside the client context).
"""

from os import environ
from time import time

_W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class _Record:
    """Named fields out of a JSON object; what is missing is None."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: dict[str, object]) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        fields = ",".join([f"{name}={getattr(self, name)}" for name in self.__slots__])
        return f"{type(self).__name__}([{fields}])"


class CognitoIdentity(_Record):
    """Who called, for callers of the mobile SDKs."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")
    cognito_identity_id: object
    cognito_identity_pool_id: object


class Client(_Record):
    """The mobile application that called."""

    __slots__ = (  # noqa: RUF023  # in the order of their repr
        "installation_id",
        "app_title",
        "app_version_name",
        "app_version_code",
        "app_package_name",
    )


class ClientContext(_Record):
    """What the caller sent as its client context."""

    __slots__ = ("custom", "env", "client")  # noqa: RUF023
    custom: object
    env: object
    client: object


class LambdaContext:
    """One invocation: its id, its function, and how long it may still take."""

    def __init__(
        self,
        invoke_id: str,
        client_context: dict[str, object] | None,
        cognito_identity: dict[str, object] | None,
        epoch_deadline_time_in_ms: int,
        invoked_function_arn: str | None = None,
        tenant_id: str | None = None,
    ) -> None:
        get = environ.get
        self.aws_request_id = invoke_id
        self.log_group_name = get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = invoked_function_arn
        self.tenant_id = tenant_id
        self._w3c_fields: dict[str, str] = {}
        self.client_context: ClientContext | None = None
        if client_context is not None:
            fields = client_context.pop("w3c", None)
            if isinstance(fields, dict):
                for name in _W3C_FIELDS:
                    if isinstance(value := fields.get(name), str):
                        self._w3c_fields[name] = value
            self.client_context = ClientContext(client_context)
            if isinstance(client := self.client_context.client, dict):
                self.client_context.client = Client(client)
        self.identity = CognitoIdentity({})
        if cognito_identity is not None:
            self.identity.cognito_identity_id = cognito_identity.get("cognitoIdentityId")
            self.identity.cognito_identity_pool_id = cognito_identity.get("cognitoIdentityPoolId")
        self._epoch_deadline_time_in_ms = epoch_deadline_time_in_ms

    def get_remaining_time_in_millis(self) -> int:
        """How many ms are left before the invocation times out; 0 when they are used up."""
        return max(0, self._epoch_deadline_time_in_ms - int(time() * 1000))

    def w3c(self) -> dict[str, str]:
        """The W3C trace context of the invocation."""
        return dict(self._w3c_fields)

    def log(self, msg: object) -> None:
        """Write `msg` to the function's log, as it is."""
        from endpoint_runtime.logs.masking import mask_line
        from endpoint_runtime.logs.sinks import sink

        sink().log(mask_line(str(msg)))

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(["
            f"aws_request_id={self.aws_request_id},"
            f"log_group_name={self.log_group_name},"
            f"log_stream_name={self.log_stream_name},"
            f"function_name={self.function_name},"
            f"memory_limit_in_mb={self.memory_limit_in_mb},"
            f"function_version={self.function_version},"
            f"invoked_function_arn={self.invoked_function_arn},"
            f"client_context={self.client_context},"
            f"identity={self.identity},"
            f"tenant_id={self.tenant_id}"
            "])"
        )
