"""Names the resources, parameters and outputs of a template, so that no two agree."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from packager.dataclass import dataclass
from packager.model.events import QueueEvent, TopicEvent
from packager.plugin.functions import FunctionPlan, pascal_case
from packager.sam.document import Intrinsic, sub

_EVENT_SUFFIXES = {
    "sqs": "Queue",
    "sns": "Topic",
    "eventbridge": "Rule",
    "schedule": "Schedule",
    "any": "Event",
}
# Half of what API Gateway takes; the other half is for the stack's name (CreateApi, Name).
_MAX_API_NAME = 64
_MAX_WORD = 100  # characters of a path in a name: logical ids have at most 255


DASHBOARD = "OperationsDashboard"  # of the stack


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """The logical ids of one function's resources, all derived from the function's own."""

    function: str

    @property
    def base(self) -> str:
        """What the other names start with: `Neko` of `NekoFunction`."""
        return self.function.removesuffix("Function") or self.function

    @property
    def api(self) -> str:
        """The API in front of the function (none for a function URL)."""
        return f"{self.base}Api"

    @property
    def role(self) -> str:
        """The function's role."""
        return f"{self.base}Role"

    @property
    def log_group(self) -> str:
        """The function's log group."""
        return f"{self.base}LogGroup"

    @property
    def endpoints(self) -> str:
        """What keeps the function's endpoints, if they are managed."""
        return f"{self.function}Endpoints"

    @property
    def endpoints_key(self) -> str:
        """What their secrets are sealed with."""
        return f"{self.function}EndpointsKey"

    @property
    def failed_events(self) -> str:
        """The queue of events that could not be delivered, or that the function failed at."""
        return f"{self.base}FailedEventsQueue"

    @property
    def failed_events_policy(self) -> str:
        """What lets SNS and EventBridge send to that queue."""
        return f"{self.base}FailedEventsQueuePolicy"

    @property
    def schedule_role(self) -> str:
        """What EventBridge Scheduler calls the function with."""
        return f"{self.base}ScheduleRole"

    @property
    def worker(self) -> str:
        """The function that works off deferred requests."""
        return f"{self.function}Worker"

    @property
    def worker_role(self) -> str:
        """The worker's role."""
        return f"{self.base}WorkerRole"

    @property
    def worker_log_group(self) -> str:
        """The worker's log group."""
        return f"{self.base}WorkerLogGroup"

    @property
    def renewer(self) -> str:
        """The function that renews subscriptions."""
        return f"{self.function}Renewer"

    @property
    def renewer_role(self) -> str:
        """The renewer's role."""
        return f"{self.base}RenewerRole"

    @property
    def renewer_log_group(self) -> str:
        """The renewer's log group."""
        return f"{self.base}RenewerLogGroup"

    def deferred_queue(self, ordered: bool) -> str:
        """The queue of deferred requests, the FIFO one if `ordered`."""
        return f"{self.base}{'Ordered' if ordered else 'Deferred'}Queue"

    def deferred_dead_queue(self, ordered: bool) -> str:
        """Its dead-letter queue."""
        return dead_letter_name(self.deferred_queue(ordered))

    def deferred_alarm(self, ordered: bool) -> str:
        """What is raised while there is anything in that."""
        return f"{self.base}{'Ordered' if ordered else 'Deferred'}Alarm"

    @property
    def deferred_table(self) -> str:
        """What keeps who works on which delivery."""
        return f"{self.base}DeferredTable"

    @property
    def deferred_bucket(self) -> str:
        """Where requests are that no message can hold."""
        return f"{self.base}DeferredBucket"

    @property
    def alarm_topic(self) -> str:
        """Where the function's alarms go."""
        return f"{self.base}AlarmsTopic"

    def alarm(self, kind: str) -> str:
        """One of the function's alarms: `NekoErrorsAlarm`."""
        return f"{self.base}{kind}Alarm"

    @property
    def url(self) -> str:
        """The function URL, as SAM names it (FunctionUrlConfig)."""
        return f"{self.function}Url"


