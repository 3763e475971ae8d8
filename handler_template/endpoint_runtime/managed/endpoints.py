"""Keeps what was read of managed endpoints: for a time, in bounded numbers, and no calls at will.

Who asks for hook ids that nobody gave out causes no call: these carry a check. What passes it and
is not there is remembered for a while, and looked for a few times a second at most. While the store
does not answer, what was read of it before stays in use.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from time import time

from endpoint_runtime import process
from endpoint_runtime.logs import report
from endpoint_runtime.managed import stores
from endpoint_runtime.managed.hook_ids import PATH, is_genuine
from endpoint_runtime.managed.sealed import DataKey
from endpoint_runtime.managed.settings import EndpointSettings, settings_of
from endpoint_runtime.managed.unknown_ids import UnknownIds
from endpoint_runtime.settings.group import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from werkzeug.wrappers import Response

    from endpoint_runtime.managed.documents import Document, Store

    # Returns the response to a request, and the declared path of its route.
    Answer = Callable[[dict[str, Any]], tuple[Response, str]]

    class Answering(Protocol):
        """What answers the requests of one endpoint."""

        def use(self, settings: EndpointSettings, label: str) -> None:
            """Have requests get these settings from now on."""


MOST_KNOWN = 1000  # endpoints at hand
MOST_SIZE = 4_000_000  # characters of their settings, about
_DROPPED = 10  # of these a tenth makes room
_REFRESH = 2.0  # s that reading again may keep a request waiting, which the old could answer
_AGAIN = 10.0  # s after which reading that failed is tried again
_ABSENT = 30.0  # s that a missing endpoint is taken for missing, at most
_LEAST_SIZE = 2000  # characters: what an endpoint takes besides
_MOST_NAME = 100  # characters of a name in the log
_RELEASED = 1000  # secrets of endpoints no longer at hand that the log is still kept free of


class Endpoint:
    """One endpoint at hand: `answer` is its `application`'s, `label` names it in the log."""

    __slots__ = (
        *("answer", "application", "hook_id", "label", "reading", "secrets", "since", "size"),
        *("space", "until", "used"),
    )

    def __init__(self, hook_id: str, space: str) -> None:
        self.hook_id = hook_id
        self.space = space
        self.application: Answering
        self.answer: Answer
        self.label = ""
        self.secrets: list[str] = []
        self.size = 0
        # It is fresh in between, in seconds since the epoch; and when it was last used.
        self.since = self.until = self.used = 0.0
        self.reading = allocate_lock()  # so that no thread uses what another finds to be old


