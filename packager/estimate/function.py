"""What an estimate takes of a function: what it is, what it takes, and who says so."""

from __future__ import annotations

from dataclasses import field

from packager.dataclass import dataclass
from packager.estimate.model import Setup
from packager.model.options import Api, Architecture, SecretSource, SsmSource
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import aws_sources
from packager.sam.deferred.resources import kinds
from packager.sam.operate.alarms import alarm_kinds

_METRICS = 6  # of a function, besides one for each status of each route (docs/operations.md)
_METRIC_BYTES = 500  # of the line that a request's metrics are
LOG_BYTES = 400  # START, END and REPORT with what CloudWatch adds to each event
REPLY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Watching:
    """What watches a function: alarms and metrics, each counted, a dashboard, traces."""

    alarms: int = 0
    metrics: int = 0
    dashboard: bool = False
    tracing: bool = False


@dataclass(frozen=True, slots=True)
class EstimatedFunction:
    """A function as far as load and cost depend on it."""

    name: str
    architecture: Architecture
    memory: int  # MiB
    api: Api
    setup: Setup = field(default_factory=Setup)
    watching: Watching = field(default_factory=Watching)
    parameters: bool = False  # some of it are parameters of SSM
    secrets: int = 0
    defers: bool = False  # its deferred requests are a worker's, which is another function
    log_bytes: int = LOG_BYTES  # of one request
    reply_bytes: int = REPLY_BYTES

    @property
    def logged_bytes(self) -> int:
        """What a request logs, with the line of its metrics."""
        return self.log_bytes + (_METRIC_BYTES if self.watching.metrics else 0)


def estimated_function(plan: FunctionPlan) -> EstimatedFunction:
    """Return what the configuration says of a function."""
    options = plan.options
    sources = aws_sources(plan)
    return EstimatedFunction(
        name=plan.logical_id,
        architecture=options.architecture,
        memory=options.memory,
        api=options.api,
        setup=Setup(
            options.provisioned_concurrency,
            options.snapstart,
            float(options.settings_ttl) if sources else None,
        ),
        watching=Watching(
            alarms=len(alarm_kinds(plan)) + (len(kinds(plan)) if options.deferred else 0),
            metrics=_METRICS + len(plan.group.endpoints) if options.metrics else 0,
            dashboard=options.dashboard,
            tracing=options.tracing,
        ),
        defers=bool(options.deferred),
        parameters=any(isinstance(each, SsmSource) for each in sources),
        secrets=len({each.name for each in sources if isinstance(each, SecretSource)}),
    )
