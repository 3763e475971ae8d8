"""Sessions whose calls of models and tools a scripted server answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from dify_plugin.core.runtime import Session
from endpoint_runtime.app.application import Backends
from tests.support.builders import bundle_module, clock_until
from tests.support.model_server import ModelServer, Reply

KEY = "sk-test-4711-0815"


class Made:
    """A server, and sessions that it answers."""

    def __init__(self, server: ModelServer, **bundle: Any) -> None:
        self.server = server
        self.backends = Backends(bundle_module(**bundle))

    def session(self, deadline: float | None = None) -> Session:
        self.backends.clock = clock = None if deadline is None else clock_until(deadline)
        return Session.of_request("e", self.backends, clock)


Make = Callable[..., Made]


def inner(models: Make, *replies: Reply, **bundle: Any) -> Made:
    """Return a session's maker that a server answers as Dify's inner API."""
    made = models(*replies, MODELS=None, **bundle)
    where = {"url": made.server.url, "tenant": "t-1", "user": "u-1"}
    made.backends.bundle.DIFY_INNER = where
    made.backends.bundle.KEYS = {"dify.inner_key": ("literal", KEY)}
    return made


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "PACKAGER_DIFY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def models() -> Iterator[Make]:
    """`models(reply, ..., names={}, **bundle)`: an OpenAI-compatible endpoint that says these."""
    made: list[Made] = []
    with ExitStack() as stack:

        def make(*replies: Reply, names: dict[str, str] | None = None, **bundle: Any) -> Made:
            server = stack.enter_context(ModelServer(*replies))
            url = f"{server.url}/v1"
            where = {"provider": "openai", "base_url": url, "names": names or {}}
            keys = {"models.api_key": ("literal", KEY)}
            made.append(Made(server, **{"MODELS": where, "KEYS": keys, **bundle}))
            return made[-1]

        yield make
        for each in made:
            if "calls" in each.backends.__dict__:
                each.backends.calls.close()
