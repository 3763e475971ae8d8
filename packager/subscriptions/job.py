"""What it takes to make and end subscriptions: the function, and who calls its constructor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from packager.contract import ENDPOINTS_PATH
from packager.dataclass import dataclass
from packager.endpoints.function import ManagedFunction
from packager.errors import PackagerError, UsageError
from packager.model.options import AwsSource, SecretSource
from packager.model.plugin import Setting, SubscriptionConstructor, TriggerProvider
from packager.plugin.value_sources import source_label
from packager.settings.aws import Aws
from packager.settings.remote_values import texts_of, value_at
from packager.settings.targets import Target
from packager.settings.values import WrongValue
from packager.subscriptions.constructor import Constructor
from packager.subscriptions.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Job:
    """A function of a provider. `open_constructor` has its bundle built; `base` is the URL that
    services reach it at, without a slash at the end, `aws` reads what values refer to."""

    function: ManagedFunction
    open_constructor: Callable[[], Constructor]
    base: str
    aws: Callable[[], Aws] = field(repr=False)

    @property
    def provider(self) -> TriggerProvider:
        """The provider."""
        provider = self.function.declaration.provider
        if provider is None:
            raise UsageError(
                f"{self.function.declaration.group} is no trigger provider",
                hint="`packager endpoints` is for endpoint groups",
            )
        return provider

    @property
    def constructor(self) -> SubscriptionConstructor:
        """What the provider declares of its constructor; raise `UsageError` for none."""
        declared = self.provider.subscription_constructor
        if declared is None:
            raise UsageError(
                f"{self.provider.name} has no constructor: its subscriptions are made at the "
                "service by hand",
                hint="leave out parameters, credentials and --oauth",
            )
        return declared

    def endpoint_url(self, hook_id: str) -> str:
        """Return the address that the service is told; a path alone where nothing is known."""
        return f"{self.base}{ENDPOINTS_PATH}{hook_id}"

    def credentials(self, subscription: Subscription) -> dict[str, Any]:
        """Return a subscription's credentials, what is kept elsewhere read."""
        made = self.constructor
        declared = made.credentials_schema
        if subscription.credential_type == "oauth2" and made.oauth_schema:
            declared = made.oauth_schema.credentials_schema
        return self.read("credentials", declared, subscription.credentials, subscription.references)

    def oauth_client(self, subscription: Subscription) -> dict[str, Any]:
        """Return the settings of a subscription's OAuth client, likewise."""
        schema = self.constructor.oauth_schema
        declared = schema.client_schema if schema else ()
        return self.read(
            "oauth_client", declared, subscription.oauth_client, subscription.references
        )

    def read(
        self,
        part: str,
        declared: tuple[Setting, ...],
        values: Mapping[str, Any],
        references: Mapping[str, AwsSource],
    ) -> dict[str, Any]:
        """Return the values of a part, what is kept elsewhere read; raise `PackagerError`."""
        own = {
            key.removeprefix(f"{part}."): source
            for key, source in references.items()
            if key.startswith(f"{part}.")
        }
        if not own:
            return dict(values)
        texts = texts_of(list(own.values()), self.aws())
        found = dict(values)
        for name, source in own.items():
            setting = next((each for each in declared if each.name == name), None)
            target: Target = (source, None)
            if isinstance(source, SecretSource):
                target = SecretSource(source.name), source.key
            try:
                value = None if setting is None else value_at(setting, target, texts)
            except WrongValue as wrong:
                raise PackagerError(f"{source_label(source)}: {wrong}") from None
            if value is None:
                raise PackagerError(
                    f"there is no {source_label(source)}, which {part}.{name} refers to"
                )
            found[name] = value
        return found
