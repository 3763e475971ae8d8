"""Measures a cold start of a function as it is served, for the page that explains it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from packager.contract import ENDPOINTS_PATH, STORAGE_VARIABLE
from packager.errors import PackagerError
from packager.local.environment import endpoint_store
from packager.local.request_event import Payload, make_event
from packager.profile.page import render_page
from packager.profile.request import default_request
from packager.profile.run import profile_functions
from packager.profile.start import function_of
from packager.serve.execution import Start

STARTS = 5


def cold_start_page(start: Start) -> str:
    """Return the page of `STARTS` cold starts that answer the group's first GET, as HTML.

    What they store does not last. Raises `PackagerError`.
    """
    bundle = start.bundle
    method, target = default_request(bundle.routes)
    store = endpoint_store(bundle)
    if store is not None:
        enabled = [each for each in store.all() if each.enabled]
        if not enabled:
            raise PackagerError(
                f"{bundle.group} has no {bundle.made} that is enabled",
                hint="create one, then measure",
            )
        chosen = min(enabled, key=lambda each: each.name)
        target = f"{ENDPOINTS_PATH}{chosen.hook_id}{target}"
    payload: Payload = "url" if bundle.stream else "2.0"
    with tempfile.TemporaryDirectory(prefix="packager-") as folder:
        variables = dict(start.variables)
        if STORAGE_VARIABLE in variables:
            variables[STORAGE_VARIABLE] = str(Path(folder) / "storage.db")
        function = function_of(bundle, make_event(method, target, payload=payload), variables)
        profiles = profile_functions([function], f"{method} {target}", starts=STARTS)
    return render_page(profiles)
