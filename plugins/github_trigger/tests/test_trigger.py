"""GitHub's deliveries: who may send them, which events they are, and what these tell."""

import hmac
import json
from types import SimpleNamespace

import pytest
from events.issue_opened import IssueOpened
from events.pull_request import PullRequest
from events.pushed import Pushed
from provider.github import GithubTrigger
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from dify_plugin.entities.trigger import Subscription
from dify_plugin.errors.trigger import (
    EventIgnoreError,
    TriggerDispatchError,
    TriggerValidationError,
)

SECRET = "s3cret"
USER = {"login": "octocat"}
REPOSITORY = {"full_name": "acme/cats"}
ISSUE = {
    "action": "opened",
    "issue": {
        "number": 7,
        "title": "A bug",
        "body": None,
        "user": USER,
        "html_url": "https://github.com/acme/cats/issues/7",
        "labels": [{"name": "bug"}],
    },
    "repository": REPOSITORY,
    "sender": USER,
}
PULL = {
    "action": "opened",
    "pull_request": {
        "number": 8,
        "title": "A fix",
        "body": "It works",
        "user": USER,
        "html_url": "https://github.com/acme/cats/pull/8",
        "draft": False,
        "merged": False,
        "head": {"ref": "fix"},
    },
    "repository": REPOSITORY,
}
PUSH = {
    "ref": "refs/heads/release/1",
    "commits": [{"message": "One"}, {"message": "Two"}],
    "pusher": {"name": "octocat"},
    "compare": "https://github.com/acme/cats/compare/a...b",
    "repository": REPOSITORY,
}


def delivery(kind, payload, secret=SECRET):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = {"X-GitHub-Event": kind, "X-Hub-Signature-256": signature}
    builder = EnvironBuilder("/e/x", method="POST", data=body, headers=headers)
    builder.content_type = "application/json"
    return Request(builder.get_environ())


def dispatch(request, **properties):
    subscription = Subscription(
        endpoint="https://x/e/x", properties={"webhook_secret": SECRET, **properties}
    )
    return GithubTrigger(SimpleNamespace()).dispatch_event(subscription, request)


@pytest.mark.parametrize(
    ("kind", "payload", "events"),
    [
        ("issues", ISSUE, ["issue_opened"]),
        ("issues", {**ISSUE, "action": "closed"}, []),
        ("pull_request", PULL, ["pull_request"]),
        ("push", PUSH, ["pushed"]),
        ("push", {**PUSH, "deleted": True}, []),
        ("ping", {"zen": "Keep it simple."}, []),
    ],
)
def test_deliveries_are_events(kind, payload, events):
    dispatched = dispatch(delivery(kind, payload))

    assert dispatched.events == events
    assert (dispatched.response.status_code, dispatched.payload) == (200, payload)


@pytest.mark.parametrize("secret", ["another", ""])
def test_a_delivery_of_somebody_else_is_refused(secret):
    with pytest.raises(TriggerValidationError):
        dispatch(delivery("issues", ISSUE, secret))
    with pytest.raises(TriggerValidationError):
        dispatch(delivery("issues", ISSUE, ""), webhook_secret="")


def test_what_is_no_json_is_refused():
    with pytest.raises(TriggerDispatchError):
        dispatch(delivery("issues", b"{"))


def variables(event, payload, **parameters):
    return event(SimpleNamespace()).on_event(None, parameters, payload).variables


def test_an_issue():
    assert variables(IssueOpened, ISSUE, labels="bug, urgent") == {
        "number": 7,
        "title": "A bug",
        "body": "",
        "author": "octocat",
        "url": "https://github.com/acme/cats/issues/7",
        "labels": ["bug"],
        "repository": "acme/cats",
    }
    with pytest.raises(EventIgnoreError):
        variables(IssueOpened, ISSUE, labels="urgent")


def test_a_pull_request():
    assert variables(PullRequest, PULL, actions=["opened"])["branch"] == "fix"
    with pytest.raises(EventIgnoreError):
        variables(PullRequest, PULL, actions=["closed"])
    draft = {**PULL, "pull_request": {**PULL["pull_request"], "draft": True}}
    with pytest.raises(EventIgnoreError):
        variables(PullRequest, draft)
    assert variables(PullRequest, draft, drafts=True)["number"] == 8


def test_a_push():
    assert variables(Pushed, PUSH, branch="release/*") == {
        "branch": "release/1",
        "messages": ["One", "Two"],
        "pusher": "octocat",
        "compare": "https://github.com/acme/cats/compare/a...b",
        "repository": "acme/cats",
    }
    with pytest.raises(EventIgnoreError):
        variables(Pushed, PUSH, branch="main")
    with pytest.raises(EventIgnoreError):
        variables(Pushed, {**PUSH, "ref": "refs/tags/v1"})
