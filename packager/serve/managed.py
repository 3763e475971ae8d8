"""The managed endpoints of the functions that are served: whose they are, and their secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field, replace

from packager.contract import ENDPOINTS_KEY_VARIABLE, LOCAL_ENDPOINTS_VARIABLE
from packager.dataclass import dataclass
from packager.endpoints.function import ManagedFunction
from packager.endpoints.local import default_file, local_function
from packager.errors import PackagerError
from packager.plugin.functions import FunctionPlan
from packager.subscriptions.subscription import secret_texts


def endpoint_variables(plan: FunctionPlan) -> dict[str, str]:
    """Return the environment variables that tell a managed function of its endpoints here."""
    if not plan.options.is_managed:
        return {}
    key = local_function(plan).key
    return {LOCAL_ENDPOINTS_VARIABLE: str(default_file()), ENDPOINTS_KEY_VARIABLE: key}


def as_managed(plan: FunctionPlan) -> FunctionPlan:
    """Return the plan of a function as if it were configured for managed endpoints.

    Its own settings and hook id mean nothing then, nor do events that name no endpoint.
    """
    options = plan.options
    if options.is_managed:
        return plan
    managed = replace(
        options,
        endpoints="managed",
        hook_id=None,
        settings={},
        settings_from=None,
        events=tuple(each for each in options.events if each.endpoint is not None),
    )
    return replace(plan, options=managed)


def read_at_once(plan: FunctionPlan) -> FunctionPlan:
    """Return the plan of a managed function that has every change of its endpoints at once."""
    if not plan.options.is_managed:
        return plan
    return replace(plan, options=replace(plan.options, settings_ttl=0))


@dataclass(slots=True)
class LocalEndpoints:
    """The endpoints of functions, by their logical ids. `changed` is told once they have changed,
    at the latest with the next request for one of them."""

    changed: Callable[[], None] = lambda: None
    _functions: dict[str, ManagedFunction] = field(default_factory=dict)
    _seen: tuple[int, ...] = ()

    def add(self, plan: FunctionPlan, base: str) -> ManagedFunction:
        """Know a function, whose endpoints' addresses begin with `base`."""
        function = replace(local_function(plan), base=base)
        self._functions[plan.logical_id] = function
        return function

    def owner(self, hook_id: str) -> tuple[str, str] | None:
        """Return the function that has a hook id, and the endpoint's name; None for nobody."""
        state = _state()
        if state != self._seen:
            self._seen = state
            self.changed()
        for name, function in self._functions.items():
            try:
                endpoint = function.store.get(hook_id)
            except PackagerError:  # the request itself will tell
                return None
            if endpoint is not None:
                return name, endpoint.name
        return None

    def secrets(self) -> Iterable[str]:
        """Yield the values of secret settings."""
        for function in self._functions.values():
            hidden = {
                each.name for each in function.declaration.settings if each.type == "secret-input"
            }
            try:
                endpoints = function.store.all()
            except PackagerError:
                continue
            for endpoint in endpoints:
                for name in hidden & set(endpoint.settings):
                    value = endpoint.settings[name]
                    if isinstance(value, str) and value:
                        yield value
                if function.declaration.provider is not None:
                    yield from secret_texts(endpoint)


def _state() -> tuple[int, ...]:
    """Return what changes whenever somebody writes to the file."""
    file = default_file()
    found: list[int] = []
    for path in (file, file.with_name(f"{file.name}-wal")):
        try:
            told = path.stat()
        except OSError:
            continue
        found += [told.st_mtime_ns, told.st_size, told.st_ino]
    return tuple(found)
