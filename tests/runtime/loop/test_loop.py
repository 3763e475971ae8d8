"""The fast entry's loop against a Runtime API that keeps to the protocol."""

from __future__ import annotations

import json
import os
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint_runtime import process
from endpoint_runtime.json_codec import decode_json, encode_json
from endpoint_runtime.lambda_api.answers import RuntimeApiError
from endpoint_runtime.lambda_api.context import LambdaContext
from endpoint_runtime.lambda_api.runtime_api import ReportedError, RuntimeApi
from endpoint_runtime.lambda_api.startup import load_handler
from endpoint_runtime.loop import run
from tests.support.hostile_api import ARN, RuntimeServer, answer, event
from tests.support.ports import free_ports

END = (
    "the Runtime API answered GET invocation/next with status 403: 'not today'"  # the server's end
)


@pytest.fixture(autouse=True)
def _restore_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "before")
    for name in ("LOG_GROUP_NAME", "LOG_STREAM_NAME", "FUNCTION_NAME", "FUNCTION_VERSION"):
        monkeypatch.setenv(f"AWS_LAMBDA_{name}", name.lower())
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")


def serve(handler: Any, server: RuntimeServer, **options: Any) -> str:
    """Run the loop until it gives up on the server; its reason."""
    api = RuntimeApi(server.address, stall=1)
    try:
        with pytest.raises(RuntimeApiError) as caught:
            run(handler, api, **options)
    finally:
        api.close()
    return str(caught.value)


def test_invocations_are_answered_in_turn_on_one_connection() -> None:
    with RuntimeServer([event(b'{"n": 1}', "a"), event(b'{"n": 2}', "b")]) as server:
        reason = serve(lambda event, context: {"twice": event["n"] * 2}, server)

    assert reason == END
    assert server.calls() == [
        "GET invocation/next",
        "POST invocation/a/response",
        "GET invocation/next",
        "POST invocation/b/response",
        "GET invocation/next",
    ]
    assert server.body_of("POST invocation/b/response") == b'{"twice": 4}'
    assert (server.connections, server.violations) == (1, [])


def test_the_context_has_what_the_headers_and_the_environment_say() -> None:
    seen: list[Any] = []

    def handler(event: Any, context: LambdaContext) -> None:
        seen.append((vars(context), repr(context), context.get_remaining_time_in_millis()))
        seen.append((os.environ.get("_X_AMZN_TRACE_ID"), process.request_id))

    with RuntimeServer([event(deadline="99999999999999")]) as server:
        serve(handler, server)

    (attributes, text, remaining), (trace_id, request_id) = seen
    assert {name: attributes[name] for name in attributes if name != "identity"} == {
        "aws_request_id": "id-1",
        "log_group_name": "log_group_name",
        "log_stream_name": "log_stream_name",
        "function_name": "function_name",
        "memory_limit_in_mb": "512",
        "function_version": "function_version",
        "invoked_function_arn": ARN,
        "tenant_id": None,
        "client_context": None,
        "_w3c_fields": {},
        "_epoch_deadline_time_in_ms": 99999999999999,
    }
    assert text == (
        "LambdaContext([aws_request_id=id-1,log_group_name=log_group_name,"
        "log_stream_name=log_stream_name,function_name=function_name,memory_limit_in_mb=512,"
        f"function_version=function_version,invoked_function_arn={ARN},client_context=None,"
        "identity=CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None]),"
        "tenant_id=None])"
    )
    assert 0 < remaining < 99999999999999
    assert trace_id == "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
    assert request_id == "id-1"


