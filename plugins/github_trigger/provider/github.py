"""GitHub's deliveries, dispatched to events; and its webhooks, made and deleted by its API."""

import hmac
import secrets
from urllib.parse import urlencode

from werkzeug import Response

from dify_plugin.entities import ParameterOption
from dify_plugin.entities.oauth import TriggerOAuthCredentials
from dify_plugin.entities.trigger import EventDispatch, Subscription, UnsubscribeResult
from dify_plugin.errors.trigger import (
    SubscriptionError,
    TriggerDispatchError,
    TriggerProviderCredentialValidationError,
    TriggerProviderOAuthError,
    TriggerValidationError,
)
from dify_plugin.interfaces.trigger import Trigger, TriggerSubscriptionConstructor

SCOPES = "admin:repo_hook read:user"


class GithubTrigger(Trigger):
    def _dispatch_event(self, subscription, request):
        check_signature(subscription.properties.get("webhook_secret", ""), request)
        payload = request.get_json(silent=True)
        if not isinstance(payload, dict):
            raise TriggerDispatchError("The delivery holds no JSON object.")
        kind = request.headers.get("X-GitHub-Event", "")
        return EventDispatch(
            user_id=str((payload.get("sender") or {}).get("login", "")),
            events=events_of(kind, payload),
            response=Response('{"ok": true}', content_type="application/json"),
            payload=payload,
        )


def check_signature(secret, request):
    """Refuse a delivery that is not signed with the secret of the webhook."""
    wanted = "sha256=" + hmac.new(secret.encode(), request.get_data(), "sha256").hexdigest()
    given = request.headers.get("X-Hub-Signature-256", "")
    if not secret or not hmac.compare_digest(wanted.encode(), given.encode()):
        raise TriggerValidationError("The signature is wrong or missing.")


def events_of(kind, payload):
    """The events that a delivery is; none for what no workflow can start with."""
    if kind == "issues" and payload.get("action") == "opened":
        return ["issue_opened"]
    if kind == "pull_request":
        return ["pull_request"]
    if kind == "push" and not payload.get("deleted"):
        return ["pushed"]
    return []


class GithubConstructor(TriggerSubscriptionConstructor):
    def _validate_api_key(self, credentials):
        status, _ = call(credentials, "GET", "/user")
        if status != 200:
            raise TriggerProviderCredentialValidationError(f"GitHub refuses the token ({status}).")

    def _oauth_get_authorization_url(self, redirect_uri, system_credentials):
        asked = {
            "client_id": system_credentials["client_id"],
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": secrets.token_urlsafe(16),
        }
        return f"https://github.com/login/oauth/authorize?{urlencode(asked)}"

    def _oauth_get_credentials(self, redirect_uri, system_credentials, request):
        asked = {
            "client_id": system_credentials["client_id"],
            "client_secret": system_credentials["client_secret"],
            "code": request.args.get("code", ""),
            "redirect_uri": redirect_uri,
        }
        _, answer = exchange("POST", "https://github.com/login/oauth/access_token", asked)
        if not answer.get("access_token"):
            raise TriggerProviderOAuthError(
                answer.get("error_description", "GitHub gave no token.")
            )
        return TriggerOAuthCredentials(credentials={"access_token": answer["access_token"]})

    def _create_subscription(self, endpoint, parameters, credentials, credential_type):
        repository = parameters["repository"]
        secret = secrets.token_hex(32)
        config = {"url": endpoint, "content_type": "json", "secret": secret}
        hook = {"name": "web", "events": parameters["events"], "config": config}
        status, answer = call(credentials, "POST", f"/repos/{repository}/hooks", hook)
        if status != 201:
            raise SubscriptionError(
                f"GitHub made no webhook: {answer.get('message', status)}",
                error_code="WEBHOOK_CREATION_FAILED",
                external_response=answer,
            )
        return Subscription(
            endpoint=endpoint,
            parameters=parameters,
            properties={
                "hook": str(answer["id"]),
                "repository": repository,
                "webhook_secret": secret,
            },
        )

    def _delete_subscription(self, subscription, credentials, credential_type):
        hook = subscription.properties
        path = f"/repos/{hook['repository']}/hooks/{hook['hook']}"
        status, answer = call(credentials, "DELETE", path)
        if status in (204, 404):
            return UnsubscribeResult(success=True)
        return UnsubscribeResult(success=False, message=answer.get("message", f"status {status}"))

    def _refresh_subscription(self, subscription, credentials, credential_type):
        return subscription.model_copy(update={"expires_at": -1})  # webhooks don't expire

    def _fetch_parameter_options(self, parameter, credentials, credential_type):
        if parameter != "repository":
            return []
        _, found = call(credentials, "GET", "/user/repos?per_page=100&sort=pushed")
        names = [
            each["full_name"] for each in found if (each.get("permissions") or {}).get("admin")
        ]
        return [ParameterOption(value=name, label={"en_US": name}) for name in names]


def call(credentials, method, path, body=None):
    """Call GitHub's REST API; return the status, and the answer's JSON."""
    token = credentials.get("access_token", "")
    return exchange(method, f"https://api.github.com{path}", body, f"Bearer {token}")


def exchange(method, url, body=None, authorization=None):
    # Only who makes subscriptions needs it, and a webhook's cold start does not.
    import json
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, headers, method=method)  # noqa: S310 - the URLs are those above
    try:
        with urlopen(request, timeout=15) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read() or b"{}")
    except HTTPError as refused:
        with refused:
            content = refused.read()
        try:
            return refused.code, json.loads(content)
        except ValueError:
            return refused.code, {}
