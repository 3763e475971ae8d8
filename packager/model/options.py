"""How a group is configured: its options, and where the values of its settings come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from packager.dataclass import dataclass
from packager.errors import Place
from packager.model.calls import InnerDify, Models, Tool
from packager.model.deferred import DeferredRoute, TriggerOptions, WorkerOptions
from packager.model.events import EventMapping

Runtime = Literal["python3.11", "python3.12", "python3.13", "python3.14", "python3.15"]
# What Lambda has as a public preview alone (July 2026): taken where it is named, never chosen.
PREVIEW = frozenset({"python3.15"})
Architecture = Literal["arm64", "x86_64"]
Api = Literal["http", "rest", "url"]
Routes = Literal["all", "declared"]
Adapter = Literal["native", "mangum", "aws-wsgi"]
Sdk = Literal["light", "real"]
Errors = Literal["opaque", "dify"]
Entry = Literal["fast", "stock"]
Logs = Literal["text", "json"]
Storage = Literal["dynamodb", "s3", "file", "memory"]
StorageScope = Literal["plugin", "endpoint"]
Endpoints = Literal["single", "managed"]
EndpointsStore = Literal["dynamodb", "ssm", "file"]
ENDPOINTS = "endpoints"  # what `preload` calls all sources of a group
# What CloudWatch Logs keeps events for, in days (AWS::Logs::LogGroup, RetentionInDays).
LOG_RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


@dataclass(frozen=True, slots=True)
class LiteralSource:
    """A setting's value written in the configuration (never for a secret-input)."""

    value: Any


@dataclass(frozen=True, slots=True)
class EnvSource:
    """A setting's value comes from this environment variable."""

    name: str


@dataclass(frozen=True, slots=True)
class SsmSource:
    """A value in Systems Manager's Parameter Store: a name (`/a/b`, `/a/b:3`) or an ARN."""

    name: str


@dataclass(frozen=True, slots=True)
class SecretSource:
    """A value in Secrets Manager: a secret by name or ARN, the whole of it or one `key` of it."""

    name: str
    key: str | None = None


AwsSource = SsmSource | SecretSource
Source = LiteralSource | EnvSource | AwsSource


