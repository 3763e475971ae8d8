"""A function with managed endpoints: its declaration, its store, its addresses, its secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from packager.contract import ENDPOINTS_PATH, SUBSCRIPTION_SEALED
from packager.dataclass import dataclass
from packager.endpoints.declaration import Declaration
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.hook_ids import is_genuine, new_hook_id
from packager.endpoints.sealing import seal, unseal
from packager.endpoints.store import Store
from packager.errors import PackagerError, UsageError
from packager.inputs.suggestions import did_you_mean
from packager.model.options import AwsSource
from packager.settings.aws import Aws


@dataclass(frozen=True, slots=True)
class Values:
    """What an endpoint is configured with: values, and where others are kept, by setting."""

    plain: Mapping[str, Any] = field(default_factory=dict, repr=False)
    references: Mapping[str, AwsSource] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Url:
    """Where an interface of an endpoint answers; a path alone where nothing serves it yet."""

    method: str
    url: str


@dataclass(frozen=True, slots=True)
class ManagedFunction:
    """A function whose endpoints are kept in `store`.

    `where` is how messages call what it is in: a stack, or this machine. `base` is its URL without
    a slash at the end, "" where it has none. `data_key` reads what secrets are sealed with; None
    where the store hides values itself. `aws` reads what values refer to; None on this machine.
    """

    declaration: Declaration
    store: Store
    key: str = field(repr=False)  # of the check in hook ids
    where: str
    base: str = ""
    data_key: Callable[[], str] | None = field(default=None, repr=False)
    aws: Aws | None = None

    @property
    def ttl(self) -> int:
        """The seconds after which every running function has what was written."""
        return self.declaration.settings_ttl

    def new_hook_id(self) -> str:
        """Return a hook id that this function takes."""
        return new_hook_id(self.key)

    def takes(self, endpoint: Endpoint) -> bool:
        """Return whether the function takes the endpoint's hook id: another stack's it does not."""
        return is_genuine(endpoint.hook_id, self.key)

    def find(self, name: str | None = None, hook_id: str | None = None) -> Endpoint:
        """Return the endpoint of a name or a hook id; raise `UsageError` where there is none."""
        found = self.store.named(name) if name is not None else self.store.get(hook_id or "")
        if found is None:
            names = sorted(each.name for each in self.store.all())
            hint = did_you_mean(name, names) if name is not None else None
            listed = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
            what = "endpoint" if self.declaration.provider is None else "subscription"
            raise UsageError(
                f"{self.declaration.group} of {self.where} has no {what} {name or hook_id}",
                hint=hint or (f"there are {listed}" if names else "there is none yet"),
            )
        return found

    def urls(self, endpoint: Endpoint, *, hidden: bool = False) -> list[Url]:
        """Return where the interfaces of an endpoint answer, `hidden` ones if that is wished."""
        base = f"{self.base}{ENDPOINTS_PATH}{endpoint.hook_id}"
        return [
            Url(each.method, base + each.path)
            for each in self.declaration.interfaces
            if hidden or not each.hidden
        ]

    def is_secret(self, name: str) -> bool:
        """Return whether a setting is one whose value is never shown."""
        if self.declaration.provider is not None:
            return name in SUBSCRIPTION_SEALED
        setting = self.declaration.setting(name)
        return setting is not None and setting.type == "secret-input"

    def values(self, endpoint: Endpoint) -> Values:
        """Return what an endpoint is configured with, secrets too; raise `PackagerError`."""
        plain = dict(endpoint.settings)
        if endpoint.sealed is not None:
            if self.data_key is None:
                raise PackagerError(
                    f"the secrets of {endpoint.name} are sealed, and {self.where} has no key for "
                    "them",
                    hint="deploy it again, and give its secrets again",
                )
            plain |= unseal(endpoint.sealed, endpoint.hook_id, self.data_key())
        return Values(plain, endpoint.references)

    def with_values(self, endpoint: Endpoint, values: Values) -> Endpoint:
        """Return `endpoint` configured with `values`, secrets sealed where the store shows all."""
        if self.data_key is None:
            return replace(
                endpoint, settings=values.plain, references=values.references, sealed=None
            )
        secret = {name: each for name, each in values.plain.items() if self.is_secret(name)}
        return replace(
            endpoint,
            settings={name: each for name, each in values.plain.items() if name not in secret},
            references=values.references,
            sealed=seal(secret, endpoint.hook_id, self.data_key()) if secret else None,
        )