def test_client_context_and_identity_are_objects() -> None:
    seen: list[Any] = []
    client = {"client": {"app_title": "t"}, "custom": {"k": 1}, "w3c": {"traceparent": "00-1"}}
    sent = event(
        Lambda_Runtime_Client_Context=json.dumps(client),
        Lambda_Runtime_Cognito_Identity='{"cognitoIdentityId": "i"}',
        Lambda_Runtime_Aws_Tenant_Id="tenant",
    )
    with RuntimeServer([sent]) as server:
        serve(lambda event, context: seen.append(context), server)

    (context,) = seen
    assert (context.client_context.client.app_title, context.client_context.custom) == (
        "t",
        {"k": 1},
    )
    assert (context.identity.cognito_identity_id, context.tenant_id) == ("i", "tenant")
    assert context.w3c() == {"traceparent": "00-1"}


def test_the_trace_id_of_an_invocation_without_one_is_unset() -> None:
    seen: list[str | None] = []
    with RuntimeServer([event().replace(b"Lambda-Runtime-Trace-Id", b"X-No-Trace")]) as server:
        serve(lambda event, context: seen.append(os.environ.get("_X_AMZN_TRACE_ID")), server)

    assert seen == [None]


def test_a_past_or_unreadable_deadline_leaves_no_time() -> None:
    seen: list[int] = []
    with RuntimeServer([event(deadline=text) for text in ("5", "soon", "9" * 40)]) as server:
        serve(lambda event, context: seen.append(context.get_remaining_time_in_millis()), server)

    assert seen == [0, 0, 0]


def test_after_runs_between_the_answer_and_the_next_invocation() -> None:
    with RuntimeServer([event()]) as server:
        serve(
            lambda event, context: None,
            server,
            after=lambda context: server.requests.append(context.aws_request_id),
        )

        moments = [r if isinstance(r, str) else r.call for r in server.requests]
    assert moments == [
        "GET invocation/next",
        "POST invocation/id-1/response",
        "id-1",
        "GET invocation/next",
    ]


def test_the_number_of_invocations_can_be_limited() -> None:
    with RuntimeServer([event(), event()]) as server:
        api = RuntimeApi(server.address)
        run(lambda event, context: None, api, invocations=1)
        api.close()

    assert server.calls() == ["GET invocation/next", "POST invocation/id-1/response"]


def test_bytes_are_passed_on_as_they_are() -> None:
    with RuntimeServer([event()]) as server:
        serve(lambda event, context: b"\0raw", server)

    assert server.requests[1].body == b"\0raw"
    assert server.requests[1].headers["content-type"] == "application/unknown"


def test_the_invocation_id_is_sent_back() -> None:
    with RuntimeServer([event(Lambda_Runtime_Invocation_Id="inv-7")]) as server:
        serve(lambda event, context: None, server)

    assert server.requests[1].headers["lambda-runtime-invocation-id"] == "inv-7"


