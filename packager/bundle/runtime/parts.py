"""Says which parts of the runtime a function can use: what it can't stays out of its bundle.

What is in none of `PARTS` is in every bundle. When in doubt a part ships: a new module of the
runtime belongs into a part only if the plan says for certain whether it can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from packager.analysis.facts import SourceFacts
from packager.dataclass import dataclass
from packager.inputs.gitignore import Patterns
from packager.model.events import AnyEvent
from packager.model.options import AwsSource
from packager.plugin.functions import FunctionPlan

Facts = Mapping[str, SourceFacts]
_RUNTIME = "endpoint_runtime"
# What plugins import to call Dify's apps and files, and whatever their code calls those parts.
_INVOCATIONS = "dify_plugin.invocations"
_STORAGE = f"{_INVOCATIONS}.storage"
_CALLED = frozenset({"app", "file"})
_MODELS = ("model", "workflow_node")
_CALL_PARTS = ("model.", "tool.", "workflow_node.")
_CALL_MODULES = tuple(f"{_INVOCATIONS}.{name}" for name in ("model", "tool", "workflow_node"))


@dataclass(frozen=True, slots=True)
class Part:
    """Files that go together, posix paths in `endpoint_runtime/`; a folder's ends in a slash.

    `wanted` tells whether a function can use it, from its plan and the facts on its sources;
    `needs` names parts that have to come with it.
    """

    name: str
    files: tuple[str, ...]
    wanted: Callable[[FunctionPlan, Facts], bool] = lambda plan, facts: False
    needs: tuple[str, ...] = ()

    def holds(self, file: str) -> bool:
        """Return whether a file of the bundle's root is of this part."""
        top, _, inner = file.partition("/")
        return top == _RUNTIME and any(
            inner.startswith(each) if each.endswith("/") else inner == each for each in self.files
        )


def _reads_aws(plan: FunctionPlan, facts: Facts) -> bool:
    sources = [*plan.options.sources.values(), plan.options.settings_from]
    return any(isinstance(source, AwsSource) for source in sources)


def _calls(plan: FunctionPlan, facts: Facts, *names: str) -> bool:
    """Whether code may use one of these parts of a session, or the SDK's classes for them."""
    for fact in facts.values():
        if any(name in names for name, _ in fact.uses):
            return True
        if any(each.call.partition(".")[0] in names for each in fact.calls):
            return True
        modules = [each.module for each in fact.imports]
        if any(module.startswith(_CALL_MODULES) for module in modules):
            return True
        if _INVOCATIONS in modules or any("*" in each.names for each in fact.imports):
            return True
    return False


def _calls_inner(plan: FunctionPlan, facts: Facts) -> bool:
    options = plan.options
    if options.dify_inner is not None and _calls_dify(plan, facts):
        return True
    if options.dify_inner is not None or options.models is not None or options.tools:
        return _calls(plan, facts, *_MODELS, "tool")
    # Also where nothing is configured, if a call is certain: Dify's stand-in answers by it.
    return any(
        each.call.startswith(_CALL_PARTS) for fact in facts.values() for each in fact.calls
    ) or any(
        each.module.startswith(_CALL_MODULES) for fact in facts.values() for each in fact.imports
    )


def _calls_models(provider: str) -> Callable[[FunctionPlan, Facts], bool]:
    def wanted(plan: FunctionPlan, facts: Facts) -> bool:
        models = plan.options.models
        return models is not None and models.provider == provider and _calls(plan, facts, *_MODELS)

    return wanted


def _calls_nodes(plan: FunctionPlan, facts: Facts) -> bool:
    # `model` has summaries, which are made as nodes are.
    return plan.options.models is not None and _calls(plan, facts, *_MODELS)


def _calls_tools(kind: str) -> Callable[[FunctionPlan, Facts], bool]:
    def wanted(plan: FunctionPlan, facts: Facts) -> bool:
        kinds = {tool.kind for tool in plan.options.tools.values()}
        return kind in kinds and _calls(plan, facts, "tool")

    return wanted


def _calls_own_tools(plan: FunctionPlan, facts: Facts) -> bool:
    return bool(plan.plugin.own_tools) and _calls(plan, facts, "tool")


def _calls_other_tools(plan: FunctionPlan, facts: Facts) -> bool:
    return bool(plan.tool_plugins) and _calls(plan, facts, "tool")


def _calls_dify(plan: FunctionPlan, facts: Facts) -> bool:
    if plan.options.apps or plan.options.dify_base_url or plan.group.provider is not None:
        return True
    for fact in facts.values():
        if any(name in _CALLED for name, _ in fact.uses):
            return True
        if any(each.call.partition(".")[0] in _CALLED for each in fact.calls):
            return True
        for each in fact.imports:
            inner = each.module == _INVOCATIONS or each.module.startswith(f"{_INVOCATIONS}.")
            if inner and each.module != _STORAGE and not each.module.startswith(_CALL_MODULES):
                return True
            if each.module.partition(".")[0] == "dify_plugin" and {"*", "File"} & {*each.names}:
                return True
    return False


