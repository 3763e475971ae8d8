"""A session whose calls are answered by the Dify stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from dify_plugin.core.runtime import Session
from endpoint_runtime.app.application import Backends
from tests.support.builders import bundle_module, clock_until
from tests.support.failing_dify import FailingDify


class Dify:
    """A stand-in, and sessions that it answers; apps have keys that are not their ids."""

    def __init__(self, fake: FailingDify, apps: dict[str, Any]) -> None:
        self.fake = fake
        self.bundle = bundle_module(DIFY_BASE_URL=fake.url, APPS=apps)
        self.backends = Backends(self.bundle)

    def session(self, deadline: float | None = None) -> Session:
        self.backends.clock = clock = None if deadline is None else clock_until(deadline)
        return Session.of_request("e", self.backends, clock)

    @property
    def requests(self) -> list[tuple[str, str]]:
        return [(each.method, each.path.removeprefix("/v1")) for each in self.fake.seen]


MakeDify = Callable[..., Dify]


@pytest.fixture
def dify(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeDify]:
    """`dify(mode, ..., **options)`: an app of each mode, named after it."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "PACKAGER_DIFY"):
        monkeypatch.delenv(name, raising=False)
    made: list[Dify] = []
    with ExitStack() as stack:

        def make(*modes: str, **options: Any) -> Dify:
            ids = modes or ("chat", "agent-chat", "advanced-chat", "workflow", "completion")
            keys = {mode: f"app-key-of-{mode}" for mode in ids}
            fake = stack.enter_context(FailingDify(keys=keys, **options))
            made.append(Dify(fake, {name: ("literal", key) for name, key in keys.items()}))
            return made[-1]

        yield make
        for each in made:
            if "service_api" in each.backends.__dict__:
                each.backends.service_api.close()