def test_a_handlers_exception_is_reported_logged_and_survived(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def handler(event: Any, context: Any) -> str:
        if event["fail"]:
            raise ValueError("n\u00f6\nno")
        return "fine"

    steps = [event(b'{"fail": true}', "a"), event(b'{"fail": false}', "b")]
    with RuntimeServer(steps) as server:
        serve(handler, server)

    line = handler.__code__.co_firstlineno + 2
    trace = [
        f'  File "{__file__}", line {line}, in handler\n    raise ValueError("n\\u00f6\\nno")\n',
    ]
    error = server.requests[1]
    assert error.call == "POST invocation/a/error"
    assert json.loads(error.body) == {
        "errorMessage": "n\u00f6\nno",
        "errorType": "ValueError",
        "requestId": "a",
        "stackTrace": trace,
    }
    assert error.headers["lambda-runtime-function-error-type"] == "ValueError"
    assert json.loads(error.headers["lambda-runtime-function-xray-error-cause"]) == {
        "working_directory": str(Path.cwd()),
        "exceptions": [
            {
                "message": "n\u00f6\nno",
                "type": "ValueError",
                "stack": [{"label": "handler", "path": __file__, "line": line}],
            }
        ],
        "paths": [__file__],
    }
    indented = [text.replace(" ", "\u00a0", 2) for text in trace[0].splitlines()]
    indented[1] = indented[1].replace("\u00a0\u00a0  ", "\u00a0\u00a0\u00a0\u00a0")
    assert capsys.readouterr().out == (
        "[ERROR] ValueError: n\u00f6\nno\rTraceback (most recent call last):\r"
        + "\r".join(indented)
        + "\n"
    )
    assert server.body_of("POST invocation/b/response") == b'"fine"'


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Unspeakable(), "<Unspeakable without a message>"),
        (ValueError("lone \ud83d"), "lone \ud83d"),
        (ValueError("nul \0 and cr \r\n"), "nul \0 and cr \r\n"),
        (RecursionError("deep"), "deep"),
        (type("a\r\nX: y", (Exception,), {})("name"), "name"),
    ],
    ids=["str-fails", "surrogate", "control", "recursion", "type-name"],
)
def test_exceptions_that_are_hard_to_report_are_reported(error: Exception, message: str) -> None:
    def handler(event: Any, context: Any) -> None:
        raise error

    with RuntimeServer([event(), event(request_id="b")]) as server:
        reason = serve(handler, server)

    assert json.loads(server.body_of("POST invocation/id-1/error"))["errorMessage"] == message
    assert (reason, server.violations) == (END, [])


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_is_no_exception_ends_the_loop(error: BaseException) -> None:
    def handler(event: Any, context: Any) -> None:
        raise error

    with RuntimeServer([event()]) as server:
        api = RuntimeApi(server.address)
        with pytest.raises(type(error)):
            run(handler, api)
        api.close()

    assert server.calls() == ["GET invocation/next"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b" \n ", "Expecting value: line 2 column 2 (char 3)"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b'{"a": 1} x', "Extra data: line 1 column 10 (char 9)"),
        (b"[1,]", None),  # the wording depends on the version of Python
        (b'"\xff"', "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[" * 200_000, None),
    ],
    ids=["empty", "blank", "open", "extra", "comma", "latin-1", "nan", "deep"],
)
def test_a_malformed_event_is_reported_and_survived(body: bytes, message: str | None) -> None:
    with RuntimeServer([event(body, "a"), event(b"{}", "b")]) as server:
        serve(lambda event, context: event, server)

    report = json.loads(server.body_of("POST invocation/a/error"))
    text = report["errorMessage"]
    assert report["errorType"] == "Runtime.UnmarshalError"
    assert text.startswith("Unable to unmarshal input: ")
    if message is not None:
        assert text == f"Unable to unmarshal input: {message}"
    assert server.body_of("POST invocation/b/response") == b"{}"


def test_a_malformed_client_context_is_reported_and_survived() -> None:
    steps = [event(Lambda_Runtime_Client_Context="{"), event(request_id="b")]
    with RuntimeServer(steps) as server:
        serve(lambda event, context: event, server)

    report = json.loads(server.body_of("POST invocation/id-1/error"))
    assert report["errorType"] == "Runtime.LambdaContextUnmarshalError"
    assert report["errorMessage"].startswith("Unable to parse Client Context JSON: ")
    assert server.calls()[3] == "POST invocation/b/response"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (object(), "Unable to marshal response: Object of type object is not JSON serializable"),
        ({"a": {1, 2}}, "Unable to marshal response: Object of type set is not JSON serializable"),
    ],
)
def test_a_reply_that_is_no_json_is_reported_and_survived(reply: object, message: str) -> None:
    with RuntimeServer([event(request_id="a"), event(request_id="b")]) as server:
        serve(lambda event, context: reply, server)

    report = json.loads(server.body_of("POST invocation/a/error"))
    assert (report["errorType"], report["errorMessage"]) == ("Runtime.MarshalError", message)
    assert server.calls()[3] == "POST invocation/b/error"


def test_a_circular_reply_is_reported_and_survived() -> None:
    reply: list[Any] = []
    reply.append(reply)
    with RuntimeServer([event()]) as server:
        serve(lambda event, context: reply, server)

    report = json.loads(server.body_of("POST invocation/id-1/error"))
    assert report["errorType"] == "Runtime.MarshalError"


