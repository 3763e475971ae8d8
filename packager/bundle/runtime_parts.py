"""Says which parts of the runtime a function can use: what it can't stays out of its bundle.

What is in none of `PARTS` is in every bundle. When in doubt a part ships: a new module of the
runtime belongs into a part only if the plan says for certain whether it can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from packager.analysis.facts import SourceFacts
from packager.inputs.gitignore import Patterns
from packager.model.options import AwsSource
from packager.plugin.functions import FunctionPlan

Facts = Mapping[str, SourceFacts]
_RUNTIME = "endpoint_runtime"
# What plugins import to call Dify's apps and files, and whatever their code calls those parts.
_INVOCATIONS = "dify_plugin.invocations"
_STORAGE = f"{_INVOCATIONS}.storage"
_CALLED = frozenset({"app", "file"})


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


def _calls_dify(plan: FunctionPlan, facts: Facts) -> bool:
    if plan.options.apps or plan.options.dify_base_url:
        return True
    for fact in facts.values():
        if any(name in _CALLED for name, _ in fact.uses) or fact.calls:
            return True
        for each in fact.imports:
            inner = each.module == _INVOCATIONS or each.module.startswith(f"{_INVOCATIONS}.")
            if inner and each.module != _STORAGE:
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
        "public_url",
        ("app/public_url.py",),
        lambda plan, facts: plan.options.public_url is not None,
    ),
    Part("gzip", ("gateway/compression.py",), lambda plan, facts: plan.options.gzip),
    Part("dify", ("dify/",), _calls_dify, ("http",)),
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
            *("aws/__init__.py", "aws/client.py", "aws/credentials.py", "aws/endpoints.py"),
            *("aws/errors.py", "aws/roots.py", "aws/amazon_roots.pem", "aws/signed_requests.py"),
            *("aws/sigv4.py", "aws/transport.py"),
        ),
        needs=("http",),
    ),
    Part("http", ("http_client/",)),
)


def left_out(plan: FunctionPlan, facts: Facts, files: Iterable[str]) -> tuple[str, ...]:
    """Name the parts that a function can't use, in their order.

    `facts` are of the sources that it ships, `files` all that the runtime has (posix paths in the
    bundle's root). What `keep` matches a file of stays, as does everything where the plugin names
    the runtime itself.
    """
    named = [*plan.options.preload]
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
