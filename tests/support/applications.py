"""What the fixtures of tests/runtime/conftest.py are, for tests that take them."""

from __future__ import annotations

from collections.abc import Callable

from endpoint_runtime.app.application import Application

MakeApplication = Callable[..., Application]