def test_a_reply_that_is_too_large_for_the_api_is_survived(
    capfd: pytest.CaptureFixture[str],
) -> None:
    steps = [event(request_id="a"), event(request_id="b")]
    refusal = answer("413 Request Entity Too Large", b"{}")
    with RuntimeServer(steps, posts=[refusal]) as server:
        reason = serve(lambda event, context: "x" * 1_000_000, server)

    assert (reason, server.calls()[3]) == (END, "POST invocation/b/response")
    assert capfd.readouterr().err == (
        "endpoint_runtime: the reply to a is too large: 1000002 bytes\n"
    )


def test_a_waiting_loop_uses_no_time() -> None:
    with RuntimeServer([event()], end=None) as server:
        api = RuntimeApi(server.address)
        ended: list[str] = []

        def wait() -> None:
            try:
                run(lambda event, context: None, api)
            except RuntimeApiError as error:
                ended.append(str(error))

        thread = threading.Thread(target=wait)
        thread.start()
        assert server.used_up.wait(5)
        before = time.process_time()
        time.sleep(0.3)
        used = time.process_time() - before
    thread.join(5)
    api.close()

    assert used < 0.15
    assert len(ended) == 1  # the server went away while the loop waited


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_json_round_trips_and_equals_the_packages(value: Any) -> None:
    encoded = encode_json(value)

    assert decode_json(encoded) == value
    assert json.loads(encoded) == value
    text = json.dumps(value, ensure_ascii=False)
    assert encoded == text.encode("utf-8", "backslashreplace")


@given(st.text(alphabet='[]{}",:0123456789.eE+-truefalsn \n\t\\u\ufeff', max_size=30))
def test_the_same_texts_are_json_as_for_the_package(text: str) -> None:
    data = text.encode()

    def outcome(parse: Any, argument: bytes | str) -> object:
        try:
            return repr(parse(argument))
        except ValueError as error:
            return str(error)

    assert outcome(decode_json, data) == outcome(json.loads, text.removeprefix("\ufeff"))


def test_decimals_keep_their_digits() -> None:
    reply = {"a": Decimal("1.10"), "b": [Decimal("1E+400"), Decimal("-0.0")], "c": Decimal("NaN")}

    assert encode_json(reply) == b'{"a": 1.10, "b": [1E+400, -0.0], "c": NaN}'


def test_an_address_is_host_and_port() -> None:
    for address in ("", "9001", "localhost:", "localhost:http"):
        with pytest.raises(RuntimeApiError) as caught:
            RuntimeApi(address)
        assert str(caught.value) == (f"AWS_LAMBDA_RUNTIME_API is {address!r}, expected host:port")


def test_a_refused_connection_is_named() -> None:
    [port] = free_ports(1)
    with pytest.raises(RuntimeApiError) as caught:
        RuntimeApi(f"127.0.0.1:{port}").next()

    assert str(caught.value) == (
        f"GET invocation/next at 127.0.0.1:{port} failed: [Errno 111] Connection refused"
    )


@pytest.mark.parametrize(
    ("name", "error_type", "message"),
    [
        (
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "sys.exit",
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module sys as a handler module",
        ),
        (
            "no_such_module_here.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'no_such_module_here': No module named 'no_such_module_here'",
        ),
        (
            "json.decoder.nothing",
            "Runtime.HandlerNotFound",
            "Handler 'nothing' missing on module 'json.decoder'",
        ),
    ],
)
def test_a_handler_that_is_not_there(name: str, error_type: str, message: str) -> None:
    with pytest.raises(ReportedError) as caught:
        load_handler(name)

    assert (caught.value.error_type, str(caught.value)) == (error_type, message)


def test_a_handler_is_found_in_a_submodule() -> None:
    found: Any = load_handler("json.decoder.JSONDecoder")

    assert found is json.decoder.JSONDecoder