def unique_name(wanted: str, taken: Collection[str]) -> str:
    """Return `wanted`, with the first number that makes it differ from all of `taken`."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name


def parameter_names(plans: Sequence[FunctionPlan]) -> dict[str, str]:
    """Return the template parameter of each environment variable that a setting comes from."""
    # Parameters and resources share one name space (CloudFormation, "Parameters").
    taken: set[str] = {DASHBOARD}
    for plan in plans:
        taken |= resource_names(plan)
    variables = {name for plan in plans for name in plan.options.variables}
    found = {}
    for variable in sorted(variables):
        found[variable] = unique_name(_parameter_name(variable), taken)
        taken.add(found[variable])
    return found


def event_names(plan: FunctionPlan) -> tuple[str, ...]:
    """Return each of the function's events a name: `JobsQueue`, `AlertsTopic`, `RootSchedule`.

    A queue or topic that the template makes is named so after the function's base (and its
    dead-letter queue `...JobsDeadLetterQueue`); `On...` is its key in SAM's `Events`, since no
    method is called On.
    """
    names: list[str] = []
    taken = {"FailedEventsQueue"}
    if plan.options.deferred:
        base = ResourceNames("")
        for ordered in (False, True):
            taken |= {base.deferred_queue(ordered), base.deferred_dead_queue(ordered)}
    for event in plan.options.events:
        word = pascal_case(event.path)[:_MAX_WORD] or "Root"
        number = 1
        while True:
            numbered = word if number == 1 else f"{word}{number}"
            own = {numbered + _EVENT_SUFFIXES[event.source]}
            if isinstance(event, QueueEvent):
                own.add(dead_letter_name(numbered))
            if not own & taken:
                break
            number += 1
        taken |= own
        names.append(numbered + _EVENT_SUFFIXES[event.source])
    return tuple(names)


def api_name(names: ResourceNames) -> Intrinsic:
    """Return what a function's API is called; without a name each of a stack has the stack's."""
    return sub(f"${{AWS::StackName}}-{names.base[:_MAX_API_NAME]}")


def dead_letter_name(name: str) -> str:
    """Return the name of a queue's dead-letter queue: `JobsDeadLetterQueue` of `JobsQueue`."""
    return name.removesuffix("Queue") + "DeadLetterQueue"


def resource_names(plan: FunctionPlan) -> frozenset[str]:
    """Return the logical ids of all that the template has for a function."""
    names = ResourceNames(plan.logical_id)
    found = {names.function, names.api, names.role, names.log_group, names.url}
    events = plan.options.events
    for event, name in zip(events, event_names(plan), strict=True):
        if isinstance(event, QueueEvent | TopicEvent):
            found.add(names.base + name)
        if isinstance(event, QueueEvent):
            found.add(names.base + dead_letter_name(name))
    if events:
        found |= {names.failed_events, names.failed_events_policy, names.schedule_role}
    if makes_storage(plan):
        found.add(storage_name(plan))
    if plan.options.deferred:
        found |= {names.worker, names.worker_role, names.worker_log_group}
        found |= {names.deferred_table, names.deferred_bucket}
        for ordered in (False, True):
            found |= {names.deferred_queue(ordered), names.deferred_dead_queue(ordered)}
            found.add(names.deferred_alarm(ordered))
    if plan.options.alarms:
        found.add(names.alarm_topic)
    if plan.options.is_managed:
        found |= {names.endpoints, names.endpoints_key}
    if plan.group.provider is not None:
        found |= {names.renewer, names.renewer_role, names.renewer_log_group}
    return frozenset(found)


def makes_storage(plan: FunctionPlan) -> bool:
    """Return whether the template has a table or a bucket for the storage of the plan's plugin."""
    named = plan.storage == "s3" and plan.options.storage_bucket
    return plan.storage in ("dynamodb", "s3") and not named


def storage_name(plan: FunctionPlan) -> str:
    """Return the logical id of the plugin's table or bucket, which its functions share."""
    kind = "Table" if plan.storage == "dynamodb" else "Bucket"
    return f"{pascal_case(plan.plugin.name)}Storage{kind}"


def route_name(method: str, path: str) -> str:
    """Return a method and a path as one name: `GetDuckAppId`, `PostRoot`."""
    return method.capitalize() + (pascal_case(path) or "Root")


def _parameter_name(variable: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", variable)
    return pascal_case(" ".join(word.lower() if word.isupper() else word for word in words))
