"""The keys of the configuration, each described once.

Readers, messages, the table of docs/configuration.md and the JSON Schema follow from this; defaults
are those of `Options`. A new key is an entry here and a field there. It is a list, so it may be
long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args

from packager.config.deferred_keys import DEFERRED_SCHEMA, TRIGGER_SCHEMA, WORKER_SCHEMA
from packager.config.key_types import (
    Key,
    alarms,
    choice,
    entries,
    globs,
    media_types,
    module_names,
    number_choice,
    packages,
    read_list,
    statuses,
    table,
    text,
    truth,
    whole,
)
from packager.config.sources import DOCUMENT_SCHEMA, read_document
from packager.config.tables import any_table
from packager.model.options import (
    LOG_RETENTIONS,
    Adapter,
    Api,
    Architecture,
    Endpoints,
    EndpointsStore,
    Entry,
    Errors,
    Logs,
    Options,
    Routes,
    Runtime,
    Sdk,
    Storage,
    StorageScope,
)

KEYS: Mapping[str, Key] = {
    key.name: key
    for key in (
        choice(
            "runtime",
            get_args(Runtime),
            says='`"python3.11"` to `"python3.15"`, the last a preview on Lambda. A '
            "plugin without any configuration gets "
            "that of its manifest's `meta.runner.version`, where Lambda has it; where "
            "`requires-python` excludes the default and nothing is said here, the newest that it "
            "allows",
        ),
        choice(
            "architecture",
            get_args(Architecture),
            says='or `"x86_64"`. Where nothing is said here, what the manifest\'s '
            "`meta.arch` names, if that is one alone",
        ),
        # "Configure Lambda function memory"
        whole(
            "memory",
            128,
            10240,
            "MiB",
            says="MiB, 128 to 10240. CPU comes with it. Where nothing is said here, the manifest's "
            "`resource.memory` if that is more",
        ),
        # "Lambda quotas"
        whole(
            "timeout",
            1,
            1800,
            "seconds",
            says="seconds, 1 to 1800 (above 900 with a warning). At most 30 with "
            '`api = "http"`, 29 with `"rest"` unless it streams',
        ),
        choice(
            "api",
            get_args(Api),
            says='`"http"` (HTTP API), `"rest"` (regional REST API), `"url"` (function URL); see '
            "[what the stack holds](deploy.md#what-the-stack-holds)",
        ),
        choice(
            "routes",
            get_args(Routes),
            says='`"all"` passes every path and method to the function, `"declared"` only what '
            'endpoints declare (not with `api = "url"`)',
        ),
        number_choice(
            "log_retention",
            LOG_RETENTIONS,
            "days",
            says="days that CloudWatch keeps the log: "
            + ", ".join(map(str, LOG_RETENTIONS[:-1]))
            + f" or {LOG_RETENTIONS[-1]}",
        ),
        choice(
            "logs",
            get_args(Logs),
            says='or `"json"`: each line of the log is JSON, with the ids of the request and the '
            "trace; see [logs](operations.md#logs)",
        ),
        alarms(
            "alarms",
            says='`true` or `{email = "ops@example.com"}`: alarms for errors, throttles, slow '
            "requests and dead letters; see [alarms](operations.md#alarms)",
        ),
        truth(
            "dashboard",
            says="`true` adds the function to the stack's CloudWatch dashboard; see "
            "[the dashboard](operations.md#the-dashboard)",
        ),
        truth(
            "metrics",
            says="`true` writes CloudWatch's embedded metrics into the log; see "
            "[metrics](operations.md#metrics)",
        ),
        truth(
            "tracing",
            says="`true` traces with X-Ray, calls of apps and models included; see "
            "[traces](operations.md#traces)",
        ),
        whole(
            "reserved_concurrency",
            0,
            100_000,
            "execution environments",
            says="execution environments that the function has at most, and that no other takes "
            "from it; 0 stops it; see [limits](operations.md#limits)",
            unset="what the account has",
        ),
        table(
            "template",
            says="SAM properties of the function; see [changing what SAM "
            "writes](deploy.md#changing-what-sam-writes)",
        ),
        table(
            "api_template",
            says='SAM properties of its API, likewise (not with `api = "url"`)',
        ),
        # It travels in a header and in URLs.
        text(
            "hook_id",
            "1 to 128 of A-Z, a-z, 0-9, '.', '_', '~' and -",
            r"[A-Za-z0-9._~-]{1,128}",
            says="what the header `Dify-Hook-Id` says: 1 to 128 letters, digits, `.`, `_`, `~` "
            "and `-`",
            unset="the function's id",
        ),
        choice(
            "endpoints",
            get_args(Endpoints),
            says='or `"managed"`: the function serves any number of endpoints, each with its own '
            "name, settings and address, made once it is deployed; see [endpoints](endpoints.md)",
        ),
        choice(
            "endpoints_store",
            get_args(EndpointsStore),
            says='where managed endpoints are kept, or `"ssm"`, `"file"` (local); see '
            "[stores](endpoints.md#stores)",
        ),
        text(
            "public_url",
            "a URL such as https://hooks.example.com, without a slash at its end",
            r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*",
            says='the address that clients use, `"https://hooks.example.com"`, where a proxy such '
            "as CloudFront stands before the function; see [behind a "
            "proxy](events.md#behind-a-proxy)",
            unset="what the gateway says",
        ),
        globs(
            "include",
            says="globs (gitignore syntax) of files that ship although an ignore file or a "
            "default leaves them out",
        ),
        globs(
            "exclude",
            says="globs of files that do not ship; goes before `include`",
        ),
        globs(
            "keep",
            says="globs (gitignore syntax) of packages' and the runtime's files that stay "
            "although nothing seems to need them; see [what is taken "
            "out](bundle.md#what-is-taken-out)",
        ),
        choice(
            "entry",
            get_args(Entry),
            says='what starts the function: `"fast"`, the bundle\'s own loop, or `"stock"`, AWS\'s '
            "client; see [the fast entry](fast-entry.md). With another `adapter` it is "
            '`"stock"`',
            unset='`"fast"`',
        ),
        module_names(
            "preload",
            says="modules loaded before the first request, besides a group's only source: "
            '`["webhooks.signature", "json"]`; `"endpoints"` is all sources, `false` none; see '
            "[init phase or first request](cold-start.md#init-phase-or-first-request)",
            unset="a group's only source",
        ),
        # What an account may have is a quota that AWS raises on request.
        whole(
            "provisioned_concurrency",
            0,
            100_000,
            "execution environments",
            says="execution environments that Lambda keeps ready, see there",
        ),
        truth(
            "snapstart",
            says="`true` starts from a snapshot of the loaded function (Python 3.12 or later, "
            "the stock entry), see there",
        ),
        choice(
            "adapter",
            get_args(Adapter),
            says='what translates events: `"native"`, `"mangum"` or `"aws-wsgi"`; see '
            "[adapters](adapters.md)",
        ),
        truth(
            "stream",
            says='`true` sends what an endpoint yields as it is yielded (with `api = "url"` or '
            '`"rest"`, the fast entry); see [streaming](streaming.md)',
        ),
        # 5 minutes of silence end a REST stream
        whole(
            "stream_heartbeat",
            0,
            240,
            "seconds",
            says="seconds of silence, up to 240, after which an event stream gets a comment; 0: "
            "never",
        ),
        choice(
            "errors",
            get_args(Errors),
            says='or `"dify"`: replies to errors as Dify gives them; see '
            "[errors](events.md#errors)",
        ),
        # "Amazon API Gateway quotas"
        whole(
            "max_body",
            1,
            10 * 1024 * 1024,
            "bytes",
            says="bytes a request's body may have, 1 to 10485760; a larger one is answered with "
            "413",
        ),
        media_types(
            "binary_types",
            says='media types (`"application/vnd.x"`, `"image/*"`) whose bodies go as base64 '
            "although they would go as text",
        ),
        media_types(
            "text_types",
            says="media types whose bodies go as text, where they are UTF-8, although they would "
            "go as base64; see [replies](events.md#replies)",
        ),
        truth(
            "gzip",
            says="`true` compresses replies where clients accept it; see "
            "[compression](events.md#compression)",
        ),
        packages(
            "diet",
            truth=True,
            says="packages import modules at their first use: [the import diet](cold-start.md); a "
            'list, `["werkzeug", "boto3"]`, is of those alone, `false` leaves all as they ship',
        ),
        packages(
            "diet_exclude",
            truth=False,
            says="packages that ship as they are all the same",
        ),
        truth(
            "diet_plugin",
            says="`true`: imports at the top of the plugin's own modules wait until what they bind "
            "is used, where nothing could see a difference; see [imports that "
            "wait](cold-start.md#imports-that-wait)",
        ),
        choice(
            "sdk",
            get_args(Sdk),
            says='or `"real"`: the bundle holds the real `dify_plugin` as the plugin pins it: '
            "[what that costs](plugins.md#the-real-sdk)",
        ),
        choice(
            "storage",
            get_args(Storage),
            says='or `"s3"`, `"memory"`, `"file"`: what keeps its bytes; see [storage](storage.md)',
            unset='`"dynamodb"` if the code uses `session.storage`',
        ),
        whole(
            "storage_limit",
            1,
            1 << 50,
            "bytes",
            says='bytes that all values of the plugin may have together, with `"dynamodb"`; see '
            "[a limit](storage.md#a-limit)",
            unset="none",
        ),
        # "Bucket naming rules"; a dot would make its name one that TLS does not verify.
        text(
            "storage_bucket",
            "a bucket's name: 3 to 63 of a-z, 0-9 and -",
            r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            says='the name of a bucket that exists, for `"s3"`: 3 to 63 lower-case letters, '
            "digits and `-`",
            unset="a bucket of the template",
        ),
        text(
            "storage_prefix",
            "up to 200 of A-Z, a-z, 0-9, '/', '.', '_' and -, not starting with a slash",
            r"([A-Za-z0-9._-][A-Za-z0-9/._-]{0,199})?",
            says='what the names of objects in the bucket start with, `""` for nothing',
            unset="the plugin's name and a slash",
        ),
        choice(
            "storage_scope",
            get_args(StorageScope),
            says='what has one space of keys: a plugin, as in Dify, or `"endpoint"`, each managed '
            "endpoint; see [a space for each endpoint](storage.md#a-space-for-each-endpoint)",
        ),
        # The characters that a base path mapping may have ("Use API mappings").
        text(
            "base_path",
            "a path such as /v1, without a slash at its end",
            r"(/[A-Za-z0-9$\-_.+!*'()]+)+",
            says='`"/v1"` if a custom domain\'s API mapping puts that before the paths of an HTTP '
            "API; see [paths](events.md#paths)",
            unset="none",
        ),
        entries(
            "events",
            says="queues, topics, buses and schedules whose events reach an endpoint; see "
            "[events that are not requests](events.md#events-that-are-not-requests)",
        ),
        statuses(
            "fail_on",
            says="statuses of answers that fail the invocation, `[500, 503]`, where the sender is "
            "to try again; see [answers that fail](events.md#answers-that-fail)",
        ),
        table(
            "warmup",
            says="what the pings of your warmer have, `{warmer = true}`, answered at once. "
            "Those of serverless-plugin-warmup are known",
        ),
        Key(
            "deferred",
            "a list of paths and tables",
            read_list,
            DEFERRED_SCHEMA,
            says="paths that are acknowledged at once and worked off a queue; see "
            "[deferred routes](deferred.md)",
        ),
        Key(
            "worker",
            "a table",
            any_table,
            WORKER_SCHEMA,
            says="a table for who works them off: `timeout`, `tries` and others; see "
            "[the worker](deferred.md#the-worker)",
            unset="see there",
        ),
        Key(
            "trigger",
            "a table",
            any_table,
            TRIGGER_SCHEMA,
            says="what a trigger provider's deliveries are known by, and in order by: `dedupe`, "
            "`dedupe_for`, `order_by`; see [once, and in order](triggers.md#once-and-in-order)",
            unset="none",
        ),
        Key(
            "settings_from",
            'a document\'s place, {ssm = "/name"} or {secret = "name or ARN"}',
            read_document,
            DOCUMENT_SCHEMA,
            says='`{ssm = "/name"}` or `{secret = "name"}`: one JSON document with the settings '
            "of the group",
            unset="none",
        ),
        whole(
            "settings_ttl",
            0,
            86400,
            "seconds",
            says="seconds that values from AWS are kept, 0 to 86400; 0 reads them again for "
            "every request",
        ),
        # An id or ARN, an alias or its ARN ("DescribeKey" of the KMS API, KeyId).
        text(
            "kms_key",
            "a key's id or ARN, or an alias such as alias/neko",
            r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/|alias/)?[A-Za-z0-9/_-]{1,256}",
            says="the customer key that encrypts those values: its id or ARN, or an alias "
            '(`"alias/neko"`, or its ARN)',
            unset="AWS's own",
        ),
    )
}

# Tables whose keys are names of the plugin's or of Dify's: what is in them is read elsewhere.
TABLES: Mapping[str, Key] = {
    key.name: key
    for key in (
        table(
            "settings",
            says="where the value of a setting comes from; see [below](#settings)",
            unset="none",
            below="<setting>",
        ),
        table(
            "apps",
            says="where the API key of a Dify app is: a source, as [below](#settings); "
            '`apps."*"` for all other apps. See [apps](calls.md#apps)',
            unset="none",
            below="<app id>",
        ),
        table(
            "models",
            says="what answers `session.model`: an OpenAI-compatible endpoint, or Amazon Bedrock. "
            "See [models](calls.md#models)",
            unset="none",
            below="base_url",
        ),
        table(
            "tools",
            says="what answers `session.tool`: a table for each tool, by `mcp`, `openapi`, "
            "`lambda` or `plugin`. See [tools](calls.md#tools)",
            unset="none",
            below="<provider>/<tool>",
        ),
        table(
            "dify",
            says="the address of Dify's Service API; `inner_url`, `inner_key`, `tenant_id` and "
            "`user_id` are for the [inner API](calls.md#the-inner-api)",
            unset='`"https://api.dify.ai/v1"`',
            below="base_url",
        ),
    )
}
# At the top alone: the same keys again, for one endpoint group.
GROUPS = table(
    "groups",
    says="a table of any of the above, for one endpoint group",
    unset="none",
    below="<name>",
)


def default_of(key: Key) -> Any:
    """Return what a group's options have where `key`, one of `KEYS`, is not said."""
    [own] = [each for each in fields(Options) if each.name == key.name]
    return own.default_factory() if own.default_factory is not MISSING else own.default