class Endpoints:
    """The endpoints of one function; for the threads of a process.

    `make` returns what answers the requests of a new `Endpoint`, `read` what its store has of it
    (`settings_of`, `subscription_settings`). `known` has them by what their
    paths start with. The clock is the wall's: a process
    that Lambda froze has no other that went on.
    """

    def __init__(
        self,
        bundle: Any,
        make: Callable[[Endpoint], Answering],
        read: Callable[..., EndpointSettings] = settings_of,
    ) -> None:
        self.known: dict[str, Endpoint] = {}
        self._read = read
        self._bundle = bundle
        self._make = make
        self._ttl: float = bundle.SETTINGS_TTL
        self._key = os.environ.get(stores.KEY_VARIABLE, "").encode()
        self._store: Store | None = None
        self._data_key = DataKey()
        self._lock = allocate_lock()
        self._size = 0
        self._unknown = UnknownIds()
        # Hook ids by name, None for the root, and from when until when they are fresh.
        self._pointers: dict[str | None, tuple[str | None, float, float]] = {}
        self._failed = 0.0  # when the store did not answer
        # Secrets that the log is free of for an endpoint's sake, and those that it need not be.
        self._masked: set[str] = set()
        self._released: set[str] = set()

    def forget(self) -> None:
        """Read everything again when it is asked for: this process is another's copy."""
        self.__init__(self._bundle, self._make, self._read)  # type: ignore[misc]

    def find(
        self, hook_id: str, deadline: float | None = None, request_id: str = ""
    ) -> Endpoint | None:
        """Return an endpoint that is switched on; None for any other hook id.

        Raises whatever reading it raises, AwsError mostly, where it was not read before.
        """
        endpoint = self.known.get(PATH + hook_id)
        if endpoint is not None:
            return self._refreshed(endpoint, deadline, request_id)
        now = time()
        unknown = self._unknown
        if unknown.has(hook_id, now) or not is_genuine(hook_id, self._key):
            return None
        if not unknown.may_call(now):
            return None
        document = self._open().read(hook_id, deadline)
        if document is None or not document["enabled"]:
            unknown.count_call()
            self._note_absent(hook_id, document, now)
            return None
        endpoint = Endpoint(hook_id, document["space"])
        endpoint.application = self._make(endpoint)
        try:
            settings = self._read(document, hook_id, self._bundle, self._data_key, deadline)
            kept = min(self._ttl, settings.lasts)
        except SettingsError as fault:
            settings = EndpointSettings.unusable(f"{_label(document)}{fault}")
            kept = min(self._ttl, _AGAIN)
        self._keep(endpoint, document, settings, (now, now + kept))
        return endpoint

    def named(self, name: str, deadline: float | None = None) -> str | None:
        """Return the hook id of the endpoint `name`; None for none. Raises as `find` does."""
        return self._pointer(name, lambda until: self._open().named(name, until), deadline)

    def root(self, deadline: float | None = None) -> str | None:
        """Return the hook id of what also answers at the root; None for none.

        Raises as `find` does.
        """
        return self._pointer(None, lambda until: self._open().root(until), deadline)

    def _open(self) -> Store:
        if self._store is None:
            self._store = stores.open_store(self._bundle)
        return self._store

    def _refreshed(
        self, endpoint: Endpoint, deadline: float | None, request_id: str
    ) -> Endpoint | None:
        """Return a known endpoint as it is now, as it was if that can't be read; None if gone."""
        with endpoint.reading:
            # What is read is as old as the question.
            now = time()
            if endpoint.since <= now < endpoint.until:
                return endpoint
            if self._failed <= now < self._failed + _AGAIN:
                return endpoint
            limit = now + _REFRESH
            until = limit if deadline is None else min(limit, deadline)
            try:
                document = self._open().read(endpoint.hook_id, until)
                if document is None or not document["enabled"]:
                    self._drop([endpoint])
                    self._note_absent(endpoint.hook_id, document, now)
                    return None
                hook_id, bundle = endpoint.hook_id, self._bundle
                settings = self._read(document, hook_id, bundle, self._data_key, until)
            except process.interrupts:
                raise
            except Exception as fault:
                self._say_unread(endpoint, fault, request_id)
                now = time()
                endpoint.since, endpoint.until = now, now + min(self._ttl, _AGAIN)
                if not isinstance(fault, SettingsError):
                    self._failed = now
            else:
                self._keep(
                    endpoint, document, settings, (now, now + min(self._ttl, settings.lasts))
                )
        return endpoint

    def _say_unread(self, endpoint: Endpoint, fault: Exception, request_id: str) -> None:
        # AWS's words may say what was asked for.
        why = f"{fault}".replace(endpoint.hook_id, "***")
        report.log(
            "WARN",
            f"{endpoint.label}can't be read again, what was read stays in use: {why}",
            request_id,
        )

    def _keep(
        self,
        endpoint: Endpoint,
        document: Document,
        settings: EndpointSettings,
        fresh: tuple[float, float],
    ) -> None:
        """Have an endpoint at hand that was read, and is `fresh` in between."""
        secrets = [*settings.secrets, endpoint.hook_id]
        label = _label(document)
        size = _LEAST_SIZE + sum(map(len, settings.own))
        endpoint.application.use(settings, label)
        with self._lock:
            self._masked.update(text for text in secrets if text not in process.secrets)
            self._released.update(text for text in endpoint.secrets if text not in secrets)
            start = PATH + endpoint.hook_id
            other = self.known.get(start, endpoint)  # two threads may have read it
            self._size += size - other.size
            endpoint.label, endpoint.secrets, endpoint.size = label, secrets, size
            endpoint.since, endpoint.until = fresh
            endpoint.used = fresh[0]
            self.known[start] = endpoint
        for text in secrets:
            process.add_secret(text)
        if len(self.known) > MOST_KNOWN or self._size > MOST_SIZE:
            self._make_room(endpoint)
        if len(self._released) > _RELEASED:
            self._forget_secrets()

    def _make_room(self, newest: Endpoint) -> None:
        with self._lock:
            others = [each for each in self.known.values() if each is not newest]
        others.sort(key=_used)
        self._drop(others[: len(others) // _DROPPED + 1])
        if self._size > MOST_SIZE and len(self.known) > 1:
            self._make_room(newest)

    def _drop(self, endpoints: list[Endpoint]) -> None:
        with self._lock:
            for endpoint in endpoints:
                if self.known.get(PATH + endpoint.hook_id) is endpoint:
                    del self.known[PATH + endpoint.hook_id]
                    self._size -= endpoint.size
                    endpoint.size = 0
                    self._released.update(endpoint.secrets)

    def _forget_secrets(self) -> None:
        """Let go of the secrets of endpoints that are no longer at hand: they take memory."""
        with self._lock:
            live = {text for each in self.known.values() for text in each.secrets}
            gone = (self._released - live) & self._masked
            self._masked -= gone
            self._released.clear()
            before = process.secrets
            process.secrets = {text: None for text in [*before] if text not in gone}
            for text in [*before]:  # what another thread has added meanwhile
                if text not in gone:
                    process.add_secret(text)

    def _note_absent(self, hook_id: str, document: Document | None, now: float) -> None:
        kept = self._ttl if document is not None else min(self._ttl, _ABSENT)
        self._unknown.add(hook_id, now, kept)

    def _pointer(
        self,
        name: str | None,
        read: Callable[[float | None], str | None],
        deadline: float | None,
    ) -> str | None:
        state = self._pointers.get(name)
        now = time()
        if state is not None:
            if state[1] <= now < state[2]:
                return state[0]
            limit = now + _REFRESH
            deadline = limit if deadline is None else min(limit, deadline)
        try:
            found = read(deadline)
            kept = self._ttl if found is not None else min(self._ttl, _ABSENT)
        except process.interrupts:
            raise
        except Exception:
            if state is None:
                raise
            now = time()
            found, kept = state[0], min(self._ttl, _AGAIN)
        self._pointers[name] = found, now, now + kept
        return found


def _label(document: Document) -> str:
    """Return what the log calls an endpoint, whatever its name is."""
    name = str(document["name"])[:_MOST_NAME]
    return "[" + "".join([c if c.isprintable() else " " for c in name]) + "] "


def _used(endpoint: Endpoint) -> float:
    return endpoint.used
