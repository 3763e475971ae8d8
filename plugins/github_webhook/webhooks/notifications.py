"""What a delivery says, in a line for people: one notification per push, issue or pull request."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

TEXT_LIMIT = 2000  # characters of a description that a notification keeps
COMMITS_LIMIT = 10  # commits of a push that it lists


def wants_ref(branches: str, payload: Mapping[str, Any]) -> bool:
    """Return whether one of the comma-separated patterns matches the pushed branch or tag."""
    name = ref_name(payload)
    patterns = [pattern.strip() for pattern in branches.split(",")]
    return any(fnmatchcase(name, pattern) for pattern in patterns if pattern)


def ref_name(payload: Mapping[str, Any]) -> str:
    """Return `release/1.0` for `refs/heads/release/1.0`."""
    ref = text_at(payload, "ref")
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


def notify(event: str, payload: Mapping[str, Any], *, full: bool) -> dict[str, str] | None:
    """Make the notification of a delivery, or None for an event that nobody here routes."""
    describe = EVENTS.get(event)
    if describe is None:
        return None
    title, url, text = describe(payload)
    notification = {
        "event": event,
        "action": text_at(payload, "action"),
        "repository": text_at(payload, "repository", "full_name"),
        "sender": text_at(payload, "sender", "login"),
        "title": title,
        "url": url,
    }
    if full:
        notification["text"] = text[:TEXT_LIMIT]
    return notification


def text_at(payload: Any, *path: str) -> str:
    """Return the text (or number, as text) at `path`, or "" where there is none.

    GitHub leaves fields out and sends nulls, so nothing but this reads a payload.
    """
    for name in path:
        payload = payload.get(name) if isinstance(payload, Mapping) else None
    is_text = isinstance(payload, (str, int)) and not isinstance(payload, bool)
    return str(payload) if is_text else ""


def _ping(payload: Mapping[str, Any]) -> tuple[str, str, str]:
    where = text_at(payload, "repository", "full_name") or "an organisation"
    return f"{where} sends its webhooks here", "", text_at(payload, "zen")


def _push(payload: Mapping[str, Any]) -> tuple[str, str, str]:
    who = text_at(payload, "pusher", "name") or text_at(payload, "sender", "login")
    kind = "tag" if text_at(payload, "ref").startswith("refs/tags/") else "branch"
    name = ref_name(payload)
    commits = payload.get("commits")
    commits = commits if isinstance(commits, list) else []
    if payload.get("deleted") is True:
        title = f"{who} deleted {kind} {name}"
    elif payload.get("created") is True and not commits:
        title = f"{who} created {kind} {name}"
    else:
        verb = "force-pushed" if payload.get("forced") is True else "pushed"
        number = "1 commit" if len(commits) == 1 else f"{len(commits)} commits"
        title = f"{who} {verb} {number} to {name}"
    lines = [_commit(commit) for commit in commits[:COMMITS_LIMIT]]
    if len(commits) > COMMITS_LIMIT:
        lines.append(f"and {len(commits) - COMMITS_LIMIT} more")
    return title, text_at(payload, "compare"), "\n".join(lines)


def _commit(commit: Any) -> str:
    first_line = text_at(commit, "message").partition("\n")[0]
    return f"{text_at(commit, 'id')[:7]} {first_line} ({text_at(commit, 'author', 'name')})"


def _issue(payload: Mapping[str, Any]) -> tuple[str, str, str]:
    return _item(payload, "issue", "issue", text_at(payload, "action"))


def _pull_request(payload: Mapping[str, Any]) -> tuple[str, str, str]:
    action = text_at(payload, "action").replace("_", " ")
    pull = payload.get("pull_request")
    if action == "closed" and isinstance(pull, Mapping) and pull.get("merged") is True:
        action = "merged"
    elif action == "synchronize":
        action = "updated"
    return _item(payload, "pull_request", "pull request", action)


def _item(payload: Mapping[str, Any], key: str, kind: str, verb: str) -> tuple[str, str, str]:
    who, number = text_at(payload, "sender", "login"), text_at(payload, key, "number")
    title = f"{who} {verb} {kind} #{number}: {text_at(payload, key, 'title')}"
    return title, text_at(payload, key, "html_url"), text_at(payload, key, "body")


EVENTS = {"ping": _ping, "push": _push, "issues": _issue, "pull_request": _pull_request}
