"""An issue that somebody opened."""

from dify_plugin.entities.trigger import Variables
from dify_plugin.errors.trigger import EventIgnoreError
from dify_plugin.interfaces.trigger import Event


class IssueOpened(Event):
    def _on_event(self, request, parameters, payload):
        issue = payload["issue"]
        labels = [each["name"] for each in issue.get("labels") or []]
        wanted = {name.strip() for name in (parameters.get("labels") or "").split(",")} - {""}
        if wanted and not wanted & {*labels}:
            raise EventIgnoreError
        return Variables(
            variables={
                "number": issue["number"],
                "title": issue["title"],
                "body": issue.get("body") or "",
                "author": issue["user"]["login"],
                "url": issue["html_url"],
                "labels": labels,
                "repository": payload["repository"]["full_name"],
            }
        )
