"""A provider's constructor in this process: that it runs in a bundle's is for tests/integration."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from endpoint_runtime import process
from endpoint_runtime.subscriptions.constructor import KEY
from endpoint_runtime.subscriptions.constructor import Constructor as InFunction
from packager.bundle.read import BuiltBundle
from packager.local.invoke import Invocation
from packager.subscriptions import constructor
from packager.subscriptions.constructor import Constructor


@contextmanager
def own_constructor(folder: Path, source: str = "provider/doors.py") -> Iterator[Constructor]:
    """Yield what calls the constructor of the plugin in `folder`; its modules are forgotten."""
    bundle = SimpleNamespace(ENDPOINTS={"constructor": source}, HOOK_ID="doors")
    made = InFunction(bundle, str(folder), None)

    def invoke(folder: Path, event: Any, **more: Any) -> Invocation:
        assert event.keys() == {KEY}
        with contextlib.redirect_stdout(io.StringIO()):  # a log, which a bundle's process masks
            reply = made.take(event, None)
        return Invocation(b"", reply, 0, 0, b"")

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setattr(sys, "meta_path", [*sys.meta_path])
        patch.setattr(process, "secrets", {})
        patch.setattr(constructor, "invoke_bundle", invoke)
        yield Constructor(
            BuiltBundle(folder, "DoorsFunction", "3.13", "x86_64", 29, ()), {}, lambda chunk: None
        )
    package = source.partition("/")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
