"""What a trigger provider and its events make of webhooks: under the real SDK, or in a bundle.

    python dispatch.py WEBHOOKS.json ANSWERS.json, in the plugin's folder

WEBHOOKS has `provider`, `source`, `events` (sources by name), `subscription` and `webhooks`, each
`raw` (the HTTP request in hex), `event` (ours of the same request) and `parameters` by event. An
answer is what was dispatched, response included, and what each event made of it, or what was
raised.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from werkzeug import Response

Dispatch = Callable[[dict[str, Any]], tuple[dict[str, Any], Callable[[str], Any]]]


def main() -> None:
    webhooks, answers = map(Path, sys.argv[1:])
    asked = json.loads(webhooks.read_text("utf-8"))
    sys.path.insert(0, str(Path.cwd()))
    try:
        import endpoint_runtime  # noqa: F401
    except ModuleNotFoundError:
        dispatch = under_sdk(asked)
    else:
        dispatch = in_bundle(asked)
    found = [answer(dispatch, webhook) for webhook in asked["webhooks"]]
    answers.write_text(json.dumps(found), "utf-8")


def answer(dispatch: Dispatch, webhook: dict[str, Any]) -> dict[str, Any]:
    """Return what comes of one webhook."""
    try:
        dispatched, tell = dispatch(webhook)
    except Exception as error:
        return {"raised": type(error).__name__}
    for event in dispatched["events"]:
        try:
            dispatched[event] = tell(event)
        except Exception as error:
            dispatched[event] = {"raised": type(error).__name__}
    return dispatched


def under_sdk(asked: dict[str, Any]) -> Dispatch:
    from concurrent.futures import ThreadPoolExecutor

    from dify_plugin.core.entities.plugin import request as requests  # type: ignore[import-not-found]
    from dify_plugin.core.plugin_executor import PluginExecutor  # type: ignore[import-not-found]
    from dify_plugin.core.plugin_registration import (  # type: ignore[import-not-found]
        PluginRegistration,
    )
    from dify_plugin.core.server.tcp.request_reader import (  # type: ignore[import-not-found]
        TCPReaderWriter,
    )

    from dify_plugin import DifyPluginEnv
    from dify_plugin.config.config import InstallMethod
    from dify_plugin.core.runtime import Session

    config = DifyPluginEnv()
    executor = PluginExecutor(config, PluginRegistration(config))
    nowhere = TCPReaderWriter(host="", port=0, key="")
    session = Session(
        session_id="session",
        executor=ThreadPoolExecutor(),
        reader=nowhere,
        writer=nowhere,
        install_method=InstallMethod.Serverless,
        dify_plugin_daemon_url="",
    )
    common = {
        "provider": asked["provider"],
        "subscription": asked["subscription"],
        "credentials": asked["credentials"],
        "credential_type": "api-key",
        "user_id": "",
    }

    def dispatch(webhook: dict[str, Any]) -> tuple[dict[str, Any], Callable[[str], Any]]:
        made = executor.dispatch_trigger_event(
            session,
            requests.TriggerDispatchEventRequest(**common, raw_http_request=webhook["raw"]),
        )

        def tell(event: str) -> Any:
            told = executor.invoke_trigger_event(
                session,
                requests.TriggerInvokeEventRequest(
                    **common,
                    event=event,
                    raw_http_request=webhook["raw"],
                    parameters=webhook["parameters"].get(event, {}),
                    payload=made.payload,
                ),
            )
            return None if told.cancelled else dict(told.variables)

        response = response_of(bytes.fromhex(made.response))
        return compared(made.events, made.user_id, made.payload, response), tell

    return dispatch


def response_of(raw: bytes) -> Response:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":")[::2] for line in lines]
    headers = [(name, value.strip()) for name, value in pairs]
    return Response(body, int(first.split()[1]), headers)


def in_bundle(asked: dict[str, Any]) -> Dispatch:
    from dify_plugin.entities.provider_config import CredentialType
    from dify_plugin.entities.trigger import Subscription
    from dify_plugin.errors.trigger import EventIgnoreError
    from dify_plugin.interfaces.trigger import EventRuntime, TriggerRuntime
    from endpoint_runtime.gateway.environ import environ_of, http_source_of
    from endpoint_runtime.triggers.classes import load_event, load_trigger
    from endpoint_runtime.triggers.record import request_of

    root = str(Path.cwd())
    kind, session = CredentialType("api-key"), None
    subscription = Subscription(**asked["subscription"])

    def dispatch(webhook: dict[str, Any]) -> tuple[dict[str, Any], Callable[[str], Any]]:
        event = webhook["event"]

        def request() -> Any:
            return request_of(environ_of(event, None, http_source_of(event)))

        runtime = TriggerRuntime(
            session=session, credential_type=kind, credentials=asked["credentials"]
        )
        trigger = load_trigger(root, asked["source"])(runtime)
        made = trigger.dispatch_event(subscription, request())

        def tell(name: str) -> Any:
            runtime = EventRuntime(
                session=session,
                credential_type=kind,
                subscription=subscription,
                credentials=asked["credentials"],
            )
            told = load_event(root, asked["events"][name])(runtime)
            parameters = webhook["parameters"].get(name, {})
            try:
                return dict(told.on_event(request(), parameters, dict(made.payload)).variables)
            except EventIgnoreError:
                return None

        return compared(made.events, made.user_id, made.payload, made.response), tell

    return dispatch


def compared(events: Any, user: Any, payload: Any, response: Any) -> dict[str, Any]:
    return {
        "events": list(events),
        "user": user,
        "payload": dict(payload),
        "status": response.status_code,
        "type": response.content_type,
        "body": response.get_data(as_text=True),
    }


if __name__ == "__main__":
    main()
