"""A pull request to which something happened."""

from dify_plugin.entities.trigger import Variables
from dify_plugin.errors.trigger import EventIgnoreError
from dify_plugin.interfaces.trigger import Event


class PullRequest(Event):
    def _on_event(self, request, parameters, payload):
        action, pull = payload["action"], payload["pull_request"]
        actions = parameters.get("actions") or []
        if actions and action not in actions:
            raise EventIgnoreError
        if pull.get("draft") and not parameters.get("drafts"):
            raise EventIgnoreError
        return Variables(
            variables={
                "action": action,
                "number": pull["number"],
                "title": pull["title"],
                "body": pull.get("body") or "",
                "author": pull["user"]["login"],
                "url": pull["html_url"],
                "merged": bool(pull.get("merged")),
                "branch": pull["head"]["ref"],
                "repository": payload["repository"]["full_name"],
            }
        )
