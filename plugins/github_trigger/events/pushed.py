"""Commits that were pushed to a branch."""

from fnmatch import fnmatchcase

from dify_plugin.entities.trigger import Variables
from dify_plugin.errors.trigger import EventIgnoreError
from dify_plugin.interfaces.trigger import Event


class Pushed(Event):
    def _on_event(self, request, parameters, payload):
        kind, _, branch = payload["ref"].removeprefix("refs/").partition("/")
        if kind != "heads" or not fnmatchcase(branch, parameters.get("branch") or "*"):
            raise EventIgnoreError
        return Variables(
            variables={
                "branch": branch,
                "messages": [each["message"] for each in payload.get("commits") or []],
                "pusher": (payload.get("pusher") or {}).get("name", ""),
                "compare": payload.get("compare", ""),
                "repository": payload["repository"]["full_name"],
            }
        )