@dataclass(frozen=True, slots=True)
class Options:
    """What `[tool.packager]` and the command line say about one group, defaults filled in."""

    runtime: str = "python3.13"  # one of Runtime
    architecture: Architecture = "arm64"
    memory: int = 512  # MiB
    timeout: int = 29  # seconds
    api: Api = "http"
    routes: Routes = "all"
    log_retention: int = 30  # days, one of LOG_RETENTIONS
    logs: Logs = "text"
    alarms: bool | str = False  # or the address they are sent to
    dashboard: bool = False
    metrics: bool = False
    tracing: bool = False
    reserved_concurrency: int | None = None
    template: Mapping[str, Any] = field(default_factory=dict)  # properties of the function in SAM
    api_template: Mapping[str, Any] = field(default_factory=dict)  # properties of its API in SAM
    hook_id: str | None = None
    endpoints: Endpoints = "single"  # or any number of them, each configured by itself
    endpoints_store: EndpointsStore = "dynamodb"  # where the managed ones are
    public_url: str | None = None  # what clients use, without a slash at its end
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    entry: Entry | None = None  # as it was said: what follows is FunctionPlan.entry
    preload: tuple[str, ...] | None = ()  # dotted names of modules; None: nothing at all
    snapstart: bool = False
    provisioned_concurrency: int = 0  # execution environments kept ready
    adapter: Adapter = "native"
    stream: bool = False  # generators are sent as they come
    stream_heartbeat: int = 0  # seconds between comments in silent event streams; 0: none
    errors: Errors = "opaque"
    max_body: int = 6 * 1024 * 1024  # bytes: Lambda's synchronous payload limit ("Lambda quotas")
    binary_types: tuple[str, ...] = ()  # media types, `*` for any characters
    text_types: tuple[str, ...] = ()  # likewise
    gzip: bool = False
    sdk: Sdk = "light"
    diet: bool | tuple[str, ...] = True  # or the packages (normalised names) that it is for
    diet_exclude: tuple[str, ...] = ()
    diet_plugin: bool = False  # imports of the plugin's own modules wait until used
    storage: Storage | None = None  # as it was said: what follows is FunctionPlan.storage
    storage_limit: int | None = None  # bytes, of all values together
    storage_bucket: str | None = None  # None: the template makes one
    storage_prefix: str | None = None  # of the keys in the bucket
    storage_scope: StorageScope = "plugin"  # what shares one space of keys
    base_path: str = ""  # of an API mapping, "/v1", no slash at its end
    settings: Mapping[str, Source] = field(default_factory=dict)
    settings_from: AwsSource | None = None  # a JSON object with settings as its keys
    settings_ttl: int = 300  # seconds that values from AWS are kept
    apps: Mapping[str, Source] = field(default_factory=dict)  # each app's API key; "*": all others'
    models: Models | None = None  # what answers calls of models
    dify_inner: InnerDify | None = None  # what answers calls that nothing else does
    tools: Mapping[str, Tool] = field(default_factory=dict)  # by provider/tool, or provider/*
    # Keys of what answers calls, by where the configuration has them: `models.api_key`.
    keys: Mapping[str, Source] = field(default_factory=dict)
    dify_base_url: str | None = None  # of the Service API, without a slash at its end
    kms_key: str | None = None  # what encrypts those values: an id or ARN, or an alias (or its ARN)
    events: tuple[EventMapping, ...] = ()
    fail_on: tuple[int, ...] = ()  # statuses of answers that fail the invocation
    warmup: Mapping[str, Any] = field(default_factory=dict)  # what pings have
    deferred: tuple[DeferredRoute, ...] = ()
    worker: WorkerOptions = field(default_factory=WorkerOptions)
    trigger: TriggerOptions = field(default_factory=TriggerOptions)
    # Where each key was written, for faults found later: "timeout", "settings.api_key", ...
    places: Mapping[str, Place] = field(default_factory=dict)

    def place(self, key: str) -> Place | None:
        """Return where a key was written, or else the table around it; None where neither was."""
        while key not in self.places and "." in key:
            key = key.rpartition(".")[0]
        return self.places.get(key)

    @property
    def sources(self) -> Mapping[str, Source]:
        """Every source of a value, by the key that names it: `settings.api_key`, `apps.<id>`."""
        found = {f"settings.{name}": source for name, source in self.settings.items()}
        return found | self.call_keys

    @property
    def call_keys(self) -> dict[str, Source]:
        """The sources of the keys that calls back to Dify need: `apps.<id>`, `models.api_key`."""
        found = {f"apps.{app_id}": source for app_id, source in self.apps.items()}
        return found | dict(self.keys)

    @property
    def preload_modules(self) -> tuple[str, ...]:
        """The modules that are imported in the init phase because the configuration names them."""
        return tuple(name for name in self.preload or () if name != ENDPOINTS)

    def diets(self, package: str) -> bool:
        """Whether the import diet may treat a package, by its normalised name."""
        wanted = self.diet if isinstance(self.diet, bool) else package in self.diet
        return wanted and package not in self.diet_exclude

    @property
    def is_managed(self) -> bool:
        """Whether the function serves endpoints that are made once it is deployed."""
        return self.endpoints == "managed"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that values come from, each once."""
        names = [each.name for each in self.sources.values() if isinstance(each, EnvSource)]
        return tuple(dict.fromkeys(names))

    @property
    def python(self) -> str:
        """The Python version alone: `3.13` of `python3.13`."""
        return self.runtime.removeprefix("python")

    @property
    def started_by(self) -> Entry:
        """How Lambda starts the function: the fast entry, where nothing needs the stock one."""
        return self.entry or ("stock" if self.needs_stock else "fast")

    @property
    def needs_stock(self) -> str | None:
        """What of it the stock entry alone serves, as it was written; None for nothing."""
        if self.snapstart:
            return "snapstart = true"
        return f'adapter = "{self.adapter}"' if self.adapter != "native" else None

    @property
    def alias(self) -> Any:
        """The alias that requests and events come to (AWS SAM, AutoPublishAlias); None for none.

        Provisioned concurrency and SnapStart are of published versions.
        """
        wanted = self.snapstart or self.provisioned_concurrency
        return self.template.get("AutoPublishAlias", "live" if wanted else None)