# The order is that of the bundle's literal LEFT_OUT.
PARTS = (
    Part("real_sdk", ("real_sdk.py",), lambda plan, facts: plan.options.sdk == "real"),
    Part("mangum", ("adapters/mangum.py",), lambda plan, facts: plan.options.adapter == "mangum"),
    Part(
        "aws-wsgi",
        ("adapters/aws_wsgi.py",),
        lambda plan, facts: plan.options.adapter == "aws-wsgi",
    ),
    Part(
        "stream",
        ("app/streaming.py", "app/response_stream.py", "app/heartbeat.py"),
        lambda plan, facts: plan.options.stream,
    ),
    Part(
        "managed",
        ("managed/",),
        lambda plan, facts: plan.options.is_managed,
        ("aws_values",),  # settings of endpoints may refer to parameters and secrets
    ),
    Part(
        "subscriptions",
        ("subscriptions/",),
        lambda plan, facts: (
            plan.group.provider is not None
            and plan.group.provider.subscription_constructor is not None
        ),
        ("managed",),
    ),
    Part(
        "triggers",
        ("triggers/",),
        lambda plan, facts: plan.group.provider is not None,
        ("managed", "deferred", "dify"),
    ),
    Part(
        "any_event",
        ("app/any_event.py",),
        lambda plan, facts: any(isinstance(each, AnyEvent) for each in plan.options.events),
    ),
    # What is parked is in S3.
    Part(
        "deferred",
        ("deferred/",),
        lambda plan, facts: bool(plan.options.deferred),
        ("aws", "s3"),
    ),
    Part(
        "public_url",
        ("app/public_url.py",),
        lambda plan, facts: plan.options.public_url is not None,
    ),
    Part(
        "metrics", ("observe/metrics.py",), lambda plan, facts: plan.options.metrics, ("observe",)
    ),
    Part(
        "tracing", ("observe/tracing.py",), lambda plan, facts: plan.options.tracing, ("observe",)
    ),
    Part("observe", ("observe/__init__.py", "observe/attach.py")),
    Part("gzip", ("gateway/compression.py",), lambda plan, facts: plan.options.gzip),
    Part("dify", ("dify/",), _calls_dify, ("keyed_api",)),
    Part("inner", ("calls/inner.py", "calls/inner_apps.py"), _calls_inner, ("calls",)),
    Part("openai", ("calls/openai/",), _calls_models("openai"), ("calls",)),
    Part("nodes", ("calls/nodes.py",), _calls_nodes, ("calls",)),
    Part("bedrock", ("calls/bedrock/",), _calls_models("bedrock"), ("signed",)),
    Part("tool_mcp", ("calls/tools/mcp.py",), _calls_tools("mcp"), ("tools",)),
    Part("tool_openapi", ("calls/tools/http_api.py",), _calls_tools("openapi"), ("tools",)),
    Part(
        "tool_lambda",
        ("calls/tools/aws_lambda.py",),
        _calls_tools("lambda"),
        ("tools", "signed"),
    ),
    Part("other_tools", ("calls/tools/other.py",), _calls_other_tools, ("own_tools",)),
    Part(
        "own_tools",
        ("calls/tools/own.py", "calls/tools/parameters.py"),
        _calls_own_tools,
        ("tools",),
    ),
    Part(
        "tools",
        ("calls/tools/__init__.py", "calls/tools/find.py", "calls/tools/messages.py"),
        needs=("calls",),
    ),
    Part("signed", ("calls/signed.py",), needs=("calls", "aws")),
    Part(
        "calls",
        (
            *("calls/__init__.py", "calls/answering.py", "calls/errors.py", "calls/keys.py"),
            *("calls/model_names.py", "calls/refusals.py", "calls/server.py"),
            *("calls/values.py",),
        ),
        needs=("keyed_api",),
    ),
    # What answers calls, AWS aside.
    Part(
        "keyed_api",
        (
            *("http_client/event_stream.py", "http_client/form_data.py", "http_client/pool.py"),
            "settings/keys.py",
        ),
        needs=("http",),
    ),
    # Values of settings and API keys.
    Part(
        "aws_values",
        ("settings/aws_values.py", "settings/aws_extension.py", "settings/refreshed.py"),
        _reads_aws,
        ("aws",),
    ),
    Part(
        "dynamodb",
        (
            *("storage/dynamodb.py", "storage/dynamodb_table.py"),
            *("storage/generations.py", "storage/quota.py"),
        ),
        lambda plan, facts: plan.storage == "dynamodb",
        ("aws",),
    ),
    Part(
        "s3",
        ("storage/s3.py", "aws/s3.py"),
        lambda plan, facts: plan.storage == "s3",
        ("aws",),
    ),
    Part(
        "aws",
        (
            *("aws/__init__.py", "aws/amazon_roots.pem", "aws/credentials.py", "aws/endpoints.py"),
            *("aws/errors.py", "aws/json_protocol.py", "aws/other_credentials.py", "aws/roots.py"),
            *("aws/signed_requests.py", "aws/sigv4.py", "aws/transport.py"),
        ),
        needs=("http",),
    ),
    Part(
        "http",
        (
            *("http_client/__init__.py", "http_client/connection.py", "http_client/proxies.py"),
            *("http_client/response.py", "http_client/stream.py", "http_client/tls.py"),
        ),
    ),
)


def left_out(plan: FunctionPlan, facts: Facts, files: Iterable[str]) -> tuple[str, ...]:
    """Name the parts that a function can't use, in their order.

    `facts` are of the sources that it ships, `files` all that the runtime has (posix paths in the
    bundle's root). What `keep` matches a file of stays, as does everything where the plugin names
    the runtime itself.
    """
    named = [*plan.options.preload_modules]
    named += [each.module for fact in facts.values() for each in fact.imports]
    if any(module.partition(".")[0] == _RUNTIME for module in named):
        return ()
    wanted = Patterns(plan.options.keep)
    kept = [file for file in files if wanted.match(file)]
    there: set[str] = set()
    pending = [
        part.name
        for part in PARTS
        if part.wanted(plan, facts) or any(part.holds(file) for file in kept)
    ]
    needs = {part.name: part.needs for part in PARTS}
    while pending:
        name = pending.pop()
        there.add(name)
        pending += needs[name]
    return tuple(part.name for part in PARTS if part.name not in there)
