"""Subscriptions that are being made in the browser: what a page has been told, and the next needs.

They are in this process alone, for half an hour, and hold secrets, which no page is sent back.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import field

from packager.dataclass import dataclass
from packager.subscriptions.constructor import Option
from packager.subscriptions.oauth import Authorization, Redirects
from packager.subscriptions.subscription import Subscription

_SECONDS = 1800.0
_MOST = 50


@dataclass(slots=True)
class Draft:
    """A subscription of the function `function` as far as it has come.

    With an `authorization` its user is to consent; `redirects` is where the browser comes back to,
    None where that has to be pasted. `options` are what the service offers for parameters.
    """

    id: str
    function: str
    name: str
    subscription: Subscription = field(repr=False)
    authorization: Authorization | None = None
    redirects: Redirects | None = None
    note: str = ""
    options: dict[str, Sequence[Option]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # that options could not be asked for
    made: float = field(default_factory=time.monotonic)
    _open: ExitStack = field(default_factory=ExitStack)

    def listen(self, port: int) -> Redirects:
        """Take browsers that come back; raise `PackagerError` where the port can't be had."""
        self.redirects = self._open.enter_context(Redirects(port).serving())
        return self.redirects

    def close(self) -> None:
        """Take none any more."""
        self._open.close()


@dataclass(slots=True)
class Drafts:
    """All of one console."""

    _all: dict[str, Draft] = field(default_factory=dict)

    def add(self, function: str, name: str, subscription: Subscription) -> Draft:
        """Return a new draft; those that are old go."""
        self._expire()
        draft = Draft(secrets.token_urlsafe(16), function, name, subscription)
        self._all[draft.id] = draft
        return draft

    def get(self, draft_id: str, function: str) -> Draft | None:
        """Return the draft of an id; None where there is none of this function, or no longer."""
        self._expire()
        draft = self._all.get(draft_id)
        return draft if draft is not None and draft.function == function else None

    def remove(self, draft: Draft) -> None:
        """Forget a draft."""
        self._all.pop(draft.id, None)
        draft.close()

    def stop_listening(self) -> None:
        """Have the port free for the next that is to consent: services know one address alone."""
        for draft in self._all.values():
            draft.close()
            draft.redirects = None

    def _expire(self) -> None:
        now = time.monotonic()
        old = [each for each in self._all.values() if now - each.made > _SECONDS]
        for each in old + [*self._all.values()][: max(0, len(self._all) - len(old) - _MOST)]:
            self.remove(each)
